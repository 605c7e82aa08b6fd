using Federation.Core.Security;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>Who may do what, for the functions that ask (has_table_privilege and its kin), and the access lists that the catalogs show.</summary>
internal static class AccessRows
{
    public static IEnumerable<Row> RoleNames(SystemState state) => state.Roles.Select(role => role.Name).Concat(state.Owners).Distinct(StringComparer.Ordinal)
        .Select(name => new Row { ["oid"] = state.OidOf(name), ["name"] = name });

    public static IEnumerable<Row> RoleRights(SystemState state) => state.Rights.Select(role => new Row
    {
        ["oid"] = (long)role.Oid.Value, ["name"] = role.Name, ["rights"] = Texts(role.Held), ["memberships"] = Texts(role.Memberships), ["administered"] = Texts(role.Administered),
    });

    public static IEnumerable<Row> Schemas(SystemState state) => SystemRows.AllSchemas(state).Select(schema => Access(schema.Oid, schema.Name, schema.Owner, schema.Grants));

    public static IEnumerable<Row> Databases(SystemState state) => SystemRows.DatabaseOids(state).Select(database => Access(
        new Oid((uint)database.Value), database.Key, SystemState.DefaultOwner, [OfEverybody("Tc", SystemState.DefaultOwner), .. database.Key == state.Databases[0] ? state.DatabaseGrants : []]));

    public static IEnumerable<Row> Servers(SystemState state) => state.Servers.Select(server => Access(server.Oid, server.Name, server.Owner, server.Grants ?? []));

    public static IEnumerable<Row> Wrappers(SystemState state) =>
        state.Wrappers.Select(wrapper => Access(StableOids.OfWrapper(wrapper), wrapper, SystemState.DefaultOwner, state.WrapperGrants.GetValueOrDefault(wrapper) ?? []));

    public static IEnumerable<Row> Relations(SystemState state) => state.Relations.Select(relation => Access(relation.Oid, relation.Name, relation.Owner, relation.Grants))
        .Concat(SystemSchema.Relations.Select(relation => Access(
            relation.Oid, relation.Name, SystemState.DefaultOwner, SystemTables.IsForSuperusers(relation.Name) ? [] : [OfEverybody("r", SystemState.DefaultOwner)])));

    /// <summary>information_schema.table_privileges: what the owner has, then what was granted.</summary>
    public static IEnumerable<Row> TablePrivileges(SystemState state) =>
        from relation in SystemRows.UserTables(state)
        where relation is { IsTable: true, Kind: not 'm' }
        from item in relation.Grants.Prepend(new AclItem(relation.Owner, TableLetters, relation.Owner))
        from privilege in s_tablePrivileges
        where item.Has(privilege.Letter, mayGrant: false)
        select new Row
        {
            ["grantor"] = item.Grantor, ["grantee"] = item.Grantee.Length == 0 ? "PUBLIC" : item.Grantee, ["table_catalog"] = state.Database, ["table_schema"] = relation.Schema, ["table_name"] = relation.Name,
            ["privilege_type"] = privilege.Name, ["is_grantable"] = item.Grantee == relation.Owner || item.Has(privilege.Letter, mayGrant: true) ? "YES" : "NO",
            ["with_hierarchy"] = privilege.Letter == 'r' ? "YES" : "NO",
        };

    private const string TableLetters = "arwdDxt";

    private static readonly (char Letter, string Name)[] s_tablePrivileges =
        [('a', "INSERT"), ('r', "SELECT"), ('w', "UPDATE"), ('d', "DELETE"), ('D', "TRUNCATE"), ('x', "REFERENCES"), ('t', "TRIGGER")];

    /// <summary>An access list as a catalog shows it: what the owner has, then what was granted.</summary>
    public static PgArray List(string owner, string privileges, IEnumerable<AclItem> grants) => Texts([new AclItem(owner, privileges, owner).ToString(), .. grants.Select(grant => grant.ToString())]);

    public static AclItem OfEverybody(string privileges, string owner) => new("", privileges, owner);

    private static Row Access(Oid oid, string name, string owner, IEnumerable<AclItem> grants) =>
        new() { ["oid"] = (long)oid.Value, ["name"] = name, ["access"] = Texts([owner, .. grants.Select(grant => grant.ToString())]) };

    private static PgArray Texts(IEnumerable<string> texts) => PgArray.Vector([.. texts]);
}
