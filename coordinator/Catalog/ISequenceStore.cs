using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>
/// Where sequences are, for all processes of the cluster. A move that was made survives crashes and is never rolled back. The store knows
/// none of the rules of sequences. Thread-safe.
/// </summary>
public interface ISequenceStore
{
    /// <summary>Null for a state that was never moved.</summary>
    ValueTask<SequencePosition?> FindAsync(Oid state, CancellationToken cancellationToken);

    /// <summary>
    /// Moves a state from one position to another in one step. False, and nothing happens, when it is elsewhere; null stands for a state
    /// that was never moved.
    /// </summary>
    ValueTask<bool> TryMoveAsync(Oid state, SequencePosition? from, SequencePosition to, CancellationToken cancellationToken);
}
