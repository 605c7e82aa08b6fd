using Federation.Core;
using Federation.Core.Tasks;

namespace Federation.Connectors.Formats.Parquet;

/// <summary>
/// The parts of a Parquet file that the kernel reads for some columns: their pages, and everything that is no column's pages, which is the
/// footer, bloom filters and page indexes.
/// </summary>
public static class NeededParts
{
    /// <summary>Parts closer than this are one request: a request costs about as much as reading these bytes.</summary>
    private const long SmallGap = 128 << 10;

    /// <summary>
    /// Some writers leave the header of the dictionary page out of a chunk's size (PARQUET-816); readers read past the end.
    /// </summary>
    private const long Slack = 128;

    /// <param name="footer">The file's footer.</param>
    /// <param name="sizeBytes">The file's length.</param>
    /// <param name="expressions">All kernel expressions over the file. A column is taken to be read when its quoted name occurs in one:
    /// more may be read than is needed, never less.</param>
    /// <returns>Ascending; empty when the whole file is needed, or when it is not known where its pages lie.</returns>
    public static EquatableArray<NeededBytes> Of(ParquetFooter footer, long sizeBytes, IReadOnlyCollection<string> expressions)
    {
        var names = KernelNames.Of(footer);
        var isRead = footer.Columns
            .Select(column => expressions.Any(text => text.Contains(KernelText.Identifier(names[column]), StringComparison.Ordinal)))
            .ToArray();
        if (Array.TrueForAll(isRead, read => read)) return [];
        var columnOfLeaf = footer.Columns.SelectMany((column, index) => Enumerable.Repeat(index, Leaves(column))).ToArray();
        var chunks = new List<(long Start, long End, bool IsRead, RowRange Rows)>();
        var first = 0L;
        foreach (var group in footer.RowGroups)
        {
            if (group.Columns.Count != columnOfLeaf.Length) return [];
            for (var i = 0; i < group.Columns.Count; i++)
            {
                var chunk = group.Columns[i];
                if (chunk.Offset < 4 || chunk.TotalCompressedSize < 0 || chunk.Offset + chunk.TotalCompressedSize > sizeBytes) return [];
                chunks.Add((chunk.Offset, chunk.Offset + chunk.TotalCompressedSize, isRead[columnOfLeaf[i]],
                    new RowRange(first, group.RowCount)));
            }

            first += group.RowCount;
        }

        return Merge(Parts(chunks, sizeBytes)).ToEquatableArray();
    }

    private static List<NeededBytes> Parts(List<(long Start, long End, bool IsRead, RowRange Rows)> chunks, long sizeBytes)
    {
        var parts = new List<NeededBytes>();
        var position = 0L;
        foreach (var chunk in chunks.OrderBy(chunk => chunk.Start))
        {
            if (chunk.Start > position) parts.Add(new NeededBytes(position, chunk.Start - position, null));
            if (chunk.IsRead) parts.Add(new NeededBytes(chunk.Start, Math.Min(chunk.End + Slack, sizeBytes) - chunk.Start, chunk.Rows));
            position = Math.Max(position, chunk.End);
        }

        if (position < sizeBytes) parts.Add(new NeededBytes(position, sizeBytes - position, null));
        return parts;
    }

    private static List<NeededBytes> Merge(List<NeededBytes> parts)
    {
        var merged = new List<NeededBytes>();
        foreach (var part in parts.OrderBy(part => part.Offset))
        {
            if (merged is [.., var last] && last.Rows == part.Rows && part.Offset - (last.Offset + last.Length) <= SmallGap)
                merged[^1] = last with { Length = Math.Max(last.Offset + last.Length, part.Offset + part.Length) - last.Offset };
            else
                merged.Add(part);
        }

        return merged;
    }

    private static int Leaves(ParquetField field) => field.IsLeaf ? 1 : field.Children.Sum(Leaves);
}
