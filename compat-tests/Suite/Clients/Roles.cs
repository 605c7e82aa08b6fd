using Federation.Catalog;
using Federation.Core.Security;
using Federation.Core.Types;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>Roles in the catalog of a gateway that is to start.</summary>
internal static class Roles
{
    /// <param name="folder">The gateway's data folder.</param>
    public static async Task AddAsync(string folder, string name, string password, bool isSuperuser = true)
    {
        await using var catalog = await CatalogFolders.OpenAsync(folder);
        var role = new RoleEntry(Oid.None, name, isSuperuser, CanLogin: true, ScramVerifiers.Create(password));
        await catalog.CommitAsync([await catalog.WithOidAsync(new CatalogChange.Create(role), CancellationToken.None)],
            CancellationToken.None);
    }
}
