using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Connectors.Spi;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg.Tail;

/// <summary>What a change does to a table's tail, whatever came to the tail since the state that the change was made for.</summary>
internal sealed record TailChange
{
    public static readonly TailChange None = new();

    /// <summary>Rows that come; null for none.</summary>
    public TailRows? Added { get; init; }

    /// <summary>Rows of the tail that go, by the id of the rows they came with.</summary>
    public IReadOnlyDictionary<long, PositionSet> Removed { get; init; } = new Dictionary<long, PositionSet>();

    /// <summary>Rows of files that go, and that no file of deletes names.</summary>
    public IReadOnlyDictionary<string, PositionSet> Deleted { get; init; } = new Dictionary<string, PositionSet>();

    /// <summary>Files that go as a whole, so that nothing need be known of their rows.</summary>
    public IReadOnlySet<string> GoneFiles { get; init; } = new HashSet<string>();

    /// <summary>What becomes files; null for nothing.</summary>
    public TailFlush? Flush { get; init; }

    public bool IsNothing => Added is null && Removed.Count == 0 && Deleted.Count == 0 && GoneFiles.Count == 0 && Flush is null;

    /// <summary>The tail that follows on one; null when nothing is left. Raises 40001 when a row that goes is gone already.</summary>
    public TableTail? Apply(TableTail? current)
    {
        if (IsNothing) return current;
        var tail = Flush is null ? current ?? TableTail.Empty : Flush.Apply(current ?? TableTail.Empty);
        var rows = tail.Rows.AsEnumerable();
        if (Removed.Count > 0)
        {
            if (Removed.Keys.Except(tail.Rows.Select(part => part.Id)).Any()) throw RemovedRows.Clash();
            rows = rows.Select(part => Removed.TryGetValue(part.Id, out var gone) ? Without(part, gone) : part)
                .Where(part => part.Removed.Count < part.Count);
        }

        // Two changes of one microsecond may have come to the same id.
        if (Added is not null && tail.Rows.Any(part => part.Id == Added.Id)) throw RemovedRows.Clash();
        if (Added is not null) rows = rows.Append(Added);
        var after = new TableTail(rows.ToEquatableArray(), DeletesAfter(tail));
        return after.IsEmpty ? null : after;
    }

    /// <summary>Raises 40001 when the tail says that one of some rows of files is gone.</summary>
    public static void RequireLive(TableTail? tail, IReadOnlyDictionary<string, PositionSet> selection)
    {
        if (tail is null) return;
        foreach (var deletes in tail.Deletes)
            if (selection.TryGetValue(deletes.File, out var positions) && deletes.Positions.Any(positions.Contains))
                throw RemovedRows.Clash();
    }

    private EquatableArray<TailDeletes> DeletesAfter(TableTail tail)
    {
        if (Deleted.Count == 0 && GoneFiles.Count == 0) return tail.Deletes;
        var byFile = tail.Deletes.Where(deletes => !GoneFiles.Contains(deletes.File))
            .ToDictionary(deletes => deletes.File, deletes => deletes.Positions, StringComparer.Ordinal);
        foreach (var (file, positions) in Deleted)
            byFile[file] = byFile.GetValueOrDefault(file).Concat(positions.Ascending()).Order().ToEquatableArray();
        return byFile.Select(item => new TailDeletes(item.Key, item.Value)).ToEquatableArray();
    }

    private static TailRows Without(TailRows part, PositionSet gone)
    {
        if (part.Removed.Any(position => gone.Contains(position))) throw RemovedRows.Clash();
        return part.Without(part.Removed.Concat(gone.Ascending().Select(position => (int)position)).Order().ToEquatableArray());
    }
}

/// <summary>Makes files of a tail: what came to it since stays.</summary>
/// <param name="planned">The tail whose rows the files hold, and whose deletes the files of deletes hold.</param>
/// <param name="file">The one file that holds the rows in their order, by recorded path; null when they are elsewhere.</param>
internal sealed class TailFlush(TableTail planned, string? file)
{
    /// <summary>Raises 40001 when the tail was flushed meanwhile, or when rows went that are in no known place.</summary>
    public TableTail Apply(TableTail current)
    {
        var present = current.Rows.ToDictionary(rows => rows.Id);
        var late = new List<long>();
        var place = 0L;
        foreach (var rows in planned.Rows)
        {
            if (!present.Remove(rows.Id, out var now)) throw RemovedRows.Clash();
            var gone = now.Removed.Except(rows.Removed).ToHashSet();
            foreach (var position in TailScan.LivePositions(rows))
            {
                if (gone.Contains(position)) late.Add(place);
                place++;
            }
        }

        if (late.Count > 0 && file is null) throw RemovedRows.Clash();
        var written = planned.Deletes.ToDictionary(deletes => deletes.File, deletes => deletes.Positions.ToHashSet(),
            StringComparer.Ordinal);
        var deletes = current.Deletes
            .Select(item => written.TryGetValue(item.File, out var known)
                ? item with { Positions = item.Positions.Where(position => !known.Contains(position)).ToEquatableArray() }
                : item)
            .Where(item => item.Positions.Count > 0);
        if (late.Count > 0) deletes = deletes.Append(new TailDeletes(file!, late.ToEquatableArray()));
        return new TableTail(current.Rows.Where(rows => present.ContainsKey(rows.Id)).ToEquatableArray(), deletes.ToEquatableArray());
    }
}
