namespace Federation.Planner.Writing;

/// <summary>
/// Frames of windows over aggregates that are registered with the kernel. A frame that is the whole partition (no ORDER BY, or unbounded on
/// both sides) is computed once for the partition, and there the kernel (1.5.6) does not call such an aggregate as its interface says: the
/// update callback gets a constant vector, one state pointer for all rows, which reads as an array of pointers whose rest is foreign
/// memory. The callback cannot see that. The kernel goes by the form of the frame's edges alone, so a frame that has an offset instead of
/// the unbounded edge has the same rows and is computed by its tree of segments. <c>RegisteredAggregateTests</c> notices when the kernel
/// mends it, and when it begins to do so in other places.
/// </summary>
internal static class WindowFrames
{
    /// <summary>More rows than a partition has, and far from where the kernel's arithmetic of row numbers overflows.</summary>
    private static readonly Constant s_all = new(1L << 50, SqlType.Int8);

    /// <summary>A frame with the same rows that the kernel does not take for the whole partition.</summary>
    public static Frame? ForRegistered(Frame? frame, bool isOrdered) =>
        IsPartition(frame, isOrdered)
            ? new Frame(FrameUnit.Rows, FrameEdge.UnboundedPreceding, null, FrameEdge.Following, s_all, frame?.Exclude ?? FrameExclude.None)
            : frame;

    private static bool IsPartition(Frame? frame, bool isOrdered)
    {
        if (frame is null) return !isOrdered;

        // All rows of a partition without an order are peers.
        var arePeers = !isOrdered && frame.Unit != FrameUnit.Rows;
        return (frame.Start == FrameEdge.UnboundedPreceding || (arePeers && frame.Start == FrameEdge.CurrentRow))
            && (frame.End == FrameEdge.UnboundedFollowing || (arePeers && frame.End == FrameEdge.CurrentRow));
    }
}
