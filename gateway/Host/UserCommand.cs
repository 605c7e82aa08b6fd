using System.CommandLine;
using Federation.Catalog;
using Federation.Core.Types;
using Federation.Core.Security;

namespace Federation.Host;

/// <summary>`federation user NAME`: creates a role or sets its password, read from the terminal or standard input.</summary>
internal static class UserCommand
{
    private static readonly Argument<string> s_name = new("name") { Description = "Name of the role." };
    private static readonly Option<string> s_data = new("--data") { Description = "Folder of the catalog.", DefaultValueFactory = _ => "data" };

    public static Command Create()
    {
        var command = new Command("user", "Create a user or set its password; from then on every client needs one.") { s_name, s_data };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var data = Directory.CreateDirectory(parsed.GetValue(s_data)!).FullName;
        await using var catalog = await SqliteCatalogStore.OpenAsync(Path.Combine(data, "catalog.db"), TimeProvider.System, cancellationToken);
        if (!Console.IsInputRedirected) Console.Write("Password: ");
        var password = await Console.In.ReadLineAsync(cancellationToken);
        if (string.IsNullOrEmpty(password))
        {
            await Console.Error.WriteLineAsync("federation: the password must not be empty");
            return 1;
        }

        var name = parsed.GetValue(s_name)!;
        var snapshot = await catalog.GetSnapshotAsync(cancellationToken);
        var present = await snapshot.FindRoleAsync(name, cancellationToken);
        var role = new RoleEntry(Oid.None, name, IsSuperuser: true, CanLogin: true, ScramVerifiers.Create(password));
        await catalog.CommitAsync(snapshot.Version, [new CatalogChange.PutRole(role, IsNew: present is null)], cancellationToken);
        Console.WriteLine($"{(present is null ? "created user" : "changed the password of")} {name}");
        return 0;
    }
}
