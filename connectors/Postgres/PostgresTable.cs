using Federation.Connectors.RemoteSql;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Postgres;

/// <summary>What the source's catalog says about a relation.</summary>
/// <param name="EstimatedRows">Negative when unknown.</param>
internal sealed record PostgresTable(string Schema, string Name, EquatableArray<RemoteColumn> Columns, long EstimatedRows)
{
    /// <summary>pg_class.relkind.</summary>
    public char Kind { get; init; } = 'r';

    public bool HasChildren { get; init; }

    /// <summary>What all of the definition comes to; another one means that the table was altered or made anew.</summary>
    public string Identity { get; init; } = "";

    public RemoteColumn? Find(string column)
    {
        foreach (var candidate in Columns)
            if (candidate.Name == column)
                return candidate;
        return null;
    }
}

/// <summary>A table with the filters (SQL of the source) and the limit that were pushed into it.</summary>
internal sealed record PostgresTableHandle(PostgresTable Table, EquatableArray<RemoteCondition> Filters = default, long? Limit = null) : ITableHandle
{
    /// <summary>FROM ONLY: without the rows of child tables.</summary>
    public bool IsOnly { get; init; }
}
