using Federation.Core.Tasks;
using Federation.ObjectStorage;

namespace Federation.Scheduling;

/// <summary>The folders that attempts of writing tasks have made.</summary>
internal static class AttemptFolders
{
    /// <summary>
    /// Removes what attempts that do not count have written: those of a lost worker, which could not clean up, and all of a query that
    /// failed, of which other tasks had ended well. An attempt that still runs removes its folder itself when it ends.
    /// </summary>
    public static async ValueTask RemoveAsync(IObjectStore store, TaskOutput.WriteFiles output, IEnumerable<TaskId> attempts)
    {
        foreach (var attempt in attempts) await store.TryDeleteFolderAsync(output.FolderOf(attempt));
    }
}
