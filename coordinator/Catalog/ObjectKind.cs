namespace Federation.Catalog;

/// <summary>Values of objects.kind. Tables have their schema as parent, user mappings their server; access its kind of object; the rest has none.</summary>
internal static class ObjectKind
{
    public const string Schema = "schema";
    public const string Table = "table";
    public const string Server = "server";
    public const string UserMapping = "user mapping";
    public const string Role = "role";
    public const string Access = "access";
}
