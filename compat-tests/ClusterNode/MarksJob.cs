using System.Globalization;
using Federation.Catalog;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Membership;

namespace Federation.CompatTests.ClusterNode;

/// <summary>
/// A job that counts in the catalog: each commit makes the schema mark_N_E, with N one more than the newest mark's and E the epoch of the
/// job. It takes no notice of being given up between reading and committing, as a process does that was stopped there: the store alone
/// keeps two processes apart.
/// </summary>
internal static class MarksJob
{
    public const string Prefix = "mark_";

    private const int MostPauseMilliseconds = 200;

    public static ClusterJob Of(Func<CatalogDatabase> catalog) => new("marks", TimeSpan.Zero, async (lease, cancellationToken) =>
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var database = catalog();
            var next = await NewestAsync(await database.GetSnapshotAsync(CancellationToken.None)) + 1;
            await Task.Delay(Random.Shared.Next(MostPauseMilliseconds), CancellationToken.None);
            var name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{next}_{lease.Epoch}");
            var mark = new SchemaEntry(await database.ReserveOidAsync(CancellationToken.None), name, AccessRights.BootstrapSuperuser);
            try
            {
                await database.CommitAsync([new CatalogChange.Create(mark)], [], lease, CancellationToken.None);
            }
            catch (SqlException error) when (error.State == SqlState.ObjectNotInPrerequisiteState)
            {
                Console.WriteLine($"fenced {lease.Epoch}");
                return;
            }
        }
    });

    private static async ValueTask<int> NewestAsync(ICatalogSnapshot snapshot)
    {
        var newest = 0;
        foreach (var schema in await snapshot.ListSchemasAsync(CancellationToken.None))
            if (schema.Name.StartsWith(Prefix, StringComparison.Ordinal))
                newest = Math.Max(newest, int.Parse(schema.Name.Split('_')[1], CultureInfo.InvariantCulture));
        return newest;
    }
}
