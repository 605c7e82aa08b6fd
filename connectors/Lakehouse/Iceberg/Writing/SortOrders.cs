using System.Text.Json.Nodes;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>Sort orders as metadata holds them (spec, "Sorting"). Order 0 is none.</summary>
internal static class SortOrders
{
    public static JsonArray Fields(EquatableArray<TableOrder> terms, IReadOnlyList<IcebergField> columns) => new([.. terms.Select(order =>
    {
        var term = LayoutTerm.Make(columns, order.Term);
        return term.Transform.Kind == TransformKind.Void
            ? throw new SqlException(SqlState.InvalidTableDefinition, "rows cannot be sorted by transform void")
            : (JsonNode)new JsonObject
            {
                ["transform"] = term.Text,
                ["source-id"] = term.Source.Id,
                ["direction"] = order.IsDescending ? "desc" : "asc",
                ["null-order"] = order.IsNullsFirst ? "nulls-first" : "nulls-last",
            };
    })]);

    /// <summary>The orders of a new table, and which of them is for its files.</summary>
    public static (JsonArray Orders, int DefaultId) Of(EquatableArray<TableOrder> terms, IReadOnlyList<IcebergField> columns)
    {
        var orders = new JsonArray(Order(0, []));
        if (terms.Count > 0) orders.Add(Order(1, Fields(terms, columns)));
        return (orders, orders.Count - 1);
    }

    /// <summary>Makes an order that of new files; one that was there before is used again.</summary>
    public static MetadataUpdate Update(MetadataDocument document, EquatableArray<TableOrder> terms, IReadOnlyList<IcebergField> columns)
    {
        var fields = Fields(terms, columns);
        var orders = document.Array("sort-orders").OfType<JsonObject>().ToArray();
        if (terms.Count == 0) return new MetadataUpdate.SetSortOrder(Order(0, []));
        var known = orders.FirstOrDefault(order => JsonNode.DeepEquals(order["fields"], fields));
        return new MetadataUpdate.SetSortOrder(known?.DeepClone() as JsonObject
            ?? Order(orders.Select(order => (int)order["order-id"]!).Append(0).Max() + 1, fields));
    }

    private static JsonObject Order(int id, JsonArray fields) => new() { ["order-id"] = id, ["fields"] = fields };
}
