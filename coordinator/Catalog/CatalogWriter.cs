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
                End(ObjectKind.Schema, "", drop.Name, () => new SqlException(SqlState.InvalidSchemaName, $"schema \"{drop.Name}\" does not exist"));
                break;
            case CatalogChange.CreateTable create:
                if (!Exists(ObjectKind.Schema, "", create.Schema))
                    throw new SqlException(SqlState.InvalidSchemaName, $"schema \"{create.Schema}\" does not exist");
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
            case CatalogChange.DropRole drop:
                End(ObjectKind.Role, "", drop.Name, () => NoRole(drop.Name));
                break;
            default: throw new System.Diagnostics.UnreachableException(change.GetType().Name);
        }
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

    private static SqlException NoServer(string name) => new(SqlState.UndefinedObject, $"server \"{name}\" does not exist");

    private static SqlException NoRole(string name) => new(SqlState.UndefinedObject, $"role \"{name}\" does not exist");

    private static SqlException NoMapping(string server, string user) =>
        new(SqlState.UndefinedObject, $"user mapping for \"{user}\" does not exist for server \"{server}\"");
}
