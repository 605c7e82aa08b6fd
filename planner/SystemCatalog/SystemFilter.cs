using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.SystemCatalog;

/// <summary>A scan of a system table, with what its filters leave.</summary>
public sealed record SystemTableHandle : ITableHandle
{
    internal SystemTableHandle(SystemRelation relation) => Relation = relation;

    internal SystemRelation Relation { get; init; }

    public string Schema => Relation.Schema;

    public string Table => Relation.Name;

    public SystemFilter Filter { get; init; } = SystemFilter.None;
}

/// <summary>
/// The schemas and relations that a scan can show rows of; null for any. Sources are asked for these alone. Rows of others may come all the
/// same: the engine applies the conditions again.
/// </summary>
public sealed record SystemFilter
{
    public static readonly SystemFilter None = new();

    public EquatableArray<string>? Schemas { get; init; }

    public EquatableArray<long>? SchemaOids { get; init; }

    public EquatableArray<string>? Relations { get; init; }

    public EquatableArray<long>? RelationOids { get; init; }

    public bool TakesSchema(string name, Oid oid) => Takes(Schemas, name) && Takes(SchemaOids, oid.Value);

    public bool TakesRelation(string name, Oid oid) => Takes(Relations, name) && Takes(RelationOids, oid.Value);

    private static bool Takes<T>(EquatableArray<T>? wanted, T value) => wanted is not { } values || values.Contains(value);
}
