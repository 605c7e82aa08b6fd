using System.Text.Json.Serialization;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>What queries read by name in a schema: tables and views share their names and have the same rights.</summary>
public abstract record RelationEntry(Oid Oid, string Schema, string Name, string Owner) : CatalogObject(Oid)
{
    /// <summary>Only grants let others read it. False for tables of versions without such rights: everybody may read them.</summary>
    public bool IsClosed { get; init; }

    public string? Comment { get; init; }

    /// <summary>The comments on columns, by name.</summary>
    public EquatableArray<KeyValuePair<string, string>> ColumnComments { get; init; }

    [JsonIgnore]
    public AccessTarget AccessTarget => new(AccessKind.Table, Oid.Value.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>What statements say of the relation, without the state of its rows: equal for the same definition.</summary>
    internal abstract RelationEntry Definition { get; }
}

public sealed record TableEntry(Oid Oid, string Schema, string Name, string Owner, TablePointer Pointer)
    : RelationEntry(Oid, Schema, Name, Owner)
{
    /// <summary>Another engine has made the table, and may write to it: it is maintained when its owner asks for it, and not by itself.</summary>
    public bool IsRegistered { get; init; }

    /// <summary>The defaults of columns, by name, as SQL text.</summary>
    public EquatableArray<KeyValuePair<string, string>> Defaults { get; init; }

    public EquatableArray<TableConstraint> Constraints { get; init; }

    internal override RelationEntry Definition => this with { Pointer = new TablePointer("", "", ""), ChangedAt = 0 };

    protected override CatalogKey GetKey() => KeyOf(Schema, Name);

    public static CatalogKey KeyOf(string schema, string name) => new(ObjectKind.Table, schema, name);
}

/// <param name="Query">The query as SQL text, in which every relation stands with its schema, and its server if it has one.</param>
public sealed record ViewEntry(Oid Oid, string Schema, string Name, string Owner, string Query)
    : RelationEntry(Oid, Schema, Name, Owner)
{
    public EquatableArray<ViewColumn> Columns { get; init; }

    /// <summary>The columns are not called as those of the query.</summary>
    public bool NamesColumns { get; init; }

    /// <summary>The relations that the query names.</summary>
    public EquatableArray<ViewSource> Sources { get; init; }

    /// <summary>How the query's literals are read: the settings of the session that made the view.</summary>
    public EquatableArray<KeyValuePair<string, string>> Settings { get; init; }

    /// <summary>The microseconds of the timestamp at which it was made: what "now" and "today" in literals mean.</summary>
    public long MadeAt { get; init; }

    internal override RelationEntry Definition => this with { ChangedAt = 0 };

    protected override CatalogKey GetKey() => KeyOf(Schema, Name);

    public static CatalogKey KeyOf(string schema, string name) => new(ObjectKind.View, schema, name);
}

/// <param name="Type">The OID of the type.</param>
public sealed record ViewColumn(string Name, uint Type, int Modifier);

/// <summary>A relation that a view reads, as it was when the view was made.</summary>
/// <param name="Server">The attached server; empty for relations of this catalog.</param>
/// <param name="Relation">Its OID; none for relations of servers and of the system catalogs.</param>
/// <param name="Columns">The columns that the view sees, in order: those that are added later stay out of it.</param>
public sealed record ViewSource(string Server, string Schema, string Name, Oid Relation, EquatableArray<string> Columns)
{
    /// <summary>What the columns are called now, where some were renamed since; none where all are as they were.</summary>
    public EquatableArray<string> Present { get; init; }

    /// <summary>Those of them that the view cannot do without, by what they are called now.</summary>
    public EquatableArray<string> Used { get; init; }

    /// <summary>The same source after a column of its relation was renamed.</summary>
    public ViewSource Renamed(string name, string newName) => this with
    {
        Present = (Present.Count > 0 ? Present : Columns).Select(column => column == name ? newName : column).ToEquatableArray(),
        Used = Used.Select(column => column == name ? newName : column).ToEquatableArray(),
    };
}
