using System.Globalization;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Values;
using Federation.Plan;
using Federation.Planner.Binding;
using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Session.Catalogs;

/// <summary>Sequences as queries read them: a row of their state, which is read when the query is bound.</summary>
internal static class SequenceTables
{
    public static EquatableArray<ConnectorColumn> Columns { get; } =
    [
        new("last_value", SqlType.Int8, IsNullable: false) { Number = 1 },
        new("log_cnt", SqlType.Int8, IsNullable: false) { Number = 2 },
        new("is_called", SqlType.Bool, IsNullable: false) { Number = 3 },
    ];

    public static async ValueTask<ResolvedTable> LoadAsync(SessionServices services, SequenceEntry sequence,
        CancellationToken cancellationToken)
    {
        var position = await services.Transactions.Catalog.Sequences.FindAsync(sequence, cancellationToken);
        var value = position.LastValue.ToString(CultureInfo.InvariantCulture);
        var text = $"SELECT '{value}'::bigint AS last_value, 0::bigint AS log_cnt, {(position.IsCalled ? "true" : "false")} AS is_called";
        var query = ((SelectStatement)SqlParser.Parse(text)[0].Statement).Query;
        var source = new TableSource(TableResolver.ManagedCatalog, sequence.Schema, sequence.Name, 1) { TableOid = sequence.Oid };
        return new ResolvedTable(source, SequenceHandle.Instance, Columns)
        {
            Provider = SequenceHandle.Instance, OwnsRows = false,
            // Its state moves without a new version of the catalog.
            FollowsFolder = true,
            View = new ResolvedView(query, _ => null, _ => null, new ValueContext(TextFormat.Default, default)),
        };
    }

    /// <summary>Nothing is read by it: the query stands for the name.</summary>
    private sealed class SequenceHandle : ITableHandle
    {
        public static readonly SequenceHandle Instance = new();
    }
}
