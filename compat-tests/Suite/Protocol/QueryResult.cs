namespace Federation.CompatTests.Suite.Protocol;

/// <summary>A column as RowDescription announces it.</summary>
internal sealed record ColumnInfo(string Name, uint TypeOid, int Modifier);

/// <summary>An ErrorResponse; Position counts characters from 1, 0 when absent.</summary>
internal sealed record ServerError(string Code, string Message, int Position, string? Detail, string? Hint)
{
    public override string ToString() =>
        $"{Code} {Message}{(Position > 0 ? $" at {Position}" : "")}{(Detail is null ? "" : $" DETAIL: {Detail}")}";
}

/// <summary>What one query string gave: the rows of its last statement that returned any, and the first error.</summary>
internal sealed record QueryResult(IReadOnlyList<ColumnInfo> Columns, IReadOnlyList<string?[]> Rows, string Tag, ServerError? Error)
{
    /// <summary>The context of the error.</summary>
    public string? Context { get; init; }
}
