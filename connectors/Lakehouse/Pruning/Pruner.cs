namespace Federation.Connectors.Lakehouse.Pruning;

/// <summary>Answers predicates from ranges.</summary>
internal static class Pruner
{
    /// <param name="ranges">What is known of a column, in any number of ways; each must allow a match.</param>
    public static bool MayMatch(Predicate predicate, Func<string, IEnumerable<ColumnRange>> ranges) => predicate switch
    {
        Predicate.Anything => true,
        Predicate.Nothing => false,
        Predicate.All all => all.Parts.All(part => MayMatch(part, ranges)),
        Predicate.Any any => any.Parts.Any(part => MayMatch(part, ranges)),
        Predicate.Compare compare => ranges(compare.Column).All(range => range.MayMatch(compare)),
        Predicate.StartsWith prefix => ranges(prefix.Column).All(range => range.MayStartWith(prefix.Prefix)),
        Predicate.IsNull isNull => ranges(isNull.Column).All(range => range.MayHaveNull),
        Predicate.IsNotNull isNotNull => ranges(isNotNull.Column).All(range => range.MayHaveValue || range.MayHaveNaN),
        _ => throw new System.Diagnostics.UnreachableException(predicate.GetType().Name),
    };
}
