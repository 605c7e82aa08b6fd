using Federation.Catalog;
using SequencePosition = Federation.Catalog.SequencePosition;

namespace Federation.Session;

/// <summary>
/// What a session knows of sequences: the values it got last, and those that it took ahead. Rollback changes nothing of it. Used by the
/// session's thread.
/// </summary>
internal sealed class SessionSequences(SessionServices services)
{
    private readonly Dictionary<Oid, long> _current = [];

    /// <summary>Values taken and not given yet, by the state of the sequence that they are of.</summary>
    private readonly Dictionary<Oid, SequenceRun> _ahead = [];

    private Oid? _last;

    /// <summary>The next value.</summary>
    /// <param name="expected">How many values are going to be asked for, this one among them.</param>
    public async ValueTask<long> NextAsync(SequenceEntry sequence, long expected, CancellationToken cancellationToken)
    {
        if (!_ahead.TryGetValue(sequence.StateOid, out var run) || run.Count == 0)
        {
            run = await services.Transactions.Catalog.Sequences
                .TakeAsync(sequence, Math.Max(expected, sequence.Rule.Cache), cancellationToken);
        }

        _ahead[sequence.StateOid] = run with
        {
            First = run.Count > 1 ? run.First + sequence.Rule.Increment : run.First, Count = run.Count - 1,
        };
        (_current[sequence.Oid], _last) = (run.First, sequence.Oid);
        return run.First;
    }

    /// <summary>The value that the session got last. Raises 55000 when it got none.</summary>
    public long Current(SequenceEntry sequence) => _current.TryGetValue(sequence.Oid, out var value) ? value
        : throw new SqlException(SqlState.ObjectNotInPrerequisiteState,
            $"currval of sequence \"{sequence.Name}\" is not yet defined in this session");

    /// <summary>The sequence that the session got a value of last. Raises 55000 when there is none.</summary>
    public Oid Last() => _last ?? throw NoLast();

    public static SqlException NoLast() =>
        new(SqlState.ObjectNotInPrerequisiteState, "lastval is not yet defined in this session");

    public async ValueTask SetAsync(SequenceEntry sequence, SequencePosition position, CancellationToken cancellationToken)
    {
        await services.Transactions.Catalog.Sequences.SetAsync(sequence, position, cancellationToken);
        _ahead.Remove(sequence.StateOid);
        if (position.IsCalled) _current[sequence.Oid] = position.LastValue;
    }

    /// <summary>The sequence has changed: what was taken ahead is lost.</summary>
    public void ForgetAhead(SequenceEntry sequence) => _ahead.Remove(sequence.StateOid);

    /// <summary>DISCARD SEQUENCES</summary>
    public void Forget()
    {
        _current.Clear();
        _ahead.Clear();
        _last = null;
    }
}
