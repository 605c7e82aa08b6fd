using System.Collections.Concurrent;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>
/// Gives the values of sequences: each once, whichever process asks. What it took from the store is given or lost. Thread-safe.
/// </summary>
public sealed class Sequences(ISequenceStore store) : IDisposable
{
    /// <summary>Each failed move means that another one got through, so so many in a row mean a defect.</summary>
    private const int MostAttempts = 100_000;

    /// <summary>States are few; more of them are asked of the store again.</summary>
    private const int MostKnown = 10_000;

    /// <summary>Sessions of this process take turns at a state, and do not ask the store in vain.</summary>
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, 32).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>Where states were last seen; other processes may have moved them since.</summary>
    private readonly ConcurrentDictionary<Oid, SequencePosition?> _seen = new();

    /// <summary>Takes the next values, at most so many: fewer in front of the sequence's end. Raises 2200H behind it.</summary>
    public async ValueTask<SequenceRun> TakeAsync(SequenceEntry sequence, long count, CancellationToken cancellationToken)
    {
        var run = default(SequenceRun);
        await MoveAsync(sequence, position =>
        {
            run = sequence.Rule.Advance(position, count);
            return run.Count > 0 ? run.Next : null;
        }, cancellationToken);
        return run.Count > 0 ? run : throw Exhausted(sequence);
    }

    /// <summary>Sets where the sequence is. Raises 22003 for a value out of its bounds.</summary>
    public async ValueTask SetAsync(SequenceEntry sequence, SequencePosition position, CancellationToken cancellationToken)
    {
        var (rule, value) = (sequence.Rule, position.LastValue);
        if (value < rule.Minimum || value > rule.Maximum)
        {
            throw new SqlException(SqlState.NumericValueOutOfRange,
                $"setval: value {value} is out of bounds for sequence \"{sequence.Name}\" ({rule.Minimum}..{rule.Maximum})");
        }

        await MoveAsync(sequence, _ => position, cancellationToken);
    }

    public async ValueTask<SequencePosition> FindAsync(SequenceEntry sequence, CancellationToken cancellationToken) =>
        await store.FindAsync(sequence.StateOid, cancellationToken) ?? sequence.First;

    public void Dispose()
    {
        foreach (var turn in _turns) turn.Dispose();
    }

    /// <param name="next">The position after the one given; null to leave it.</param>
    private async ValueTask MoveAsync(SequenceEntry sequence, Func<SequencePosition, SequencePosition?> next,
        CancellationToken cancellationToken)
    {
        var state = sequence.StateOid;
        var turn = _turns[state.Value % _turns.Length];
        await turn.WaitAsync(cancellationToken);
        try
        {
            var isFresh = !_seen.TryGetValue(state, out var seen);
            for (var attempt = 0; attempt < MostAttempts; attempt++)
            {
                if (isFresh) seen = await store.FindAsync(state, cancellationToken);
                // What was seen a while ago does not say that the sequence is at its end now.
                if (next(seen ?? sequence.First) is not { } to)
                {
                    if (isFresh) return;
                    isFresh = true;
                    continue;
                }

                if (to == seen || await store.TryMoveAsync(state, seen, to, cancellationToken))
                {
                    if (_seen.Count >= MostKnown) _seen.Clear();
                    _seen[state] = to;
                    return;
                }

                isFresh = true;
            }
        }
        finally
        {
            turn.Release();
        }

        throw new SqlException(SqlState.TRSerializationFailure, "could not serialize access due to concurrent update")
            { Detail = $"Too many sessions use sequence \"{sequence.Name}\"." };
    }

    private static SqlException Exhausted(SequenceEntry sequence) => new(SqlState.SequenceGeneratorLimitExceeded,
        sequence.Rule.Increment > 0
            ? $"nextval: reached maximum value of sequence \"{sequence.Name}\" ({sequence.Rule.Maximum})"
            : $"nextval: reached minimum value of sequence \"{sequence.Name}\" ({sequence.Rule.Minimum})");
}
