using Federation.Core.Security;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>
/// Who may do what, for the functions that ask (has_table_privilege and its kin), and the access lists that the catalogs show.
/// </summary>
internal static class AccessRows
{
    public static IEnumerable<Row> RoleNames(SystemState state) =>
        state.Roles.Select(role => role.Name).Concat(state.Owners).Distinct(StringComparer.Ordinal)
        .Select(name => new Row { ["oid"] = state.OidOf(name), ["name"] = name });

    public static IEnumerable<Row> RoleRights(SystemState state) => state.Rights.Select(role => new Row
    {
        ["oid"] = (long)role.Oid.Value, ["name"] = role.Name, ["rights"] = Texts(role.Held), ["memberships"] = Texts(role.Memberships),
        ["administered"] = Texts(role.Administered),
    });

    public static IEnumerable<Row> Schemas(SystemState state) => SystemRows.AllSchemas(state)
        .Select(schema => schema.Access is { } access
            ? Access(schema.Oid, schema.Name, schema.Owner, access)
            : Access(schema.Oid, schema.Name, schema.Owner, schema.Grants));

    public static IEnumerable<Row> Databases(SystemState state) => SystemRows.DatabaseOids(state).Select(database => Access(
        new Oid((uint)database.Value), database.Key, SystemState.DefaultOwner,
        [OfEverybody("Tc", SystemState.DefaultOwner), .. database.Key == state.Databases[0] ? state.DatabaseGrants : []]));

    public static IEnumerable<Row> Servers(SystemState state) =>
        state.Servers.Select(server => Access(server.Oid, server.Name, server.Owner, server.Grants ?? []));

    public static IEnumerable<Row> Wrappers(SystemState state) =>
        state.Wrappers
            .Select(wrapper => Access(StableOids.OfWrapper(wrapper), wrapper, SystemState.DefaultOwner,
                state.WrapperGrants.GetValueOrDefault(wrapper) ?? []));

    public static IEnumerable<Row> Relations(SystemState state) => state.Relations
        .Select(relation => relation.Access is { } access ? Access(relation.Oid, relation.Name, relation.Owner, access)
            : Access(relation.Oid, relation.Name, relation.Owner, relation.Grants))
        .Concat(SystemSchema.Relations.Select(relation => Access(
            relation.Oid, relation.Name, SystemState.DefaultOwner,
            SystemTables.IsForSuperusers(relation.Name) ? [] : [OfEverybody("r", SystemState.DefaultOwner)])));

    /// <summary>What was granted on columns, by name.</summary>
    public static IEnumerable<Row> Columns(SystemState state) =>
        from relation in state.Relations
        from column in relation.Access?.Columns ?? new Dictionary<string, IReadOnlyList<AclItem>>()
        select new Row { ["oid"] = (long)relation.Oid.Value, ["name"] = column.Key,
            ["access"] = Texts(Granting(column.Value, relation.Owner)) };

    public static IEnumerable<Row> Defaults(SystemState state) => state.DefaultAccess.Select(item => new Row
    {
        ["oid"] = (long)item.Oid.Value, ["defaclrole"] = state.OidOf(item.Role), ["defaclnamespace"] = (long)item.Schema.Value,
        ["defaclobjtype"] = item.Type.ToString(), ["defaclacl"] = List(item.Items),
    });

    /// <summary>
    /// information_schema.column_privileges: what holds for the table holds for each column, and what was granted on columns.
    /// </summary>
    public static IEnumerable<Row> ColumnPrivileges(SystemState state) =>
        from relation in SystemRows.UserTables(state)
        where relation is { IsTable: true, Kind: not 'm' }
        from column in relation.Columns
        from row in (from item in ItemsOf(relation).Concat(relation.Access?.Columns.GetValueOrDefault(column.Name) ?? [])
                     from privilege in s_tablePrivileges
                     where privilege.Letter is 'a' or 'r' or 'w' or 'x' && item.Has(privilege.Letter, mayGrant: false)
                     select (item.Grantor, Grantee: GranteeOf(item), privilege.Name, MayGrant: MayGrant(item, relation, privilege.Letter)))
                         .GroupBy(row => (row.Grantor, row.Grantee, row.Name))
        select new Row
        {
            ["grantor"] = row.Key.Grantor, ["grantee"] = row.Key.Grantee, ["table_catalog"] = state.Database,
            ["table_schema"] = relation.Schema, ["table_name"] = relation.Name, ["column_name"] = column.Name,
            ["privilege_type"] = row.Key.Name, ["is_grantable"] = row.Any(item => item.MayGrant) ? "YES" : "NO",
        };

    private static IEnumerable<AclItem> ItemsOf(RelationState relation) =>
        relation.Access?.Items ?? relation.Grants.Prepend(new AclItem(relation.Owner, TableLetters, relation.Owner));

    private static string GranteeOf(AclItem item) => item.Grantee.Length == 0 ? "PUBLIC" : item.Grantee;

    private static bool MayGrant(AclItem item, RelationState relation, char letter) =>
        item.Grantee == relation.Owner || item.Has(letter, mayGrant: true);

    /// <summary>information_schema.table_privileges: what the owner has, then what was granted.</summary>
    public static IEnumerable<Row> TablePrivileges(SystemState state) =>
        from relation in SystemRows.UserTables(state)
        where relation is { IsTable: true, Kind: not 'm' }
        from item in ItemsOf(relation)
        from privilege in s_tablePrivileges
        where item.Has(privilege.Letter, mayGrant: false)
        select new Row
        {
            ["grantor"] = item.Grantor, ["grantee"] = GranteeOf(item), ["table_catalog"] = state.Database,
            ["table_schema"] = relation.Schema, ["table_name"] = relation.Name,
            ["privilege_type"] = privilege.Name, ["is_grantable"] = MayGrant(item, relation, privilege.Letter) ? "YES" : "NO",
            ["with_hierarchy"] = privilege.Letter == 'r' ? "YES" : "NO",
        };

    private const string TableLetters = "arwdDxt";

    private static readonly (char Letter, string Name)[] s_tablePrivileges =
        [('a', "INSERT"), ('r', "SELECT"), ('w', "UPDATE"), ('d', "DELETE"), ('D', "TRUNCATE"), ('x', "REFERENCES"), ('t', "TRIGGER")];

    /// <summary>An access list as a catalog shows it: what the owner has, then what was granted.</summary>
    public static PgArray List(string owner, string privileges, IEnumerable<AclItem> grants) =>
        Texts([new AclItem(owner, privileges, owner).ToString(), .. grants.Select(grant => grant.ToString())]);

    public static PgArray List(IEnumerable<AclItem> items) => Texts(items.Select(item => item.ToString()));

    /// <summary>NULL where nothing was granted or taken away.</summary>
    public static PgArray? Shown(AccessState access) => access.IsDefault ? null : List(access.Items);

    public static AclItem OfEverybody(string privileges, string owner) => new("", privileges, owner);

    private static Row Access(Oid oid, string name, string owner, IEnumerable<AclItem> grants) =>
        new() { ["oid"] = (long)oid.Value, ["name"] = name, ["access"] = Texts([owner, .. grants.Select(grant => grant.ToString())]) };

    /// <summary>The first item names an owner who has everything; here nobody does but by a grant.</summary>
    private static Row Access(Oid oid, string name, string owner, AccessState access) =>
        new() { ["oid"] = (long)oid.Value, ["name"] = name, ["access"] = Texts(["", .. Granting(access.Items, owner)]) };

    /// <summary>The items as texts, in which the owner may grant whatever it has.</summary>
    private static IEnumerable<string> Granting(IEnumerable<AclItem> items, string owner) => items
        .Select(item => item.Grantee == owner
            ? item with { Privileges = string.Concat(item.Privileges.Where(letter => letter != '*').Select(letter => $"{letter}*")) }
            : item).Select(item => item.ToString());

    private static PgArray Texts(IEnumerable<string> texts) => PgArray.Vector([.. texts]);
}
