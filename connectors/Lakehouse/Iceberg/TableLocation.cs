using Federation.Connectors.Formats;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Finds the files that metadata names. Metadata holds the places of its writer; a table that was moved or mounted elsewhere keeps them.
/// The recorded table folder stands for where the table is now; where both end in the same folder names, the folders above them correspond
/// too, which finds files beside the table. A path outside of both is taken as it is. Every result must lie in an allowed folder.
/// </summary>
internal sealed class TableLocation
{
    private readonly string _recorded;
    private readonly string _actual;
    private readonly string _recordedParent;
    private readonly string _actualParent;
    private readonly AllowedPaths _allowed;
    private readonly IObjectStore _store;

    public TableLocation(string recorded, string actual, AllowedPaths allowed, IObjectStore store)
    {
        _recorded = Normalise(recorded).TrimEnd('/');
        _actual = actual.TrimEnd('/');
        _allowed = allowed;
        _store = store;
        (_recordedParent, _actualParent) = CommonParents(_recorded, _actual);
    }

    /// <summary>The table's folder where it is now.</summary>
    public string Folder => _actual;

    /// <summary>Where a recorded file is now; 42501 when that is outside of the allowed folders.</summary>
    public string Resolve(string recordedPath)
    {
        var path = Normalise(recordedPath);
        if (Below(path, _recorded) is { } inside) return _allowed.Demand(_actual + inside);
        if (_recordedParent.Length > 0 && Below(path, _recordedParent) is { } beside) return _allowed.Demand(_actualParent + beside);
        if (path.StartsWith('/') || (StoragePath.IsRemote(path) && _allowed.Contains(path))) return _allowed.Demand(path);
        // Some writers record other places for their metadata than for the table; a path through a folder of the table's name is taken to
        // go on below the table when there is such a file.
        var folder = _actual[_actual.LastIndexOf('/')..] + "/";
        if (path.LastIndexOf(folder, StringComparison.Ordinal) is >= 0 and var index
            && _actual + path[(index + folder.Length - 1)..] is var candidate && _allowed.Contains(candidate)
            && _store.Stat(candidate) is not null)
        {
            return candidate;
        }

        throw new SqlException(
            path.Contains("://", StringComparison.Ordinal) ? SqlState.FeatureNotSupported : SqlState.InsufficientPrivilege,
            $"file \"{recordedPath}\" is outside of the table's folder \"{_recorded}\"");
    }

    /// <summary>The rest of a path behind a folder, with its slash, or null.</summary>
    private static string? Below(string path, string folder) =>
        path.Length > folder.Length && path[folder.Length] == '/' && path.StartsWith(folder, StringComparison.Ordinal)
            ? path[folder.Length..]
            : null;

    // Strips as many equal folder names from both ends as there are; what remains corresponds.
    private static (string Recorded, string Actual) CommonParents(string recorded, string actual)
    {
        while (true)
        {
            var left = recorded.LastIndexOf('/');
            var right = actual.LastIndexOf('/');
            if (left <= 0 || right <= 0 || !recorded.AsSpan(left).SequenceEqual(actual.AsSpan(right))) return (recorded, actual);
            // The authority of a URI is no folder.
            if (recorded[..left].EndsWith(":/", StringComparison.Ordinal) || actual[..right].EndsWith(":/", StringComparison.Ordinal))
                return (recorded, actual);
            recorded = recorded[..left];
            actual = actual[..right];
        }
    }

    private static string Normalise(string path) =>
        path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : StoragePath.Normalise(path);
}
