using Federation.Core;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>
/// What tables and sequences have to do with each other. A default names its sequence by OID, as <c>'16390'::regclass</c>, so that
/// renaming the sequence changes nothing for it.
/// </summary>
public static class SequenceRules
{
    /// <summary>How defaults name a sequence.</summary>
    public static string ReferenceTo(Oid sequence) => $"'{sequence.Value}'::regclass";

    public static bool Uses(string expression, Oid sequence) => expression.Contains(ReferenceTo(sequence), StringComparison.Ordinal);

    /// <summary>The sequences that go with a table.</summary>
    public static async ValueTask<IReadOnlyList<SequenceEntry>> OwnedAsync(ICatalogSnapshot catalog, TableEntry table,
        CancellationToken cancellationToken) => table.Sequences.Count == 0 ? [] :
    [
        .. (await catalog.ListSequencesAsync(table.Schema, cancellationToken))
            .Where(sequence => table.Sequences.Any(item => item.Sequence == sequence.Oid)),
    ];

    /// <summary>The tables with a default that needs a sequence, or with a column that it goes with.</summary>
    public static async ValueTask<IReadOnlyList<TableEntry>> UsersAsync(ICatalogSnapshot catalog, SequenceEntry sequence,
        CancellationToken cancellationToken)
    {
        var users = new List<TableEntry>();
        foreach (var schema in await catalog.ListSchemasAsync(cancellationToken))
        {
            users.AddRange((await catalog.ListTablesAsync(schema.Name, cancellationToken)).Where(table =>
                table.Sequences.Any(item => item.Sequence == sequence.Oid)
                || table.Defaults.Any(item => Uses(item.Value, sequence.Oid))));
        }

        return users;
    }

    /// <summary>Makes a sequence free to go. Raises 2BP01 for one that a default needs, unless CASCADE takes the default away.</summary>
    internal static async ValueTask<CatalogOverlay> ReleaseAsync(CatalogOverlay catalog, SequenceEntry sequence, bool isCascade,
        CancellationToken cancellationToken)
    {
        foreach (var table in await UsersAsync(catalog, sequence, cancellationToken))
        {
            var needing = table.Defaults.Where(item => Uses(item.Value, sequence.Oid)).Select(item => item.Key).ToArray();
            if (needing.Length > 0 && !isCascade)
                throw CatalogRules.StillNeeded(sequence.Key,
                    [.. needing.Select(column => $"default value for column {column} of table {table.Schema}.{table.Name}")]);
            catalog = catalog.With(table.Key, table with
            {
                Defaults = table.Defaults.Where(item => !needing.Contains(item.Key)).ToEquatableArray(),
                Sequences = table.Sequences.Where(item => item.Sequence != sequence.Oid).ToEquatableArray(),
            });
        }

        return catalog;
    }
}
