using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>
/// Where the versions of the catalog are kept. A store knows objects by key and body and none of the rules; <see cref="CatalogDatabase"/>
/// is the catalog above it. Thread-safe; several processes may share one store. What <see cref="WriteAsync"/> returned for survives a crash
/// at any moment; what it did not return for is wholly there or wholly absent.
/// </summary>
public interface ICatalogStore : IAsyncDisposable
{
    /// <summary>The newest version, or the given one; null when the store does not keep that.</summary>
    ValueTask<CatalogVersion?> FindVersionAsync(long? version, CancellationToken cancellationToken);

    /// <summary>The version that was the newest at a time; null when the store does not keep that.</summary>
    ValueTask<CatalogVersion?> FindVersionAsync(DateTimeOffset time, CancellationToken cancellationToken);

    /// <summary>
    /// The object as it was at a version; null when there was none. Takes as long after 100,000 commits as after the first.
    /// </summary>
    ValueTask<StoredObject?> ReadAsync(CatalogKey key, long version, CancellationToken cancellationToken);

    /// <summary>The version at which a state of the object ended last, as far as the store keeps it; null for none.</summary>
    ValueTask<long?> FindEndAsync(CatalogKey key, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<StoredObject>> ListAsync(CatalogList list, long version, CancellationToken cancellationToken);

    /// <summary>
    /// The keys of objects that commits after a version have made, changed or ended; null when the store does not keep that version any
    /// more.
    /// </summary>
    ValueTask<IReadOnlySet<CatalogKey>?> ListChangedAsync(long since, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the next version, unless a commit after <see cref="CatalogCommit.BaseVersion"/> has changed what the commit expects to be
    /// unchanged. Commits of all processes are in one order.
    /// </summary>
    ValueTask<CommitResult> WriteAsync(CatalogCommit commit, CancellationToken cancellationToken);

    /// <summary>
    /// Takes OIDs that nothing has had yet, also not in a transaction that was rolled back: <paramref name="count"/> of them from the one
    /// returned on.
    /// </summary>
    ValueTask<Oid> ReserveOidsAsync(int count, CancellationToken cancellationToken);

    /// <summary>
    /// Work that committed transactions have left to do, oldest first: what a process that died after its commit could not finish.
    /// </summary>
    ValueTask<IReadOnlyList<CatalogIntent>> ListIntentsAsync(CancellationToken cancellationToken);

    /// <summary>Ends an intent whose work is done; no error when it has ended already.</summary>
    ValueTask EndIntentAsync(string id, CancellationToken cancellationToken);

    /// <summary>The leases of the processes on the store.</summary>
    ILeaseStore Leases { get; }

    IJobStore Jobs { get; }

    ISequenceStore Sequences { get; }

    /// <summary>A gateway's heartbeat. Raises 08006 when the store is out of reach.</summary>
    ValueTask<HeartbeatAnswer> BeatAsync(Heartbeat beat, CancellationToken cancellationToken);

    /// <summary>
    /// Tells of commits, of any process, until cancelled. It may be late, and silent while the store is out of reach: whoever needs the
    /// newest version asks for it. What <paramref name="onCommit"/> raises because the store failed is forgotten.
    /// </summary>
    Task ListenAsync(Func<ValueTask> onCommit, CancellationToken cancellationToken);

    /// <summary>A value that is made once for all processes: the one given, or that of whoever came first.</summary>
    ValueTask<string> GetSecretAsync(string name, string valueIfNew, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets states of objects that ended before a time, and the versions that showed them. The newest version always stays.
    /// </summary>
    ValueTask ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken);
}

public sealed record CatalogVersion(long Version, DateTimeOffset CommittedAt);

/// <summary>A version of the catalog, by its number or as the newest one at a time.</summary>
public readonly record struct CatalogPoint(long? Version, DateTimeOffset? Time)
{
    public static implicit operator CatalogPoint(long version) => new(version, null);

    public override string ToString() => Version is { } version
        ? $"version {version.ToString(System.Globalization.CultureInfo.InvariantCulture)}"
        : Time!.Value.ToString("yyyy-MM-dd HH:mm:ss.ffffffzzz", System.Globalization.CultureInfo.InvariantCulture);
}

/// <param name="ChangedAt">The version that wrote this state.</param>
/// <param name="Body">JSON.</param>
public sealed record StoredObject(CatalogKey Key, Oid Oid, long ChangedAt, string Body);

/// <summary>One commit, all or nothing.</summary>
/// <param name="BaseVersion">The version that the transaction's changes were applied to.</param>
public sealed record CatalogCommit(long BaseVersion)
{
    /// <summary>Objects, there or absent, that must be as they are in the base version.</summary>
    public IReadOnlySet<CatalogKey> ExpectedObjects { get; init; } = new HashSet<CatalogKey>();

    /// <summary>Lists that must hold the same objects in the same states as in the base version.</summary>
    public IReadOnlySet<CatalogList> ExpectedLists { get; init; } = new HashSet<CatalogList>();

    /// <summary>The new states of objects; a null body ends the object.</summary>
    public IReadOnlyList<ObjectWrite> Writes { get; init; } = [];

    /// <summary>The job that commits; null for a session. Refused when another process has taken the job since.</summary>
    public JobLease? Job { get; init; }

    /// <summary>Work to be done after the commit, by whoever is alive then.</summary>
    public IReadOnlyList<CatalogIntent> Intents { get; init; } = [];

    /// <summary>Which of the changes that others have committed break what this commit expects.</summary>
    public IReadOnlyList<CatalogKey> ConflictsWith(IEnumerable<CatalogKey> changed) =>
        [.. changed.Where(key => ExpectedObjects.Contains(key) || ExpectedLists.Contains(key.List))];
}

public sealed record ObjectWrite(CatalogKey Key, Oid Oid, string? Body);

/// <param name="Id">Unique.</param>
/// <param name="Kind">Who does the work.</param>
/// <param name="Body">What is to be done, in the words of that.</param>
public sealed record CatalogIntent(string Id, string Kind, string Body);

public abstract record CommitResult
{
    private CommitResult() { }

    public sealed record Committed(CatalogVersion Version) : CommitResult;

    /// <summary>Nothing was written: another process runs the job now.</summary>
    public sealed record Fenced(JobLease Job) : CommitResult;

    /// <summary>Nothing was written: others have changed these objects.</summary>
    public sealed record Conflict(IReadOnlyList<CatalogKey> Keys) : CommitResult;
}
