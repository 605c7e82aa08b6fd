using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>What the system tables show of tables and views of the managed catalog. Pure.</summary>
internal static class ManagedRelations
{
    /// <summary>A relation without rights, and without what only a look at the table tells.</summary>
    public static RelationState StateOf(RelationEntry entry) => entry switch
    {
        TableEntry table => new RelationState(table.Oid, table.Schema, table.Name, 'r', -1, [])
        {
            ColumnCount = 0,
            Owner = table.Owner,
            Defaults = table.Defaults,
            Details = RelationDetails.None with { Comment = table.Comment },
        },
        ViewEntry view => Described(new RelationState(view.Oid, view.Schema, view.Name, 'v', -1, ColumnsOf(view))
        {
            Owner = view.Owner,
            Definition = $" {view.Query};",
            PrettyDefinition = $" {view.Query};",
            Flags = RelationFlags.HasRules,
        }, view),
        _ => throw new System.Diagnostics.UnreachableException(entry.GetType().Name),
    };

    /// <summary>A table, whose columns are known, with its comments.</summary>
    public static RelationState WithDetails(RelationState relation, TableEntry table) => Described(relation, table);

    public static EquatableArray<ConnectorColumn> ColumnsOf(ViewEntry view) => view.Columns
        .Select(column => new ConnectorColumn(column.Name, SqlType.FromOid(new Oid(column.Type), column.Modifier) ?? SqlType.Text))
        .ToEquatableArray();

    private static RelationState Described(RelationState relation, RelationEntry entry) => relation with
    {
        Details = relation.Details with
        {
            Comment = entry.Comment,
            Columns = [.. relation.Columns.Select((column, i) => new ColumnDetails(column.Number > 0 ? column.Number : (short)(i + 1))
            {
                Comment = entry.ColumnComments.FirstOrDefault(item => item.Key == column.Name).Value,
            }).Where(column => column.Comment is not null)],
        },
    };
}
