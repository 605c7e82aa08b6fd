using Federation.Core;
using Federation.Core.Tasks;
using Federation.ObjectStorage;

namespace Federation.Connectors.Spi;

/// <summary>
/// A table format whose tables can be kept fast and small: files are written again without what was deleted, old states are forgotten.
/// Nothing here changes the rows of a table. Thread-safe.
/// </summary>
public interface ITableMaintenance
{
    /// <summary>
    /// The files in the table's folder that no state named by its metadata has. Those of transactions that are open are among them.
    /// </summary>
    ValueTask<IReadOnlyList<ListedObject>> ListOrphansAsync(TablePointer pointer, CancellationToken cancellationToken);

    /// <summary>Which data files are worth writing again together. Nothing is written.</summary>
    /// <param name="pointer">The state to look at.</param>
    /// <param name="selected">A handle of that state whose filters choose files; null for all files.</param>
    /// <param name="options">What is worth it.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    ValueTask<IReadOnlyList<CompactionGroup>> PlanCompactionAsync(TablePointer pointer, ITableHandle? selected, CompactionOptions options,
        CancellationToken cancellationToken);

    /// <summary>The group without files that a later state does not have any more.</summary>
    ValueTask<CompactionGroup> KeepLiveAsync(TablePointer pointer, CompactionGroup group, CancellationToken cancellationToken);

    /// <summary>The rows of a group's files, and no others, in the state that the group was planned for.</summary>
    ValueTask<ConnectorTable> LoadGroupAsync(TablePointer pointer, CompactionGroup group, CancellationToken cancellationToken);

    /// <summary>
    /// The update that replaces a group's files by files with the same rows, and drops the delete files that nothing needs any more. It
    /// cannot follow (40001) when rows of the group were taken away since the state of the plan.
    /// </summary>
    ValueTask<ITableUpdate> RewriteAsync(WritePlan plan, CompactionGroup group, IReadOnlyList<WrittenFile> files,
        CancellationToken cancellationToken);

    /// <summary>The update that makes one delete file of many; null when there are fewer than <paramref name="least"/>.</summary>
    ValueTask<MaintenanceUpdate?> RewriteDeletesAsync(TablePointer pointer, int least, CancellationToken cancellationToken);

    /// <summary>
    /// The update that merges small manifests; null when that would leave as many, or when there are fewer than <paramref name="least"/>.
    /// </summary>
    ValueTask<MaintenanceUpdate?> RewriteManifestsAsync(TablePointer pointer, int least, CancellationToken cancellationToken);

    /// <summary>
    /// The update that forgets old states, with the files that only those need; null when there is none to forget. The files stay where
    /// they are: older versions of the catalog may name them.
    /// </summary>
    ValueTask<ExpiryUpdate?> ExpireAsync(TablePointer pointer, ExpiryOptions options, CancellationToken cancellationToken);

    /// <summary>
    /// Metadata files that the table's metadata does not name any more and that have been replaced before a time.
    /// </summary>
    ValueTask<IReadOnlyList<string>> ListOldMetadataAsync(TablePointer pointer, DateTimeOffset replacedBefore,
        CancellationToken cancellationToken);

    /// <summary>Whether a file holds a state of a table, which a pointer may name.</summary>
    bool IsMetadata(string path);

    /// <summary>The properties that the table's metadata has.</summary>
    ValueTask<IReadOnlyDictionary<string, string>> ReadPropertiesAsync(TablePointer pointer, CancellationToken cancellationToken);
}

/// <summary>Which files are written again: the options of Iceberg's <c>rewrite_data_files</c>, with its defaults.</summary>
public sealed record CompactionOptions
{
    public const long DefaultTargetBytes = 256L << 20;

    /// <summary>The size that files should have.</summary>
    public long TargetBytes { get; init; } = DefaultTargetBytes;

    /// <summary>Smaller files are written again; null for three quarters of the target.</summary>
    public long? LeastBytes { get; init; }

    /// <summary>Files that are large enough are written again when so many delete files are for them.</summary>
    public int DeleteFiles { get; init; } = int.MaxValue;

    /// <summary>Files are written again when such a part of their rows is deleted.</summary>
    public double DeleteRatio { get; init; } = 0.3;

    /// <summary>Small files are written again when there are so many of them for one new file.</summary>
    public int LeastFiles { get; init; } = 5;

    /// <summary>All files are written again, whatever they are.</summary>
    public bool TakesAll { get; init; }

    /// <summary>
    /// A file is taken with smaller ones only when they come to its own size together, so that each row is written again a few times in
    /// its life, whatever the number of small commits.
    /// </summary>
    public bool IsTiered { get; init; }
}

/// <summary>Data files that are written again together.</summary>
/// <param name="Files">As the table's metadata names them.</param>
public sealed record CompactionGroup(EquatableArray<string> Files, long Bytes);

/// <summary>An update, and what it does to how many files.</summary>
public sealed record MaintenanceUpdate(ITableUpdate Update, int Rewritten, int Added, long RewrittenBytes);

public sealed record ExpiryOptions
{
    /// <summary>States that are older go; null for what the table's properties say, else five days ago.</summary>
    public DateTimeOffset? OlderThan { get; init; }

    /// <summary>So many states of each branch stay whatever their age; null for what the table's properties say, else one.</summary>
    public int? RetainLast { get; init; }

    /// <summary>So many states of the main branch stay at most, the newest ones; null for any number.</summary>
    public int? MostSnapshots { get; init; }

    /// <summary>Snapshots that go whatever their age. 55000 for one that a branch or tag names.</summary>
    public EquatableArray<long> SnapshotIds { get; init; }
}

/// <summary>An update that forgets states, and the files that nothing needs after it.</summary>
/// <param name="Snapshots">How many states go.</param>
/// <param name="Files">Absolute paths by what the files hold.</param>
public sealed record ExpiryUpdate(ITableUpdate Update, int Snapshots, IReadOnlyDictionary<ExpiredKind, IReadOnlyList<string>> Files);

public enum ExpiredKind
{
    Data,
    PositionDeletes,
    EqualityDeletes,
    Manifest,
    ManifestList,
    Statistics,
}
