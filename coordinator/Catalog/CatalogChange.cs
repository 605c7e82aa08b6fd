using Federation.Connectors.Spi;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>One change of a transaction, as the statement meant it; <see cref="CatalogRules"/> says what it does to a catalog.</summary>
public abstract record CatalogChange
{
    private CatalogChange() { }

    /// <summary>Adds an object, whose OID is reserved already.</summary>
    public sealed record Create(CatalogObject Object) : CatalogChange;

    /// <summary>
    /// Replaces the state of an object that was seen by another. 40001 when another transaction has changed the object since:
    /// <see cref="CatalogObject.ChangedAt"/> says which state was seen.
    /// </summary>
    public sealed record Alter(CatalogObject Object) : CatalogChange;

    /// <summary>Removes an object. 2BP01 when others depend on it, unless <paramref name="Cascade"/> takes them with it.</summary>
    public sealed record Drop(CatalogKey Key, bool Cascade = false) : CatalogChange;

    /// <summary>
    /// Moves a table on to the state that an update makes of whatever state is current: changes of one table by two transactions follow
    /// each other if the table's format lets them. 40001 when it does not.
    /// </summary>
    public sealed record UpdateTable(CatalogKey Key, Oid Oid, ITableUpdate Update) : CatalogChange;

    /// <summary>
    /// Changes what a relation is called and what is said of it, not the state of its rows, so that changes of rows by other transactions
    /// do not matter. 40001 when another transaction has changed the same of it.
    /// </summary>
    /// <param name="Before">The relation as it was seen.</param>
    public sealed record Redefine(RelationEntry Before, RelationEntry After) : CatalogChange
    {
        /// <summary>The views that read the relation, which must be all, and what becomes of them.</summary>
        public IReadOnlyList<Redefine> Views { get; init; } = [];
    }

    /// <summary>Gives a role another name, here and wherever it is an owner, a member or a grantee.</summary>
    public sealed record RenameRole(string Name, string NewName) : CatalogChange;
}
