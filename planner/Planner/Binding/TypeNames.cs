using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Type names outside of expressions.</summary>
public static class TypeNames
{
    /// <summary>The type that a name means. Raises 42704.</summary>
    public static SqlType Bind(TypeName name) => Binder.BindType(name, _ => null);

    /// <summary>The same where the name may mean a type of an attached server, which has been looked up.</summary>
    public static SqlType Bind(TypeName name, PgType? source) => Binder.BindType(name, _ => source);

    /// <summary>Whether a name means a type of PostgreSQL's own; others belong to attached servers, or do not exist.</summary>
    public static bool IsKnown(QualifiedName name) => Binder.IsCatalogType(name);
}
