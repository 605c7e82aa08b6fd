using System.CommandLine;
using Federation.Catalog;
using Federation.Core.Errors;
using Federation.Core.Security;
using Federation.Core.Types;

namespace Federation.Host;

/// <summary>`federation user NAME`: creates a role, sets its password, read from the terminal or standard input, or removes it.</summary>
internal static class UserCommand
{
    private static readonly Argument<string> s_name = new("name") { Description = "Name of the role." };
    private static readonly Option<string> s_data = new("--data")
        { Description = "Folder of the catalog.", DefaultValueFactory = _ => "data" };
    private static readonly Option<string?> s_catalog = new("--catalog") { Description = CatalogLocation.Description };
    private static readonly Option<bool?> s_superuser = new("--superuser")
        { Description = "Whether the user may do everything: true for new users if not given, as it is for others." };
    private static readonly Option<bool> s_remove = new("--remove") { Description = "Remove the user. It must own nothing." };

    public static Command Create()
    {
        var command =
            new Command("user", "Create a user, set its password or remove it; once a user has a password, every client needs one.")
                { s_name, s_data, s_catalog, s_superuser, s_remove };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        try
        {
            var data = Directory.CreateDirectory(parsed.GetValue(s_data)!).FullName;
            var name = parsed.GetValue(s_name)!;
            await using var catalog =
                await CatalogLocation.OpenAsync(data, parsed.GetValue(s_catalog), TimeProvider.System, null, cancellationToken);
            Console.WriteLine(parsed.GetValue(s_remove) ? await RemoveAsync(catalog, name, cancellationToken)
                : await PutAsync(catalog, name, parsed.GetValue(s_superuser), cancellationToken));
            return 0;
        }
        catch (SqlException error)
        {
            await Console.Error.WriteLineAsync($"federation: {error.Message}{(error.Detail is { } detail ? $"\n{detail}" : "")}");
            return 1;
        }
    }

    private static async ValueTask<string> PutAsync(CatalogDatabase catalog, string name, bool? isSuperuser,
        CancellationToken cancellationToken)
    {
        if (name is "public" or "none" || name.StartsWith("pg_", StringComparison.Ordinal))
            throw new SqlException(SqlState.ReservedName, $"role name \"{name}\" is reserved");
        if (!Console.IsInputRedirected) Console.Write("Password: ");
        var password = await Console.In.ReadLineAsync(cancellationToken);
        if (string.IsNullOrEmpty(password)) throw new SqlException(SqlState.InvalidPassword, "the password must not be empty");

        var snapshot = await catalog.GetSnapshotAsync(cancellationToken);
        var present = await snapshot.FindRoleAsync(name, cancellationToken);
        var role = present ?? new RoleEntry(Oid.None, name, IsSuperuser: true, CanLogin: true, Verifier: null);
        role = role with { Verifier = ScramVerifiers.Create(password), CanLogin = true, IsSuperuser = isSuperuser ?? role.IsSuperuser };
        CatalogChange change = present is null ? new CatalogChange.Create(role) : new CatalogChange.Alter(role);
        await catalog.CommitAsync([await catalog.WithOidAsync(change, cancellationToken)], cancellationToken);
        return $"{(present is null ? "created user" : "changed the password of")} {name}{(role.IsSuperuser ? "" : ", who is no superuser")}";
    }

    private static async ValueTask<string> RemoveAsync(CatalogDatabase catalog, string name, CancellationToken cancellationToken)
    {
        await catalog.CommitAsync([new CatalogChange.Drop(RoleEntry.KeyOf(name))], cancellationToken);
        return $"removed user {name}";
    }
}
