using Federation.Core.Errors;

namespace Federation.Catalog;

/// <summary>
/// The commits of one process: those that wait while the store writes are written together next, as one version and so with one flush.
/// They are applied one after the other, each on what those before it have left, and one that fails takes none of the others with it.
/// Thread-safe.
/// </summary>
/// <param name="newestAsync">Gives the newest version.</param>
/// <param name="onCommit">Told what a version changes that nobody else's came before.</param>
internal sealed class GroupCommit(ICatalogStore store, CatalogCodec codec, Func<CancellationToken, ValueTask<ICatalogSnapshot>> newestAsync,
    Action<CatalogVersion, IReadOnlyDictionary<CatalogKey, CatalogObject?>> onCommit) : IDisposable
{
    /// <summary>Each retry means that another process's commit got through, so so many in a row mean a defect.</summary>
    private const int MostAttempts = 1000;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _lock = new();
    private List<PendingCommit> _waiting = [];

    /// <summary>
    /// Commits the changes of a transaction, all or none. Raises why it cannot; the changes of others do not matter then.
    /// </summary>
    public async ValueTask<CatalogVersion> CommitAsync(PendingCommit commit)
    {
        lock (_lock) _waiting.Add(commit);
        try
        {
            await _turn.WaitAsync(commit.CancellationToken);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
                if (_waiting.Remove(commit))
                    throw;
            // It is being written.
            return await commit.Outcome;
        }

        try
        {
            // Whoever had the turn before may have written this one too.
            if (!commit.Outcome.IsCompleted) await CommitAllAsync(Take(commit));
        }
        finally
        {
            _turn.Release();
        }

        return await commit.Outcome;
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>
    /// The commits that are written together: all that wait, but a commit of a job goes alone, since another process may have its job.
    /// </summary>
    private List<PendingCommit> Take(PendingCommit commit)
    {
        lock (_lock)
        {
            if (commit.Job is not null)
            {
                _waiting.Remove(commit);
                return [commit];
            }

            var taken = _waiting.FindAll(waiting => waiting.Job is null);
            _waiting = _waiting.FindAll(waiting => waiting.Job is not null);
            return taken;
        }
    }

    private async ValueTask CommitAllAsync(List<PendingCommit> commits)
    {
        // One that is cancelled by itself may give up; the others do not wait for a store for ever either.
        var cancellationToken = commits is [var only] ? only.CancellationToken : CancellationToken.None;
        try
        {
            for (var attempt = 0; attempt < MostAttempts; attempt++)
            {
                var read = new RecordingSnapshot(await newestAsync(cancellationToken));
                var overlay = await ApplyAsync(commits, read);
                if (!await PublishAsync(commits)) continue;
                if (commits.Count == 0) return;
                var commit = new CatalogCommit(read.Id.Version)
                {
                    ExpectedObjects = read.Objects,
                    ExpectedLists = read.Lists,
                    Writes = await WritesAsync(overlay, read, cancellationToken),
                    Intents =
                    [
                        .. commits.SelectMany(item => item.Intents), .. await DroppedFolder.OfAsync(overlay, read, cancellationToken),
                    ],
                    Job = commits[0].Job,
                };
                switch (await store.WriteAsync(commit, cancellationToken))
                {
                    case CommitResult.Committed { Version: var version }:
                        if (version.Version == read.Id.Version + 1) onCommit(version, overlay.Changed);
                        foreach (var item in commits) item.Succeed(version);
                        return;
                    case CommitResult.Fenced { Job: var lost }:
                        throw new SqlException(SqlState.ObjectNotInPrerequisiteState,
                            $"job \"{lost.Name}\" was taken over by another process");
                }
            }

            throw new SqlException(SqlState.TRSerializationFailure, "could not serialize access due to concurrent update")
                { Detail = "Too many transactions change the catalog." };
        }
        catch (Exception error)
        {
            foreach (var item in commits) item.Fail(error);
        }
    }

    /// <summary>The state after all commits that can follow on the ones before; the others fail and are taken out of the list.</summary>
    private static async ValueTask<CatalogOverlay> ApplyAsync(List<PendingCommit> commits, RecordingSnapshot read)
    {
        var overlay = new CatalogOverlay(read);
        for (var i = 0; i < commits.Count; i++)
        {
            var commit = commits[i];
            try
            {
                if (commit.Reads is not null) await commit.Reads.RequireAsync(overlay, commit.CancellationToken);
                var after = overlay;
                foreach (var change in commit.Changes) after = await CatalogRules.ApplyAsync(after, change, commit.CancellationToken);
                overlay = commits.Count == 1 ? after : Stamped(overlay, after, -1 - i);
            }
            catch (Exception error)
            {
                commit.Fail(error);
                commits.RemoveAt(i--);
            }
        }

        return overlay;
    }

    /// <summary>
    /// What one commit has changed is another state than whoever comes next has seen, as if the commit had a version of its own. Versions
    /// are positive, so a negative number is none of them.
    /// </summary>
    private static CatalogOverlay Stamped(CatalogOverlay before, CatalogOverlay after, long stamp)
    {
        foreach (var (key, value) in after.Changed)
            if (value is not null && !(before.Changed.TryGetValue(key, out var known) && ReferenceEquals(known, value)))
                after = after.With(key, value with { ChangedAt = stamp });
        return after.Named(stamp);
    }

    /// <summary>Writes what the commits name; false when one could not, which fails, so that the others have to be applied anew.</summary>
    private static async ValueTask<bool> PublishAsync(List<PendingCommit> commits)
    {
        var published = await Task.WhenAll(commits.Select(async commit =>
        {
            try
            {
                await CatalogDatabase.PublishAsync(commit.Changes, commit.CancellationToken);
                return true;
            }
            catch (Exception error)
            {
                commit.Fail(error);
                return false;
            }
        }));
        return commits.RemoveAll(commit => commit.Outcome.IsCompleted) == 0 && published.All(isPublished => isPublished);
    }

    /// <summary>The states that differ from the version below; an object made and dropped again by a transaction is none.</summary>
    private async ValueTask<List<ObjectWrite>> WritesAsync(CatalogOverlay overlay, RecordingSnapshot read,
        CancellationToken cancellationToken)
    {
        var writes = new List<ObjectWrite>();
        var changed = new List<(CatalogObject? Before, CatalogObject? After)>();
        foreach (var (key, entry) in overlay.Changed)
        {
            var present = await read.FindAsync(key, cancellationToken);
            if (present is null && entry is null) continue;
            changed.Add((present, entry));
            writes.Add(new ObjectWrite(key, (entry ?? present)!.Oid, entry is null ? null : codec.Write(TailStorage.Body(entry))));
        }

        writes.AddRange(TailStorage.Writes(changed, codec));
        return writes;
    }
}

/// <summary>What one transaction commits, and what became of it.</summary>
internal sealed class PendingCommit(IReadOnlyList<CatalogChange> changes, CancellationToken cancellationToken)
{
    private readonly TaskCompletionSource<CatalogVersion> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<CatalogChange> Changes { get; } = changes;

    public IReadOnlyList<CatalogIntent> Intents { get; init; } = [];

    public JobLease? Job { get; init; }

    public ICommitCondition? Reads { get; init; }

    public CancellationToken CancellationToken { get; } = cancellationToken;

    public Task<CatalogVersion> Outcome => _outcome.Task;

    public void Succeed(CatalogVersion version) => _outcome.TrySetResult(version);

    /// <summary>The reason is raised to the transaction as it is.</summary>
    public void Fail(Exception error) => _outcome.TrySetException(error);
}
