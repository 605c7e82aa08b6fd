using System.Globalization;
using Federation.Core.Errors;
using Federation.Core.Types;
using Microsoft.Data.Sqlite;

namespace Federation.Catalog;

/// <summary>Applies the changes of one commit within its database transaction.</summary>
internal sealed class CatalogWriter(SqliteConnection connection, long baseVersion, long version)
{
    public void Apply(CatalogChange change)
    {
        switch (change)
        {
            case CatalogChange.CreateSchema create:
                Insert(ObjectKind.Schema, "", create.Name, oid => new SchemaEntry(oid, create.Name, create.Owner), () =>
                    new SqlException(SqlState.DuplicateSchema, $"schema \"{create.Name}\" already exists"));
                break;
            case CatalogChange.DropSchema drop:
                if (HasChildren(ObjectKind.Table, drop.Name) && !drop.Cascade)
                    throw new SqlException(SqlState.DependentObjectsStillExist, $"cannot drop schema {drop.Name} because other objects depend on it") { Hint = "Use DROP ... CASCADE to drop the dependent objects too." };
                EndChildren(ObjectKind.Table, drop.Name);
                End(ObjectKind.Schema, "", drop.Name, () => NoSchema(drop.Name));
                EndAccess(new AccessTarget(AccessKind.Schema, drop.Name));
                break;
            case CatalogChange.AlterSchema alter:
                Replace<SchemaEntry>(ObjectKind.Schema, "", alter.Name, schema => schema with { Owner = alter.Owner }, () => NoSchema(alter.Name));
                break;
            case CatalogChange.CreateTable create:
                if (!Exists(ObjectKind.Schema, "", create.Schema)) throw NoSchema(create.Schema);
                Insert(ObjectKind.Table, create.Schema, create.Name, oid => new TableEntry(oid, create.Schema, create.Name, create.Owner, create.Pointer), () =>
                    new SqlException(SqlState.DuplicateTable, $"relation \"{create.Name}\" already exists"));
                break;
            case CatalogChange.SetPointer set:
                Replace<TableEntry>(ObjectKind.Table, set.Schema, set.Name, table => table with { Pointer = set.Pointer }, () => NoTable(set.Schema, set.Name));
                break;
            case CatalogChange.DropTable drop:
                End(ObjectKind.Table, drop.Schema, drop.Name, () => NoTable(drop.Schema, drop.Name));
                break;
            case CatalogChange.CreateServer create:
                Insert(ObjectKind.Server, "", create.Server.Name, oid => create.Server with { Oid = oid }, () =>
                    new SqlException(SqlState.DuplicateObject, $"server \"{create.Server.Name}\" already exists"));
                break;
            case CatalogChange.AlterServer alter:
                Replace<ServerEntry>(ObjectKind.Server, "", alter.Server.Name, present => alter.Server with { Oid = present.Oid }, () => NoServer(alter.Server.Name));
                break;
            case CatalogChange.DropServer drop:
                if (HasChildren(ObjectKind.UserMapping, drop.Name) && !drop.Cascade)
                    throw new SqlException(SqlState.DependentObjectsStillExist, $"cannot drop server {drop.Name} because other objects depend on it") { Hint = "Use DROP ... CASCADE to drop the dependent objects too." };
                EndChildren(ObjectKind.UserMapping, drop.Name);
                End(ObjectKind.Server, "", drop.Name, () => NoServer(drop.Name));
                EndAccess(new AccessTarget(AccessKind.Server, drop.Name));
                break;
            case CatalogChange.PutUserMapping { IsNew: true, Mapping: var mapping }:
                if (!Exists(ObjectKind.Server, "", mapping.Server)) throw NoServer(mapping.Server);
                Insert(ObjectKind.UserMapping, mapping.Server, mapping.User, oid => mapping with { Oid = oid }, () =>
                    new SqlException(SqlState.DuplicateObject, $"user mapping for \"{mapping.User}\" already exists for server \"{mapping.Server}\""));
                break;
            case CatalogChange.PutUserMapping { Mapping: var mapping }:
                Replace<UserMappingEntry>(ObjectKind.UserMapping, mapping.Server, mapping.User, present => mapping with { Oid = present.Oid }, () => NoMapping(mapping.Server, mapping.User));
                break;
            case CatalogChange.DropUserMapping drop:
                End(ObjectKind.UserMapping, drop.Server, drop.User, () => NoMapping(drop.Server, drop.User));
                break;
            case CatalogChange.PutRole { IsNew: true, Role: var role }:
                Insert(ObjectKind.Role, "", role.Name, oid => role with { Oid = oid }, () => new SqlException(SqlState.DuplicateObject, $"role \"{role.Name}\" already exists"));
                break;
            case CatalogChange.PutRole { Role: var role }:
                Replace<RoleEntry>(ObjectKind.Role, "", role.Name, present => role with { Oid = present.Oid }, () => NoRole(role.Name));
                break;
            case CatalogChange.RenameRole rename:
                RenameRole(rename.Name, rename.NewName);
                break;
            case CatalogChange.DropRole drop:
                EndReferences(drop.Name);
                End(ObjectKind.Role, "", drop.Name, () => NoRole(drop.Name));
                break;
            case CatalogChange.PutAccess put:
                PutAccess(put);
                break;
            default: throw new System.Diagnostics.UnreachableException(change.GetType().Name);
        }
    }

    private void RenameRole(string name, string newName)
    {
        if (!Exists(ObjectKind.Role, "", name)) throw NoRole(name);
        if (Exists(ObjectKind.Role, "", newName)) throw new SqlException(SqlState.DuplicateObject, $"role \"{newName}\" already exists");
        foreach (var row in Live())
        {
            var (body, key) = row.Kind switch
            {
                ObjectKind.Schema => (CatalogJson.Write(CatalogJson.Read<SchemaEntry>(row.Body).WithRoleNamed(name, newName)), row.Name),
                ObjectKind.Table => (CatalogJson.Write(CatalogJson.Read<TableEntry>(row.Body).WithRoleNamed(name, newName)), row.Name),
                ObjectKind.Server => (CatalogJson.Write(CatalogJson.Read<ServerEntry>(row.Body).WithRoleNamed(name, newName)), row.Name),
                ObjectKind.UserMapping => (CatalogJson.Write(CatalogJson.Read<UserMappingEntry>(row.Body).WithRoleNamed(name, newName)), row.Name == name ? newName : row.Name),
                ObjectKind.Access => (CatalogJson.Write(CatalogJson.Read<AccessEntry>(row.Body).WithRoleNamed(name, newName)), row.Name),
                ObjectKind.Role => (CatalogJson.Write(CatalogJson.Read<RoleEntry>(row.Body).WithRoleNamed(name, newName)), row.Name == name ? newName : row.Name),
                var kind => throw new System.Diagnostics.UnreachableException(kind),
            };
            if (body == row.Body && key == row.Name) continue;
            End(row.Kind, row.Parent, row.Name, () => NoRole(name));
            SqliteCatalogStore.Run(connection, "INSERT INTO objects VALUES ($1, $2, $3, $4, $5, NULL, $6)", row.Kind, row.Parent, key, row.Oid, version, body);
        }
    }

    /// <summary>Ends the memberships of a role that is dropped; 2BP01 when anything else names it.</summary>
    private void EndReferences(string role)
    {
        var rows = Live();
        var dependencies = rows.Select(row => row.Kind switch
        {
            ObjectKind.Schema => CatalogJson.Read<SchemaEntry>(row.Body).Dependency(role),
            ObjectKind.Table => CatalogJson.Read<TableEntry>(row.Body).Dependency(role),
            ObjectKind.Server => CatalogJson.Read<ServerEntry>(row.Body).Dependency(role),
            ObjectKind.UserMapping => CatalogJson.Read<UserMappingEntry>(row.Body).Dependency(role),
            ObjectKind.Access => CatalogJson.Read<AccessEntry>(row.Body).Dependency(role),
            _ => null,
        }).OfType<string>().ToArray();
        if (dependencies.Length > 0) throw RoleReferences.StillNeeded(role, dependencies);
        foreach (var row in rows.Where(row => row.Kind == ObjectKind.Role && CatalogJson.Read<RoleEntry>(row.Body).MemberOf.Any(membership => membership.Role == role)))
            Replace<RoleEntry>(ObjectKind.Role, "", row.Name, member => member.WithoutMembershipIn(role), () => NoRole(row.Name));
    }

    private void PutAccess(CatalogChange.PutAccess put)
    {
        var (parent, name) = (put.Target.Kind.ToString(), put.Target.Name);
        if (put.Grants.Count == 0) EndAccess(put.Target);
        else if (Exists(ObjectKind.Access, parent, name)) Replace<AccessEntry>(ObjectKind.Access, parent, name, access => access with { Grants = put.Grants }, () => NoRole(name));
        else Insert(ObjectKind.Access, parent, name, oid => new AccessEntry(oid, put.Target, put.Grants), () => NoRole(name));
    }

    private void EndAccess(AccessTarget target)
    {
        if (Exists(ObjectKind.Access, target.Kind.ToString(), target.Name)) End(ObjectKind.Access, target.Kind.ToString(), target.Name, () => NoRole(target.Name));
    }

    private List<(string Kind, string Parent, string Name, long Oid, string Body)> Live()
    {
        using var command = SqliteCatalogStore.Command(connection, "SELECT kind, parent, name, oid, body FROM objects WHERE valid_to IS NULL ORDER BY kind, parent, name", []);
        using var reader = command.ExecuteReader();
        var rows = new List<(string, string, string, long, string)>();
        while (reader.Read()) rows.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetString(4)));
        return rows;
    }

    private void Insert<T>(string kind, string parent, string name, Func<Oid, T> make, Func<SqlException> taken)
    {
        if (Exists(kind, parent, name)) throw taken();
        var oid = NextOid();
        SqliteCatalogStore.Run(connection, "INSERT INTO objects VALUES ($1, $2, $3, $4, $5, NULL, $6)", kind, parent, name, (long)oid.Value, version, CatalogJson.Write(make(oid)));
    }

    private void Replace<T>(string kind, string parent, string name, Func<T, T> change, Func<SqlException> missing)
    {
        var present = SqliteCatalogStore.Scalar(connection, "SELECT body FROM objects WHERE kind = $1 AND parent = $2 AND name = $3 AND valid_to IS NULL", kind, parent, name) as string;
        if (present is null) throw missing();
        var changed = change(CatalogJson.Read<T>(present));
        var oid = Convert.ToInt64(SqliteCatalogStore.Scalar(connection, "SELECT oid FROM objects WHERE kind = $1 AND parent = $2 AND name = $3 AND valid_to IS NULL", kind, parent, name), CultureInfo.InvariantCulture);
        End(kind, parent, name, missing);
        SqliteCatalogStore.Run(connection, "INSERT INTO objects VALUES ($1, $2, $3, $4, $5, NULL, $6)", kind, parent, name, oid, version, CatalogJson.Write(changed));
    }

    private void End(string kind, string parent, string name, Func<SqlException> missing)
    {
        var since = SqliteCatalogStore.Scalar(connection, "SELECT valid_from FROM objects WHERE kind = $1 AND parent = $2 AND name = $3 AND valid_to IS NULL", kind, parent, name);
        if (since is not long from) throw missing();
        if (from > baseVersion && from != version)
            throw new SqlException(SqlState.TRSerializationFailure, "could not serialize access due to concurrent update") { Detail = $"\"{name}\" was changed by another transaction." };
        if (from == version)
        {
            // Made and ended by the same commit: no version ever shows it.
            SqliteCatalogStore.Run(connection, "DELETE FROM objects WHERE kind = $1 AND parent = $2 AND name = $3 AND valid_to IS NULL", kind, parent, name);
            return;
        }

        SqliteCatalogStore.Run(connection, "UPDATE objects SET valid_to = $4 WHERE kind = $1 AND parent = $2 AND name = $3 AND valid_to IS NULL", kind, parent, name, version);
    }

    private void EndChildren(string kind, string parent)
    {
        SqliteCatalogStore.Run(connection, "DELETE FROM objects WHERE kind = $1 AND parent = $2 AND valid_to IS NULL AND valid_from = $3", kind, parent, version);
        SqliteCatalogStore.Run(connection, "UPDATE objects SET valid_to = $3 WHERE kind = $1 AND parent = $2 AND valid_to IS NULL", kind, parent, version);
    }

    private bool Exists(string kind, string parent, string name) =>
        SqliteCatalogStore.Scalar(connection, "SELECT 1 FROM objects WHERE kind = $1 AND parent = $2 AND name = $3 AND valid_to IS NULL", kind, parent, name) is not null;

    private bool HasChildren(string kind, string parent) =>
        SqliteCatalogStore.Scalar(connection, "SELECT 1 FROM objects WHERE kind = $1 AND parent = $2 AND valid_to IS NULL LIMIT 1", kind, parent) is not null;

    private Oid NextOid()
    {
        var oid = Convert.ToUInt32(SqliteCatalogStore.Scalar(connection, "SELECT value FROM counters WHERE name = 'oid'"), CultureInfo.InvariantCulture);
        SqliteCatalogStore.Run(connection, "UPDATE counters SET value = value + 1 WHERE name = 'oid'");
        return new Oid(oid);
    }

    private static SqlException NoTable(string schema, string name) => new(SqlState.UndefinedTable, $"table \"{schema}.{name}\" does not exist");

    private static SqlException NoSchema(string name) => new(SqlState.InvalidSchemaName, $"schema \"{name}\" does not exist");

    private static SqlException NoServer(string name) => new(SqlState.UndefinedObject, $"server \"{name}\" does not exist");

    private static SqlException NoRole(string name) => new(SqlState.UndefinedObject, $"role \"{name}\" does not exist");

    private static SqlException NoMapping(string server, string user) =>
        new(SqlState.UndefinedObject, $"user mapping for \"{user}\" does not exist for server \"{server}\"");
}
