using System.Collections.Concurrent;
using System.Threading.Channels;
using Federation.Catalog;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Maintenance;

/// <summary>
/// Makes files of the small changes that the catalog keeps for tables, by size and by age. Each gateway looks after the tables that its own
/// sessions change, and now and then after all, since another gateway may be gone. Two that flush one table do not harm: one of them finds
/// nothing left. Thread-safe.
/// </summary>
/// <param name="onFailure">Told of tables whose changes stay in the catalog for now.</param>
public sealed class TailFlusher(MaintenanceServices services, TailLimits limits, Action<string, SqlException> onFailure) : IAsyncDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_lookAtAll = TimeSpan.FromSeconds(30);

    /// <summary>A table that could not be flushed is left alone for so long.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>Tables that may have a tail.</summary>
    private readonly ConcurrentDictionary<Oid, Changed> _changed = new();
    private readonly Channel<bool> _signals = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public void Start() => _loop = Task.Run(RunAsync);

    /// <summary>A transaction has committed.</summary>
    public void Note(IReadOnlyList<CatalogChange> changes)
    {
        foreach (var change in changes)
            if (change is CatalogChange.UpdateTable update && _changed.TryAdd(update.Oid, Now(update.Key)))
                _signals.Writer.TryWrite(true);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        long? looked = null;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (looked is null || services.Clock.GetElapsedTime(looked.Value) >= s_lookAtAll)
                {
                    await FindAllAsync(_stop.Token);
                    looked = services.Clock.GetTimestamp();
                }

                foreach (var (oid, changed) in _changed) await FlushAsync(oid, changed, _stop.Token);
                using var wait = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                if (_changed.IsEmpty) wait.CancelAfter(s_lookAtAll);
                else await Task.Delay(s_pause, services.Clock, _stop.Token);
                if (_changed.IsEmpty) await _signals.Reader.ReadAsync(wait.Token);
            }
            catch (OperationCanceledException)
            {
                // Time to look at all, or to stop.
            }
            catch (Exception error)
            {
                // Whatever it is, other tables are looked after.
                onFailure("the catalog", error as SqlException ?? new SqlException(SqlState.InternalError, error.Message, error));
                await Task.Delay(s_pause * 10, services.Clock, CancellationToken.None);
            }
        }
    }

    private async ValueTask FindAllAsync(CancellationToken cancellationToken)
    {
        var catalog = await services.Catalog.GetSnapshotAsync(cancellationToken);
        foreach (var schema in await catalog.ListSchemasAsync(cancellationToken))
            foreach (var table in await catalog.ListTablesAsync(schema.Name, cancellationToken))
                if (table.Pointer.Tail is not null)
                    _changed.TryAdd(table.Oid, Now(table.Key));
    }

    private Changed Now(CatalogKey key) => new(key, services.Clock.GetTimestamp());

    private async ValueTask FlushAsync(Oid oid, Changed changed, CancellationToken cancellationToken)
    {
        if (changed.FailedAt is { } failed && services.Clock.GetElapsedTime(failed) < s_patience) return;
        var key = changed.Key;
        var catalog = await services.Catalog.GetSnapshotAsync(cancellationToken);
        if (await catalog.FindAsync(key, cancellationToken) is not TableEntry { Pointer.Tail: { } tail } table || table.Oid != oid)
        {
            // Without a tail, or found by its new name later.
            _changed.TryRemove(oid, out _);
            return;
        }

        if (services.Clock.GetElapsedTime(changed.Since) < limits.FlushAge && !limits.IsFull(tail)) return;
        // Changes from here on count anew.
        _changed.TryRemove(oid, out _);
        try
        {
            await new TableMaintainer(services, table, null).FlushAsync(cancellationToken);
            _changed.TryAdd(oid, Now(key));
        }
        catch (SqlException error) when (error.State != SqlState.QueryCanceled)
        {
            if (error.State == SqlState.UndefinedTable) return;
            onFailure($"{table.Schema}.{table.Name}", error);
            _changed[oid] = changed with { FailedAt = services.Clock.GetTimestamp() };
        }
    }

    /// <param name="Since">When it was noted.</param>
    /// <param name="FailedAt">When it could not be flushed last.</param>
    private sealed record Changed(CatalogKey Key, long Since, long? FailedAt = null);
}
