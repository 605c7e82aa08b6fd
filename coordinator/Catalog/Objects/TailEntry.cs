using System.Globalization;
using Federation.Connectors.Spi;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>
/// A part of a table's tail as stores keep it: each change writes its own part, and not the whole tail again. Snapshots show the parts
/// within the table's pointer alone.
/// </summary>
/// <param name="Oid">The table's.</param>
internal sealed record TailEntry(Oid Oid, TailRows? Rows, TailDeletes? Deletes) : CatalogObject(Oid)
{
    public static CatalogList ListOf(Oid table) => new(ObjectKind.Tail, table.Value.ToString(CultureInfo.InvariantCulture));

    protected override CatalogKey GetKey() => new(ObjectKind.Tail, ListOf(Oid).Parent,
        Rows is not null ? string.Create(CultureInfo.InvariantCulture, $"rows {Rows.Id:D19}") : $"deletes {Deletes!.File}");
}
