using Federation.Core.Errors;

namespace Federation.Catalog;

/// <summary>What the rules and the stores know of one kind of objects.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="StoredName">Its name in stores; never changed.</param>
/// <param name="Noun">How errors and dependencies call such an object.</param>
/// <param name="Type">The record that holds it.</param>
internal sealed record KindDefinition(ObjectKind Kind, string StoredName, string Noun, Type Type)
{
    /// <summary>The kind that the parent in a key names; null when the parent is no object.</summary>
    public ObjectKind? Parent { get; init; }

    /// <summary>Kinds whose objects go with an object of this kind, with CASCADE only.</summary>
    public IReadOnlyList<ObjectKind> Children { get; init; } = [];

    /// <summary>The kind under which rights on such an object are kept; they go with the object.</summary>
    public AccessKind? Access { get; init; }

    public required SqlState Duplicate { get; init; }

    public required SqlState Missing { get; init; }
}

/// <summary>The kinds of objects, one row each: a new kind is a record, a row here and the statements that make it.</summary>
internal static class ObjectKinds
{
    private static readonly KindDefinition[] s_all =
    [
        new(ObjectKind.Schema, "schema", "schema", typeof(SchemaEntry))
        {
            Children = [ObjectKind.Table, ObjectKind.View, ObjectKind.Sequence], Access = AccessKind.Schema,
            Duplicate = SqlState.DuplicateSchema, Missing = SqlState.InvalidSchemaName,
        },
        new(ObjectKind.Table, "table", "table", typeof(TableEntry))
        {
            Parent = ObjectKind.Schema, Duplicate = SqlState.DuplicateTable, Missing = SqlState.UndefinedTable,
        },
        new(ObjectKind.Server, "server", "server", typeof(ServerEntry))
        {
            Children = [ObjectKind.UserMapping], Access = AccessKind.Server, Duplicate = SqlState.DuplicateObject,
            Missing = SqlState.UndefinedObject,
        },
        new(ObjectKind.UserMapping, "user mapping", "user mapping", typeof(UserMappingEntry))
        {
            Parent = ObjectKind.Server, Duplicate = SqlState.DuplicateObject, Missing = SqlState.UndefinedObject,
        },
        new(ObjectKind.Role, "role", "role", typeof(RoleEntry))
            { Duplicate = SqlState.DuplicateObject, Missing = SqlState.UndefinedObject },
        new(ObjectKind.Access, "access", "access", typeof(AccessEntry))
        {
            Duplicate = SqlState.TRSerializationFailure, Missing = SqlState.TRSerializationFailure,
        },
        new(ObjectKind.View, "view", "view", typeof(ViewEntry))
        {
            Parent = ObjectKind.Schema, Duplicate = SqlState.DuplicateTable, Missing = SqlState.UndefinedTable,
        },
        new(ObjectKind.Sequence, "sequence", "sequence", typeof(SequenceEntry))
        {
            Parent = ObjectKind.Schema, Duplicate = SqlState.DuplicateTable, Missing = SqlState.UndefinedTable,
        },
        new(ObjectKind.Tail, "tail", "tail", typeof(TailEntry))
        {
            Duplicate = SqlState.TRSerializationFailure, Missing = SqlState.TRSerializationFailure,
        },
    ];

    public static IReadOnlyList<KindDefinition> All => s_all;

    public static KindDefinition Of(ObjectKind kind) => s_all[(int)kind];

    /// <summary>Raises XX001 for a name that no kind has: the store was written by a later version.</summary>
    public static KindDefinition Named(string storedName) => Array.Find(s_all, kind => kind.StoredName == storedName)
        ?? throw new SqlException(SqlState.DataCorrupted, $"the catalog holds objects of unknown kind \"{storedName}\"");

    public static SqlException TakenError(CatalogKey key) => key.Kind switch
    {
        ObjectKind.Table or ObjectKind.View or ObjectKind.Sequence =>
            new SqlException(SqlState.DuplicateTable, $"relation \"{key.Name}\" already exists"),
        ObjectKind.UserMapping =>
            new SqlException(SqlState.DuplicateObject, $"user mapping for \"{key.Name}\" already exists for server \"{key.Parent}\""),
        ObjectKind.Access => ClashError(key),
        _ => new SqlException(Of(key.Kind).Duplicate, $"{Of(key.Kind).Noun} \"{key.Name}\" already exists"),
    };

    public static SqlException MissingError(CatalogKey key) => key.Kind switch
    {
        ObjectKind.Table or ObjectKind.View or ObjectKind.Sequence =>
            new SqlException(SqlState.UndefinedTable, $"{Of(key.Kind).Noun} \"{key.Parent}.{key.Name}\" does not exist"),
        ObjectKind.UserMapping =>
            new SqlException(SqlState.UndefinedObject, $"user mapping for \"{key.Name}\" does not exist for server \"{key.Parent}\""),
        ObjectKind.Access => ClashError(key),
        _ => new SqlException(Of(key.Kind).Missing, $"{Of(key.Kind).Noun} \"{key.Name}\" does not exist"),
    };

    /// <summary>Another transaction has changed what this one changes.</summary>
    public static SqlException ClashError(CatalogKey key) =>
        new(SqlState.TRSerializationFailure, "could not serialize access due to concurrent update")
    {
        Detail = $"\"{key.Name}\" was changed by another transaction.",
    };
}
