namespace Federation.Connectors.Postgres;

/// <summary>A scan, and its statement as it was written last for what its tables are. Thread-safe.</summary>
internal sealed class GuardedScan(PostgresScan scan)
{
    private volatile Written? _written;
    private string? _shown;

    public PostgresScan Scan => scan;

    /// <summary>The query for people.</summary>
    public string Shown => _shown ??= DefinitionGuard.Hide(scan.Sql);

    /// <summary>Whether the statement was written last for these same tables, whose columns were compared then.</summary>
    public bool IsWrittenFor(PostgresTable[] tables) => _written is { } written && IsSame(written.Tables, tables);

    /// <summary>The scan's statement, guarded by the definitions of its tables.</summary>
    public string Statement(PostgresTable[] tables)
    {
        if (_written is not { } written || !IsSame(written.Tables, tables))
            _written = written = new Written(tables, DefinitionGuard.Apply(scan.Statement!, tables));
        return written.Statement;
    }

    private static bool IsSame(PostgresTable[] left, PostgresTable[] right)
    {
        for (var i = 0; i < left.Length; i++)
            if (!ReferenceEquals(left[i], right[i]))
                return false;
        return true;
    }

    private sealed record Written(PostgresTable[] Tables, string Statement);
}
