namespace Federation.Connectors.Spi;

/// <summary>A table format whose tables keep old states under names. Thread-safe.</summary>
public interface ITableReferences
{
    /// <summary>
    /// The update that changes what names stand for. Raises 42704 for a name or state that is not there and 42710 for a name that is taken.
    /// </summary>
    /// <param name="pointer">The state that the change was asked for.</param>
    ValueTask<ReferenceUpdate> ChangeReferencesAsync(TablePointer pointer, ReferenceChange change, CancellationToken cancellationToken);
}

/// <param name="Update">Null when there is nothing to change.</param>
/// <param name="Before">The snapshot that the name stood for; null for none.</param>
/// <param name="After">The snapshot that it stands for then; null for none.</param>
public sealed record ReferenceUpdate(ITableUpdate? Update, long? Before, long? After);

/// <summary>How long what a name stands for is kept; null where the table's properties say it.</summary>
/// <param name="MaxReferenceAge">The name itself goes when its snapshot is older.</param>
/// <param name="MinSnapshots">Of a branch: so many snapshots stay whatever their age.</param>
/// <param name="MaxSnapshotAge">Of a branch: older ones go.</param>
public sealed record ReferenceRetention(TimeSpan? MaxReferenceAge = null, int? MinSnapshots = null, TimeSpan? MaxSnapshotAge = null);

public abstract record ReferenceChange
{
    private ReferenceChange() { }

    /// <summary>Makes an older snapshot of the main branch the current one again.</summary>
    public sealed record Rollback(long SnapshotId) : ReferenceChange;

    /// <summary>The same, for the snapshot that was current at a time, in microseconds since 1970.</summary>
    public sealed record RollbackToTime(long Microseconds) : ReferenceChange;

    /// <summary>Makes any snapshot the current one.</summary>
    public sealed record SetCurrent(long SnapshotId) : ReferenceChange;

    /// <param name="SnapshotId">Null for the current one.</param>
    public sealed record Create(string Name, bool IsTag, long? SnapshotId, ReferenceRetention Retention) : ReferenceChange
    {
        /// <summary>One that is there already stays as it is.</summary>
        public bool IfNotExists { get; init; }

        /// <summary>One that is there already is replaced.</summary>
        public bool Replaces { get; init; }

        /// <summary>One must be there.</summary>
        public bool MustExist { get; init; }
    }

    public sealed record Drop(string Name, bool IsTag, bool IfExists) : ReferenceChange;

    /// <summary>Moves a branch on to the snapshot of another name, of which it must be an ancestor.</summary>
    public sealed record FastForward(string Branch, string To) : ReferenceChange;
}
