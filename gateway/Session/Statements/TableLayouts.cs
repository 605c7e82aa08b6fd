using System.Globalization;
using Federation.Connectors.Spi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>PARTITIONED BY and SORTED BY in the words of table formats.</summary>
internal static class TableLayouts
{
    public static EquatableArray<TableTransform> Transforms(EquatableArray<TransformTerm> terms) =>
        terms.Select(Transform).ToEquatableArray();

    public static EquatableArray<TableOrder> Order(EquatableArray<SortTerm> terms) =>
        terms.Select(term => new TableOrder(Transform(term.Term), term.IsDescending, term.IsNullsFirst)).ToEquatableArray();

    public static TableTransform Transform(TransformTerm term) => new(term.Column, term.Argument is { } argument
        ? string.Create(CultureInfo.InvariantCulture, $"{term.Transform}[{argument}]")
        : term.Transform);

    /// <summary>What ALTER TABLE changes; none for an action that is about something else.</summary>
    public static IEnumerable<ColumnChange> ChangesOf(TableAction action) => action switch
    {
        TableAction.SetPartitioning set => [new ColumnChange.SetPartitioning(Transforms(set.Terms))],
        TableAction.AddPartitionField add => [new ColumnChange.AddPartitionField(Transform(add.Term), add.Name)],
        TableAction.DropPartitionField drop => [new ColumnChange.DropPartitionField(Transform(drop.Term))],
        TableAction.ReplacePartitionField replace =>
        [
            new ColumnChange.DropPartitionField(Transform(replace.Old)),
            new ColumnChange.AddPartitionField(Transform(replace.Term), replace.Name),
        ],
        TableAction.SetOrder order => [new ColumnChange.SetOrder(Order(order.Terms))],
        _ => [],
    };
}
