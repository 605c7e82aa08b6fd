using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Lakehouse.Pruning;

internal enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>
/// A conjunct in the form that statistics can answer: negation is pushed to the leaves, and what statistics say nothing about is <see
/// cref="Anything"/>. A predicate is asked whether it may be true for some row; NULL counts as not true.
/// </summary>
internal abstract record Predicate
{
    private Predicate() { }

    /// <summary>May be true.</summary>
    internal sealed record Anything : Predicate;

    /// <summary>Is never true.</summary>
    internal sealed record Nothing : Predicate;

    internal sealed record All(EquatableArray<Predicate> Parts) : Predicate;

    internal sealed record Any(EquatableArray<Predicate> Parts) : Predicate;

    /// <param name="Value">Never NULL; of a type that compares with the column's.</param>
    /// <param name="Type">The constant's type.</param>
    internal sealed record Compare(string Column, Comparison Operator, object Value, SqlType Type) : Predicate;

    /// <summary>The text begins with <paramref name="Prefix"/>, which is not empty.</summary>
    internal sealed record StartsWith(string Column, string Prefix) : Predicate;

    internal sealed record IsNull(string Column) : Predicate;

    internal sealed record IsNotNull(string Column) : Predicate;
}
