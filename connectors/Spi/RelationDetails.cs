using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Spi;

/// <summary>
/// What the catalog of a source says of one relation besides its columns. It is shown by the system catalogs alone; statements are not
/// planned by it. Definitions are SQL as the source prints it, once as pg_get_*def(oid) does and once as pg_get_*def(oid, true) does.
/// Immutable.
/// </summary>
public sealed record RelationDetails
{
    public static readonly RelationDetails None = new();

    public string? Comment { get; init; }

    /// <summary>The columns that have something to tell.</summary>
    public IReadOnlyList<ColumnDetails> Columns { get; init; } = [];

    public IReadOnlyList<IndexDetails> Indexes { get; init; } = [];

    public IReadOnlyList<ConstraintDetails> Constraints { get; init; } = [];

    public IReadOnlyList<TriggerDetails> Triggers { get; init; } = [];

    /// <summary>The tables it inherits from or is a partition of.</summary>
    public IReadOnlyList<RelationName> Parents { get; init; } = [];

    /// <summary>How a partitioned table is divided.</summary>
    public PartitionKey? Partitioning { get; init; }

    /// <summary>FOR VALUES … of a partition.</summary>
    public string? PartitionBound { get; init; }

    /// <summary>Set for sequences.</summary>
    public SequenceDetails? Sequence { get; init; }
}

/// <summary>The name of a relation in the source.</summary>
public sealed record RelationName(string Schema, string Name)
{
    /// <summary>The OID of a relation of the gateway; none for those of sources.</summary>
    public Oid Known { get; init; }
}

/// <param name="Number">pg_attribute.attnum.</param>
public sealed record ColumnDetails(short Number)
{
    /// <summary>The default, or the expression of a generated column.</summary>
    public string? Default { get; init; }

    public string? PrettyDefault { get; init; }

    /// <summary>pg_attribute.attidentity: a, d or empty.</summary>
    public string Identity { get; init; } = "";

    public string? Comment { get; init; }

    /// <summary>
    /// A collation other than that of the type, by PostgreSQL's own OID; zero for none, and for collations that users made.
    /// </summary>
    public uint Collation { get; init; }

    public int StatisticsTarget { get; init; } = -1;

    /// <summary>The sequence that the column owns: that of an identity or serial column.</summary>
    public RelationName? SequenceName { get; init; }

    public SequenceDetails? Sequence { get; init; }
}

/// <param name="Keys">pg_index.indkey; zero for an expression.</param>
/// <param name="Columns">The index's own columns.</param>
public sealed record IndexDetails(string Name, IReadOnlyList<short> Keys, IReadOnlyList<IndexColumn> Columns, string Definition,
    string PrettyDefinition)
{
    /// <summary>
    /// The access method by PostgreSQL's own OID; zero for one of an extension. So with the operator classes and the collations.
    /// </summary>
    public uint Method { get; init; }

    public bool IsUnique { get; init; }

    public bool IsPrimary { get; init; }

    public bool IsExclusion { get; init; }

    public bool IsImmediate { get; init; } = true;

    public bool IsClustered { get; init; }

    public bool IsValid { get; init; } = true;

    public bool IsReplicaIdentity { get; init; }

    public bool AreNullsEqual { get; init; }

    /// <summary>An index of a partitioned table.</summary>
    public bool IsPartitioned { get; init; }

    /// <summary>How many of the columns are keys; the others are included.</summary>
    public short KeyCount { get; init; }

    public IReadOnlyList<uint> Classes { get; init; } = [];

    public IReadOnlyList<uint> Collations { get; init; } = [];

    public IReadOnlyList<short> Options { get; init; } = [];

    public string? Expressions { get; init; }

    public string? PrettyExpressions { get; init; }

    public string? Predicate { get; init; }

    public string? PrettyPredicate { get; init; }

    public string? Comment { get; init; }

    /// <summary>The index of the partitioned table that it is a part of.</summary>
    public RelationName? Parent { get; init; }

    public float Rows { get; init; } = -1;

    public int Pages { get; init; }
}

/// <param name="Type">PostgreSQL's own OID of the type; zero for types of users.</param>
/// <param name="Definition">The column or expression as pg_get_indexdef(oid, number, false) prints it.</param>
public sealed record IndexColumn(string Name, uint Type, int Modifier, string Definition, string PrettyDefinition)
{
    /// <summary>The type's name if users made it.</summary>
    public RelationName? UserType { get; init; }
}

/// <param name="Kind">pg_constraint.contype.</param>
/// <param name="Columns">pg_constraint.conkey.</param>
public sealed record ConstraintDetails(string Name, char Kind, IReadOnlyList<short> Columns, string Definition, string PrettyDefinition)
{
    public bool IsDeferrable { get; init; }

    public bool IsDeferred { get; init; }

    public bool IsValidated { get; init; } = true;

    public bool IsLocal { get; init; } = true;

    public bool IsNotInherited { get; init; }

    public int InheritanceCount { get; init; }

    /// <summary>The table that a foreign key refers to, and its columns there.</summary>
    public RelationName? Referenced { get; init; }

    public IReadOnlyList<short> ReferencedColumns { get; init; } = [];

    /// <summary>Where each of them stands in the key that it belongs to.</summary>
    public IReadOnlyList<int> ReferencedPositions { get; init; } = [];

    /// <summary>The primary key or unique constraint that a foreign key refers to.</summary>
    public string? ReferencedConstraint { get; init; }

    public char UpdateAction { get; init; } = ' ';

    public char DeleteAction { get; init; } = ' ';

    public char MatchType { get; init; } = ' ';

    /// <summary>The index of a key; that of the referenced table for a foreign key.</summary>
    public RelationName? Index { get; init; }

    /// <summary>The table whose constraint of <see cref="ParentName"/> this is a part of.</summary>
    public RelationName? Parent { get; init; }

    public string? ParentName { get; init; }

    /// <summary>The condition of a check.</summary>
    public string? Condition { get; init; }

    public string? PrettyCondition { get; init; }

    public string? Comment { get; init; }
}

/// <param name="Type">pg_trigger.tgtype, whose bits are the events.</param>
public sealed record TriggerDetails(string Name, short Type, string Definition, string PrettyDefinition)
{
    public char Enabled { get; init; } = 'O';

    public IReadOnlyList<short> Columns { get; init; } = [];

    public bool IsDeferrable { get; init; }

    public bool IsDeferred { get; init; }

    public RelationName? Function { get; init; }

    public string? Condition { get; init; }

    public string? OldTable { get; init; }

    public string? NewTable { get; init; }

    public string? Comment { get; init; }
}

/// <param name="Strategy">pg_partitioned_table.partstrat.</param>
/// <param name="Columns">pg_partitioned_table.partattrs.</param>
/// <param name="Definition">As pg_get_partkeydef prints it.</param>
public sealed record PartitionKey(char Strategy, IReadOnlyList<short> Columns, string Definition)
{
    /// <summary>The partition of what fits no other.</summary>
    public RelationName? Default { get; init; }
}

/// <param name="Type">PostgreSQL's own OID of int2, int4 or int8.</param>
public sealed record SequenceDetails(uint Type, long Start, long Increment, long Minimum, long Maximum, long Cache, bool Cycles)
{
    /// <summary>Null before its first use, and for those who may not know it.</summary>
    public long? LastValue { get; init; }
}
