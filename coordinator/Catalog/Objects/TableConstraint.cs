using Federation.Core;

namespace Federation.Catalog;

/// <summary>Stores keep the numbers.</summary>
public enum ConstraintKind
{
    Check,
    PrimaryKey,
    Unique,
}

/// <summary>A constraint of a table, besides NOT NULL. Who writes rows into the table has to enforce it.</summary>
/// <param name="Columns">The columns of a key, in order, or those that a check names.</param>
public sealed record TableConstraint(string Name, ConstraintKind Kind, EquatableArray<string> Columns)
{
    /// <summary>The condition of a check as SQL text over the table's columns.</summary>
    public string? Condition { get; init; }

    /// <summary>False for NOT VALID: rows that were there may break it.</summary>
    public bool IsValidated { get; init; } = true;
}
