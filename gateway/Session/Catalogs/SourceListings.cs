using Federation.Catalog;
using Federation.Connectors.Spi;

namespace Federation.Session.Catalogs;

/// <summary>
/// What attached servers told one statement of their schemas and tables: each question is asked once. Used by one thread at a time.
/// </summary>
internal sealed class SourceListings(TableResolver resolver)
{
    private readonly Dictionary<string, Task<IReadOnlyList<string>>> _schemas = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Server, TableSelection Selection), Task<IReadOnlyList<DescribedTable>>> _tables = [];
    private readonly Dictionary<(string Server, TableSelection Selection),
        Task<IReadOnlyDictionary<RelationName, RelationDetails>>> _details = [];

    /// <summary>None for a server that has no tables.</summary>
    public async ValueTask<IReadOnlyList<string>> SchemasAsync(ServerEntry server, CancellationToken cancellationToken)
    {
        if (!_schemas.TryGetValue(server.Name, out var listing))
            _schemas[server.Name] = listing = ListSchemasAsync(server, cancellationToken).AsTask();
        return await listing;
    }

    public async ValueTask<IReadOnlyList<DescribedTable>> TablesAsync(ServerEntry server, TableSelection selection,
        CancellationToken cancellationToken)
    {
        if (!_tables.TryGetValue((server.Name, selection), out var listing))
            _tables[(server.Name, selection)] = listing = ListTablesAsync(server, selection, cancellationToken).AsTask();
        return await listing;
    }

    /// <summary>Keys, indexes and the like of the tables of a selection; none for a source that does not tell.</summary>
    public async ValueTask<IReadOnlyDictionary<RelationName, RelationDetails>> DetailsAsync(ServerEntry server, TableSelection selection,
        CancellationToken cancellationToken)
    {
        var key = (server.Name, selection with { WithColumns = false });
        if (!_details.TryGetValue(key, out var listing))
            _details[key] = listing = ListDetailsAsync(server, key.Item2, cancellationToken).AsTask();
        return await listing;
    }

    private async ValueTask<IReadOnlyDictionary<RelationName, RelationDetails>> ListDetailsAsync(ServerEntry server,
        TableSelection selection, CancellationToken cancellationToken)
    {
        var connector = await resolver.ConnectAsync(server, cancellationToken);
        return connector is IRelationDetails source
            ? await source.DescribeRelationsAsync(selection, cancellationToken)
            : new Dictionary<RelationName, RelationDetails>();
    }

    private async ValueTask<IReadOnlyList<string>> ListSchemasAsync(ServerEntry server, CancellationToken cancellationToken)
    {
        var connector = await resolver.ConnectAsync(server, cancellationToken);
        return connector is IConnectorMetadata metadata ? await metadata.ListSchemasAsync(cancellationToken) : [];
    }

    private async ValueTask<IReadOnlyList<DescribedTable>> ListTablesAsync(ServerEntry server, TableSelection selection,
        CancellationToken cancellationToken)
    {
        var connector = await resolver.ConnectAsync(server, cancellationToken);
        if (connector is IBulkMetadata bulk) return await bulk.DescribeTablesAsync(selection, cancellationToken);
        if (connector is not IConnectorMetadata metadata) return [];
        var described = new List<DescribedTable>();
        foreach (var schema in selection.Schemas ?? (await SchemasAsync(server, cancellationToken)).ToEquatableArray())
        {
            foreach (var listed in await metadata.ListTablesAsync(schema, cancellationToken))
            {
                if (selection.Tables is { } wanted && !wanted.Contains(listed.Name)) continue;
                if (await DescribeAsync(metadata, schema, listed, selection.WithColumns, cancellationToken) is { } table)
                    described.Add(table);
            }
        }

        return described;
    }

    /// <summary>Null for a table that was dropped since it was listed.</summary>
    private static async ValueTask<DescribedTable?> DescribeAsync(IConnectorMetadata metadata, string schema, ListedTable listed,
        bool withColumns, CancellationToken cancellationToken)
    {
        if (!withColumns) return new DescribedTable(schema, listed);
        try
        {
            return await metadata.FindTableAsync(schema, listed.Name, null, cancellationToken) is { } found
                ? new DescribedTable(schema, listed with { EstimatedRows = found.EstimatedRows }) { Columns = found.Columns }
                : null;
        }
        catch (SqlException error) when (error.State.Class is not ("57" or "08") && error.State != SqlState.InternalError)
        {
            return new DescribedTable(schema, listed) { Failure = error };
        }
    }
}
