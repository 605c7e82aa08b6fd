namespace Federation.Planner.Distribution;

/// <summary>An equality of a join, its sides in the order of the join's.</summary>
internal readonly record struct KeyPair(Expr Left, Expr Right, Call Condition)
{
    /// <summary>The equality of other operands of the same types.</summary>
    public Expr Of(Expr left, Expr right) => Condition.WithOperands([left, right]);
}

/// <summary>Which columns can place rows by hash: equal values, and only they, must be equal in the kernel's bytes.</summary>
internal static class PartitionKeys
{
    private static readonly HashSet<Storage> s_storages =
        [Storage.Boolean, Storage.Int16, Storage.Int32, Storage.Int64, Storage.Decimal, Storage.Text, Storage.Bytes, Storage.Date,
            Storage.Time, Storage.Timestamp, Storage.Uuid];

    /// <summary>
    /// Not numerics in text form and bpchar, whose equal values differ in digits and blanks, not floats (0 and -0), not json, not the types
    /// held as text whose text varies.
    /// </summary>
    public static bool CanHash(SqlType type) =>
        !type.IsArray && s_storages.Contains(type.Storage) && !Writing.KernelExpressionWriter.HasKey(type)
        && (type.Storage != Storage.Text || type.Category == 'S');

    /// <summary>
    /// The sides of an equality between two columns or expressions of the same kernel type, each over one side of a join.
    /// </summary>
    public static bool TryGetPair(Expr conjunct, IReadOnlySet<int> left, IReadOnlySet<int> right, out KeyPair pair)
    {
        pair = default;
        if (conjunct is not Call { Operator: "=", Arguments: [var first, var second] } condition || !CanHash(first.Type)
            || first.Type.KernelName != second.Type.KernelName) return false;
        HashSet<int> a = PlanColumns.Of(first), b = PlanColumns.Of(second);
        if (a.Count == 0 || b.Count == 0 || PlanRewriter.HasSubquery(first) || PlanRewriter.HasSubquery(second)) return false;
        if (a.IsSubsetOf(left) && b.IsSubsetOf(right)) pair = new KeyPair(first, second, condition);
        else if (a.IsSubsetOf(right) && b.IsSubsetOf(left)) pair = new KeyPair(second, first, condition);
        else return false;
        return true;
    }
}
