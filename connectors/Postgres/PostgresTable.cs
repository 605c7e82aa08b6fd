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

    /// <summary>server_version_num of the source.</summary>
    public int ServerVersion { get; init; }

    /// <summary>What all of the definition comes to; another one means that the table was altered or made anew.</summary>
    public string Identity { get; init; } = "";

    /// <summary>What the labels of its columns' enums come to; null without such a column.</summary>
    public string? Labels { get; init; }

    /// <summary>The database holds text as Unicode, as far as columns of it are known.</summary>
    public bool IsUnicode => Columns.All(column => column.Collation is null or { IsUnicode: true });

    public RemoteColumn? Find(string column)
    {
        foreach (var candidate in Columns)
            if (candidate.Name == column)
                return candidate;
        return null;
    }
}

/// <summary>A table with the filters and the limit that were pushed into it.</summary>
internal sealed record PostgresTableHandle(PostgresTable Table, EquatableArray<ConnectorExpression> Filters = default, long? Limit = null)
    : ITableHandle
{
    /// <summary>FROM ONLY: without the rows of child tables.</summary>
    public bool IsOnly { get; init; }

    /// <summary>The exported snapshot that is read; null for the newest state.</summary>
    public string? Snapshot { get; init; }

    public string From =>
        $"{(IsOnly ? "ONLY " : "")}{PostgresDialect.Instance.Identifier(Table.Schema)}.{PostgresDialect.Instance.Identifier(Table.Name)}";
}

/// <summary>A query that the source runs as a whole.</summary>
/// <param name="Tables">Those it reads.</param>
internal sealed record PostgresQueryHandle(RelationalTree Tree, EquatableArray<PostgresTable> Tables) : ITableHandle
{
    /// <summary>The exported snapshot that is read; null for the newest state.</summary>
    public string? Snapshot { get; init; }
}
