using System.Text.Json.Serialization;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>Stores keep the numbers.</summary>
public enum ConstraintKind
{
    Check,
    PrimaryKey,
    Unique,

    /// <summary>Declared and shown; nobody enforces it.</summary>
    ForeignKey,

    /// <summary>An index that is not unique: no constraint, but it has a name and columns as one.</summary>
    Index,
}

/// <summary>A constraint of a table, besides NOT NULL. Who writes rows into the table has to enforce it.</summary>
/// <param name="Columns">The columns of a key, in order, or those that a check names.</param>
public sealed record TableConstraint(string Name, ConstraintKind Kind, EquatableArray<string> Columns)
{
    /// <summary>The condition of a check as SQL text over the table's columns.</summary>
    public string? Condition { get; init; }

    /// <summary>Set for indexes that were made by themselves; null for those of keys.</summary>
    public IndexShape? Index { get; init; }

    /// <summary>Whether an index is shown for it.</summary>
    [JsonIgnore]
    public bool HasIndex => Kind is ConstraintKind.PrimaryKey or ConstraintKind.Unique or ConstraintKind.Index;

    /// <summary>Whether it goes with a column.</summary>
    public bool Mentions(string column) => Columns.Contains(column) || Index?.Included.Contains(column) == true;

    /// <summary>Set for foreign keys.</summary>
    public ForeignKeyTarget? Target { get; init; }

    /// <summary>False for NOT VALID: rows that were there may break it.</summary>
    public bool IsValidated { get; init; } = true;
}

/// <summary>What a foreign key refers to. Actions are the letters of pg_constraint.</summary>
/// <param name="Table">None for the table that has the key itself.</param>
/// <param name="Key">The name of the primary key or unique constraint.</param>
public sealed record ForeignKeyTarget(Oid Table, EquatableArray<string> Columns, string Key, char Match, char OnUpdate, char OnDelete)
{
    /// <summary>The columns of ON DELETE SET NULL or SET DEFAULT (columns); none for all.</summary>
    public EquatableArray<string> SetColumns { get; init; }

    public bool IsDeferrable { get; init; }

    public bool IsDeferred { get; init; }

    public bool IsTo(TableEntry table, TableEntry owner) => Table == Oid.None ? owner.Oid == table.Oid : Table == table.Oid;
}

/// <summary>What CREATE INDEX says of an index.</summary>
/// <param name="Method">The access method.</param>
/// <param name="Options">pg_index.indoption.</param>
/// <param name="Included">INCLUDE</param>
public sealed record IndexShape(string Method, EquatableArray<short> Options, EquatableArray<string> Included);
