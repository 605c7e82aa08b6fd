using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>
/// The ACID catalog above a store. Every commit moves the catalog to its next version; a snapshot is a version and never changes. Thread-safe.
/// </summary>
public sealed class CatalogDatabase : IAsyncDisposable
{
    /// <summary>OIDs taken from the store at a time, so that creating an object costs no write of its own.</summary>
    private const int OidBlock = 32;

    /// <summary>Each retry means that another commit got through, so so many in a row mean a defect.</summary>
    private const int MostAttempts = 1000;

    /// <summary>Commits between two looks for history that is old enough to forget.</summary>
    private const int CommitsPerCleaning = 1000;

    private readonly CatalogCodec _codec;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _oids = new(1, 1);

    /// <summary>The newest snapshot that somebody asked for, shared by all until there is a newer version.</summary>
    private volatile CatalogSnapshot? _newest;

    private uint _nextOid;
    private uint _endOfOids;

    private CatalogDatabase(ICatalogStore store, CatalogKeyring keys, TimeProvider clock)
    {
        Store = store;
        _clock = clock;
        _codec = new CatalogCodec(keys);
    }

    public ICatalogStore Store { get; }

    /// <summary>How long versions can be read by <c>federation.as_of</c> after they have been replaced.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The catalog of a store, which it owns from now on. A new store gets the schema "public".</summary>
    public static async ValueTask<CatalogDatabase> OpenAsync(ICatalogStore store, CatalogKeyring keys, TimeProvider clock, CancellationToken cancellationToken)
    {
        var catalog = new CatalogDatabase(store, keys, clock);
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
        var version = await Store.FindVersionAsync(null, cancellationToken) ?? throw new SqlException(SqlState.DataCorrupted, "the catalog has no version");
        return await AtAsync(version, cancellationToken);
    }

    /// <summary>An older version, for <c>federation.as_of</c>. Raises 22023 when there was no such version, or it is not kept any more.</summary>
    public async ValueTask<ICatalogSnapshot> GetSnapshotAsync(long version, CancellationToken cancellationToken) =>
        await Store.FindVersionAsync(version, cancellationToken) is { } found
            ? new CatalogSnapshot(Store, _codec, found)
            : throw new SqlException(SqlState.InvalidParameterValue, $"catalog version {version} does not exist");

    /// <summary>
    /// Commits the changes of a transaction, all or none, and returns the new version. They are applied to the newest version by <see cref="CatalogRules"/>, whose errors this raises,
    /// so changes of different objects by two transactions never conflict; when both changed one object, the second gets 40001.
    /// </summary>
    public async ValueTask<CatalogVersion> CommitAsync(IReadOnlyList<CatalogChange> changes, IReadOnlyList<CatalogIntent> intents, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var read = new RecordingSnapshot(await GetSnapshotAsync(cancellationToken));
            var overlay = new CatalogOverlay(read);
            foreach (var change in changes) overlay = await CatalogRules.ApplyAsync(overlay, change, cancellationToken);
            var commit = new CatalogCommit(read.Id.Version)
            {
                ExpectedObjects = read.Objects,
                ExpectedLists = read.Lists,
                Writes = await WritesAsync(overlay, read, cancellationToken),
                Intents = intents,
            };
            if (await Store.WriteAsync(commit, cancellationToken) is not CommitResult.Committed { Version: var version }) continue;
            if (version.Version % CommitsPerCleaning == 0) await Store.ForgetAsync(_clock.GetUtcNow() - Retention, cancellationToken);
            return version;
        }

        throw new SqlException(SqlState.TRSerializationFailure, "could not serialize access due to concurrent update") { Detail = "Too many transactions change the catalog." };
    }

    public ValueTask<CatalogVersion> CommitAsync(IReadOnlyList<CatalogChange> changes, CancellationToken cancellationToken) => CommitAsync(changes, [], cancellationToken);

    /// <summary>An OID for a new object.</summary>
    public async ValueTask<Oid> ReserveOidAsync(CancellationToken cancellationToken)
    {
        await _oids.WaitAsync(cancellationToken);
        try
        {
            if (_nextOid == _endOfOids)
            {
                _nextOid = (await Store.ReserveOidsAsync(OidBlock, cancellationToken)).Value;
                _endOfOids = _nextOid + OidBlock;
            }

            return new Oid(_nextOid++);
        }
        finally
        {
            _oids.Release();
        }
    }

    /// <summary>The change with an OID for the object that it creates.</summary>
    public async ValueTask<CatalogChange> WithOidAsync(CatalogChange change, CancellationToken cancellationToken) =>
        change is CatalogChange.Create { Object: var created } && created.Oid == Oid.None
            ? new CatalogChange.Create(created with { Oid = await ReserveOidAsync(cancellationToken) })
            : change;

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _oids.Dispose();
    }

    private async ValueTask<CatalogSnapshot> AtAsync(CatalogVersion version, CancellationToken cancellationToken)
    {
        var newest = _newest;
        if (newest?.Id.Version == version.Version) return newest;
        var changed = newest is not null && newest.Id.Version < version.Version ? await Store.ListChangedAsync(newest.Id.Version, cancellationToken) : null;
        var next = changed is null ? new CatalogSnapshot(Store, _codec, version) : newest!.Next(version, changed);
        // Two threads may come with different versions; the older one is thrown away by whoever asks next.
        _newest = next;
        return next;
    }

    /// <summary>The states that differ from the version below; an object made and dropped again by the transaction is none.</summary>
    private async ValueTask<List<ObjectWrite>> WritesAsync(CatalogOverlay overlay, RecordingSnapshot read, CancellationToken cancellationToken)
    {
        var writes = new List<ObjectWrite>();
        foreach (var (key, entry) in overlay.Changed)
        {
            var present = await read.FindAsync(key, cancellationToken);
            if (present is null && entry is null) continue;
            writes.Add(new ObjectWrite(key, (entry ?? present)!.Oid, entry is null ? null : _codec.Write(entry)));
        }

        return writes;
    }
}
