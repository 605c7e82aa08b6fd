namespace Federation.Connectors.Lakehouse.Pruning;

/// <summary>A function whose results the bounds of a range are about, for instance a partition transform.</summary>
internal interface IRangeFunction
{
    /// <summary>a &lt;= b implies f(a) &lt;= f(b).</summary>
    bool IsMonotone { get; }

    /// <summary>For text: f(s) is s or a prefix of it, of at most a fixed number of characters.</summary>
    bool IsPrefix { get; }

    /// <summary>The result for a constant of any comparable type; null when it cannot be said.</summary>
    object? Apply(object value, Core.Types.SqlType type);

    /// <summary>A greater result that some writers recorded in place of the right one; null when there is none.</summary>
    object? Misrecorded(object result);
}
