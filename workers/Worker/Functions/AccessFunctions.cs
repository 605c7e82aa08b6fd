using System.Globalization;
using Federation.Core.Errors;
using Federation.Core.Security;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>
/// What functions written in SQL need to tell who may do what (acl.c). The rights of a user are the names of the roles whose rights it has,
/// its own among them, and an empty one for a superuser; NULL for everybody together. The access to an object is its owner's name, then ACL
/// items.
/// </summary>
internal static class AccessFunctions
{
    private const string GrantOption = " WITH GRANT OPTION";
    private const string AdminOption = " WITH ADMIN OPTION";

    private static readonly SqlType s_text = SqlType.Text;
    private static readonly SqlType s_texts = SqlType.Array(SqlType.Text);

    /// <summary>Letter in an ACL, its privilege, and the kinds of objects that have it.</summary>
    private static readonly (char Letter, string Name, string[] Kinds)[] s_privileges =
    [
        ('a', "INSERT", ["table", "column", "any_column"]), ('r', "SELECT", ["table", "column", "any_column", "sequence"]),
        ('w', "UPDATE", ["table", "column", "any_column", "sequence"]),
        ('d', "DELETE", ["table"]), ('D', "TRUNCATE", ["table"]), ('x', "REFERENCES", ["table", "column", "any_column"]),
        ('t', "TRIGGER", ["table"]),
        ('X', "EXECUTE", ["function"]), ('U', "USAGE", ["schema", "language", "server", "foreign_data_wrapper", "type", "sequence"]),
        ('C', "CREATE", ["schema", "database", "tablespace"]), ('T', "TEMPORARY", ["database"]), ('T', "TEMP", ["database"]),
        ('c', "CONNECT", ["database"]), ('s', "SET", ["parameter"]),
        ('A', "ALTER SYSTEM", ["parameter"]),
    ];

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_has_privilege", [s_text, s_text, s_texts, s_texts], SqlType.Bool, static (ref FunctionRow row) =>
        {
            if (row.IsNull(0) || row.IsNull(1)) row.SetNull();
            else SetOrNull(ref row,
                HasPrivilege(row.GetText(0), row.GetText(1), row.IsNull(2) ? [] : row.GetTexts(2), row.IsNull(3) ? null : row.GetTexts(3)));
        }) { IsStrict = false },
        new("pg_has_role", [s_text, s_text, s_texts, s_texts, s_texts], SqlType.Bool, static (ref FunctionRow row) =>
        {
            if (row.IsNull(0)) row.SetNull();
            else row.Set(HasRole(row.GetText(0), row.IsNull(1) ? null : row.GetText(1), row.IsNull(2) ? [] : row.GetTexts(2),
                row.IsNull(3) ? [] : row.GetTexts(3), row.IsNull(4) ? [] : row.GetTexts(4)));
        }) { IsStrict = false },
        new("pg_acl_default", [s_text, s_text], s_texts, static (ref FunctionRow row) => row.Set(Default(row.GetText(0), row.GetText(1)))),
        new("pg_acl_parts", [s_texts, s_texts], s_texts, static (ref FunctionRow row) => row.Set(Parts(row.GetTexts(0), row.GetTexts(1)))),
        new("pg_acl_item", [s_text, s_text, s_text, SqlType.Bool], s_text,
            static (ref FunctionRow row) => row.Set(Item(row.GetText(0), row.GetText(1), row.GetText(2), row.GetBoolean(3)))),
    ];

    private static void SetOrNull(ref FunctionRow row, bool? value)
    {
        if (value is { } known) row.Set(known);
        else row.SetNull();
    }

    /// <summary>
    /// Whether the rights reach to one of the privileges in a list. Null when there is no such object; the list is checked first.
    /// </summary>
    private static bool? HasPrivilege(string kind, string list, string?[] rights, string?[]? access)
    {
        var asked = new List<(char Letter, bool MayGrant)>();
        foreach (var name in Items(list))
        {
            var (bare, mayGrant) = Without(name, GrantOption);
            var found = Array.Find(s_privileges,
                privilege => privilege.Name.Equals(bare, StringComparison.OrdinalIgnoreCase) && privilege.Kinds.Contains(kind));
            if (found.Name is null) throw Unrecognized(name);
            asked.Add((found.Letter, mayGrant));
        }

        if (access is null) return null;
        if (rights.Contains("") || rights.Contains(access[0])) return true;
        var items = access.Skip(1).Select(item => AclItem.Parse(item!))
            .Where(item => item.Grantee.Length == 0 || rights.Contains(item.Grantee)).ToArray();
        return asked.Exists(privilege => Array.Exists(items, item => item.Has(privilege.Letter, privilege.MayGrant)));
    }

    /// <summary>
    /// pg_role_aclcheck: USAGE is to have a role's rights, MEMBER to be one of it, both with an option to make others members.
    /// </summary>
    private static bool HasRole(string list, string? role, string?[] rights, string?[] memberships, string?[] administered)
    {
        var has = false;
        foreach (var name in Items(list))
        {
            var (bare, isAdmin) = Without(name, GrantOption);
            if (!isAdmin) (bare, isAdmin) = Without(name, AdminOption);
            var isUsage = bare.Equals("USAGE", StringComparison.OrdinalIgnoreCase);
            if (!isUsage && !bare.Equals("MEMBER", StringComparison.OrdinalIgnoreCase)) throw Unrecognized(name);
            var roles = isAdmin ? administered : isUsage ? rights : memberships;
            has |= roles.Contains("") || (role is not null && roles.Contains(role));
        }

        return has;
    }

    private static IEnumerable<string> Items(string list) => list.Split(',').Select(item => item.Trim(' ', '\t', '\n', '\r', '\f', '\v'));

    private static (string Bare, bool HasOption) Without(string name, string option) =>
        name.EndsWith(option, StringComparison.OrdinalIgnoreCase) ? (name[..^option.Length], true) : (name, false);

    private static SqlException Unrecognized(string name) =>
        new(SqlState.InvalidParameterValue, $"unrecognized privilege type: \"{name}\"");

    /// <summary>acldefault: what an object of a kind has that nothing was granted on.</summary>
    private static string[] Default(string kind, string owner)
    {
        var (everybody, own) = kind switch
        {
            "c" => ("", ""),
            "r" => ("", "arwdDxt"),
            "s" => ("", "rwU"),
            "d" => ("Tc", "CTc"),
            "f" => ("X", "X"),
            "l" or "T" => ("U", "U"),
            "L" => ("", "rw"),
            "n" => ("", "UC"),
            "p" => ("", "sA"),
            "t" => ("", "C"),
            "F" or "S" => ("", "U"),
            _ => throw new SqlException(SqlState.InternalError, $"unrecognized objtype abbreviation: {kind}"),
        };
        return new[] { new AclItem("", everybody, owner), new AclItem(owner, own, owner) }.Where(item => item.Privileges.Length > 0)
            .Select(item => item.ToString()).ToArray();
    }

    /// <summary>
    /// The privileges of the items: the OID of the grantor, that of the grantee, the name and t where it may be granted on, with tabs
    /// between them.
    /// </summary>
    /// <param name="roles">Each role's OID, a space and its name.</param>
    private static string[] Parts(string?[] texts, string?[] roles)
    {
        if (texts.Contains(null)) throw new SqlException(SqlState.NullValueNotAllowed, "ACL arrays must not contain null values");
        var oids = roles.Select(role => role!.Split(' ', 2)).ToDictionary(role => role[1], role => role[0], StringComparer.Ordinal);
        return texts.Select(text => AclItem.Parse(text!))
            .SelectMany(item => s_privileges.Where(privilege => privilege.Name != "TEMP" && item.Has(privilege.Letter, mayGrant: false))
            .OrderBy(privilege => AclItem.AllLetters.IndexOf(privilege.Letter, StringComparison.Ordinal))
            .Select(privilege => $"{OidOf(item.Grantor)}\t{OidOf(item.Grantee)}\t{privilege.Name}\t"
                + (item.Has(privilege.Letter, mayGrant: true) ? "t" : "f"))).ToArray();

        // A role that is gone is shown by its number.
        string OidOf(string name) =>
            oids.TryGetValue(name, out var oid) ? oid : uint.TryParse(name, CultureInfo.InvariantCulture, out _) ? name : "0";
    }

    /// <summary>makeaclitem, of one privilege.</summary>
    private static string Item(string grantee, string grantor, string name, bool mayGrant)
    {
        var found = Array.Find(s_privileges, privilege => privilege.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (found.Name is null) throw Unrecognized(name);
        return new AclItem(grantee, found.Letter + (mayGrant ? "*" : ""), grantor).ToString();
    }
}
