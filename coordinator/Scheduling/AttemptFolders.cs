using Federation.Core.Tasks;

namespace Federation.Scheduling;

/// <summary>The folders that attempts of writing tasks have made.</summary>
internal static class AttemptFolders
{
    /// <summary>
    /// Removes what attempts that do not count have written: those of a lost worker, which could not clean up, and all of a query that failed, of which other tasks had ended well. An
    /// attempt that still runs removes its folder itself when it ends.
    /// </summary>
    public static void Remove(TaskOutput.WriteFiles output, IEnumerable<TaskId> attempts)
    {
        foreach (var attempt in attempts)
        {
            try
            {
                var folder = output.FolderOf(attempt);
                if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // No metadata names the files: they cost space until maintenance finds them.
            }
        }
    }
}
