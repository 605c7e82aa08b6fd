using System.Security.Cryptography;
using Federation.Core.Errors;

namespace Federation.Catalog;

/// <summary>
/// The ACID catalog above a store. Every commit moves the catalog to its next version; a snapshot is a version and never changes.
/// Thread-safe.
/// </summary>
public sealed class CatalogDatabase : IAsyncDisposable
{
    /// <summary>OIDs taken from the store at a time, so that creating an object costs no write of its own.</summary>
    private const int OidBlock = 32;

    private readonly CatalogKeyring _keys;
    private readonly CatalogCodec _codec;
    private readonly SemaphoreSlim _oids = new(1, 1);
    private readonly GroupCommit _commits;

    /// <summary>The newest snapshot that somebody asked for, shared by all until there is a newer version.</summary>
    private volatile CatalogSnapshot? _newest;

    private uint _nextOid;
    private uint _endOfOids;

    private CatalogDatabase(ICatalogStore store, CatalogKeyring keys)
    {
        Store = store;
        Sequences = new Sequences(store.Sequences);
        _keys = keys;
        _codec = new CatalogCodec(keys);
        _commits = new GroupCommit(store, _codec, GetSnapshotAsync, Advance);
    }

    public ICatalogStore Store { get; }

    public Sequences Sequences { get; }

    /// <summary>Changes that clashed and are made again.</summary>
    public CommitAttempts Attempts { get; } = new();

    /// <summary>The catalog of a store, which it owns from now on. A new store gets the schema "public".</summary>
    public static async ValueTask<CatalogDatabase> OpenAsync(ICatalogStore store, CatalogKeyring keys, CancellationToken cancellationToken)
    {
        var catalog = new CatalogDatabase(store, keys);
        if ((await catalog.GetSnapshotAsync(cancellationToken)).Id.Version > 0) return catalog;
        var schema = new SchemaEntry(await catalog.ReserveOidAsync(cancellationToken), "public", AccessRights.BootstrapSuperuser);
        try
        {
            await catalog.CommitAsync([new CatalogChange.Create(schema)], cancellationToken);
        }
        catch (SqlException error) when (error.State == SqlState.DuplicateSchema)
        {
            // Another process has opened the store at the same moment.
        }

        return catalog;
    }

    /// <summary>The newest committed version.</summary>
    public async ValueTask<ICatalogSnapshot> GetSnapshotAsync(CancellationToken cancellationToken)
    {
        var version = await Store.FindVersionAsync(null, cancellationToken)
            ?? throw new SqlException(SqlState.DataCorrupted, "the catalog has no version");
        return await AtAsync(version, cancellationToken);
    }

    /// <summary>
    /// Keeps the newest snapshot at hand until cancelled, so that statements after another process's commit find what has changed already
    /// read. Statements ask for the newest version all the same: a notification may be late.
    /// </summary>
    public Task FollowAsync(CancellationToken cancellationToken) =>
        Store.ListenAsync(async () => await GetSnapshotAsync(cancellationToken), cancellationToken);

    /// <summary>As a notification of this version would do: those can be lost with their connection.</summary>
    public async ValueTask NoteVersionAsync(long version, CancellationToken cancellationToken)
    {
        if (_newest is { } newest && newest.Id.Version < version) await GetSnapshotAsync(cancellationToken);
    }

    /// <summary>
    /// An older version, for <c>federation.as_of</c>. Raises 22023 when there was no such version, or it is not kept any more.
    /// </summary>
    public async ValueTask<ICatalogSnapshot> GetSnapshotAsync(CatalogPoint point, CancellationToken cancellationToken)
    {
        if (point.Version is { } version) return await GetSnapshotAsync(version, cancellationToken);
        return await Store.FindVersionAsync(point.Time!.Value, cancellationToken) is { } found
            ? new CatalogSnapshot(Store, _codec, found)
            : throw new SqlException(SqlState.InvalidParameterValue, $"the catalog has no version of {point} any more");
    }

    /// <summary>The version of a number. Raises 22023 when there was none, or it is not kept any more.</summary>
    public async ValueTask<ICatalogSnapshot> GetSnapshotAsync(long version, CancellationToken cancellationToken) =>
        await Store.FindVersionAsync(version, cancellationToken) is { } found
            ? new CatalogSnapshot(Store, _codec, found)
            : throw new SqlException(SqlState.InvalidParameterValue, $"catalog version {version} does not exist");

    /// <summary>
    /// An object that is gone, in its last state, and the version that still has it; null when nothing of that name was dropped, or it is
    /// not kept any more.
    /// </summary>
    public async ValueTask<(CatalogObject Object, ICatalogSnapshot Snapshot)?> FindDroppedAsync(CatalogKey key,
        CancellationToken cancellationToken)
    {
        if (await Store.FindEndAsync(key, cancellationToken) is not { } end
            || await Store.FindVersionAsync(end - 1, cancellationToken) is not { } version) return null;
        var snapshot = new CatalogSnapshot(Store, _codec, version);
        return await snapshot.FindAsync(key, cancellationToken) is { } found ? (found with { ChangedAt = 0 }, snapshot) : null;
    }

    /// <summary>
    /// Commits the changes of a transaction, all or none, and returns the new version. They are applied to the newest version by
    /// <see cref="CatalogRules"/>, whose errors this raises, so changes of different objects by two transactions never conflict; when both
    /// changed one object, the second gets 40001.
    /// </summary>
    /// <param name="job">The job that commits. Raises 55000 when another process has taken the job.</param>
    /// <param name="reads">What the transaction has read and must still hold; null when that does not matter.</param>
    public ValueTask<CatalogVersion> CommitAsync(
        IReadOnlyList<CatalogChange> changes, IReadOnlyList<CatalogIntent> intents, JobLease? job, ICommitCondition? reads,
        CancellationToken cancellationToken) =>
        _commits.CommitAsync(new PendingCommit(changes, cancellationToken) { Intents = intents, Job = job, Reads = reads });

    public ValueTask<CatalogVersion> CommitAsync(
        IReadOnlyList<CatalogChange> changes, IReadOnlyList<CatalogIntent> intents, JobLease? job, CancellationToken cancellationToken) =>
        CommitAsync(changes, intents, job, null, cancellationToken);

    /// <summary>Writes what the states of tables after some changes name, right before they are committed.</summary>
    public static Task PublishAsync(IEnumerable<CatalogChange> changes, CancellationToken cancellationToken) => Task.WhenAll(
        changes.OfType<CatalogChange.UpdateTable>().Select(change => change.Update.PublishAsync(cancellationToken).AsTask()));

    public ValueTask<CatalogVersion> CommitAsync(IReadOnlyList<CatalogChange> changes, CancellationToken cancellationToken) =>
        CommitAsync(changes, [], null, null, cancellationToken);

    /// <summary>
    /// What processes of the cluster show each other, made when first asked for. Whoever has it may run kernel SQL on every worker. Raises
    /// 28000 when the catalog's secrets were encrypted with another key than this process has.
    /// </summary>
    public async ValueTask<string> GetClusterSecretAsync(CancellationToken cancellationToken)
    {
        const string Name = "cluster";
        var made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        return _keys.Decrypt(await Store.GetSecretAsync(Name, _keys.Encrypt(made, Name), cancellationToken), Name);
    }

    /// <summary>An OID for a new object.</summary>
    public async ValueTask<Core.Types.Oid> ReserveOidAsync(CancellationToken cancellationToken)
    {
        await _oids.WaitAsync(cancellationToken);
        try
        {
            if (_nextOid == _endOfOids)
            {
                _nextOid = (await Store.ReserveOidsAsync(OidBlock, cancellationToken)).Value;
                _endOfOids = _nextOid + OidBlock;
            }

            return new Core.Types.Oid(_nextOid++);
        }
        finally
        {
            _oids.Release();
        }
    }

    /// <summary>The change with an OID for the object that it creates.</summary>
    public async ValueTask<CatalogChange> WithOidAsync(CatalogChange change, CancellationToken cancellationToken) =>
        change is CatalogChange.Create { Object: var created } && created.Oid == Core.Types.Oid.None
            ? new CatalogChange.Create(created with { Oid = await ReserveOidAsync(cancellationToken) })
            : change;

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _oids.Dispose();
        _commits.Dispose();
        Sequences.Dispose();
    }

    /// <summary>A commit of this process made the version that follows on the newest: what it wrote need not be read again.</summary>
    private void Advance(CatalogVersion version, IReadOnlyDictionary<CatalogKey, CatalogObject?> changed)
    {
        if (_newest is { } newest && newest.Id.Version == version.Version - 1) _newest = newest.Next(version, changed);
    }

    private async ValueTask<CatalogSnapshot> AtAsync(CatalogVersion version, CancellationToken cancellationToken)
    {
        var newest = _newest;
        if (newest?.Id.Version == version.Version) return newest;
        var changed = newest is not null && newest.Id.Version < version.Version
            ? await Store.ListChangedAsync(newest.Id.Version, cancellationToken)
            : null;
        var next = changed is null ? new CatalogSnapshot(Store, _codec, version) : newest!.Next(version, changed);
        // Two threads may come with different versions; the older one is thrown away by whoever asks next.
        _newest = next;
        return next;
    }
}
