using System.Runtime.InteropServices;
using Federation.Core.Types;

namespace Federation.Arrow.Ipc;

/// <summary>Rows <paramref name="Start"/> to <paramref name="Start"/> + <paramref name="Count"/> of a borrowed column.</summary>
internal readonly record struct Segment(Column Column, int Start, int Count);

/// <summary>
/// Writes one field of a record batch. The tree of writers mirrors the schema and is used again for each batch: segments are added,
/// <see cref="Measure"/> gives each buffer its place, <see cref="Write"/> fills the body. The rows of a field are those of its segments,
/// one after the other. Not thread-safe.
/// </summary>
internal abstract unsafe class ColumnWriter
{
    private readonly List<Segment> _segments = [];
    private long _validityOffset;
    private int _nullCount;

    public static ColumnWriter Create(IpcField field) => (field.Physical.Kind, field.Type.Storage) switch
    {
        (ArrowKind.Bool, _) => new BooleanWriter(),
        (ArrowKind.Decimal, _) => new DecimalWriter(field.Physical.Width / 8),
        (ArrowKind.FixedSizeBinary, Storage.Uuid) => new UuidWriter(),
        (ArrowKind.Interval, _) => new IntervalWriter(),
        (ArrowKind.Utf8, Storage.TimeTz or Storage.Bit) => new TextFormWriter(field.Type.Storage),
        (ArrowKind.Utf8 or ArrowKind.Binary, _) => new BytesWriter(),
        (ArrowKind.List, _) => new ListWriter(Create(field.Children[0])),
        (ArrowKind.Struct, _) => new StructWriter([.. field.Children.Select(Create)]),
        _ => new FixedWriter(field.Type.Storage.Width()),
    };

    protected ReadOnlySpan<Segment> Segments => CollectionsMarshal.AsSpan(_segments);

    /// <summary>Rows of all segments.</summary>
    protected int Count { get; private set; }

    protected bool HasNulls => _nullCount > 0;

    /// <summary>Forgets the segments and with them the borrowed columns.</summary>
    public virtual void Reset()
    {
        _segments.Clear();
        Count = 0;
    }

    /// <summary>Adds rows; ranges that follow each other in one column become one.</summary>
    public void Add(Column column, int start, int count)
    {
        if (count == 0) return;
        Count = checked(Count + count);
        if (_segments.Count > 0 && _segments[^1] is var last && ReferenceEquals(last.Column, column) && last.Start + last.Count == start)
            _segments[^1] = last with { Count = last.Count + count };
        else
            _segments.Add(new Segment(column, start, count));
    }

    public void Measure(BodyLayout layout)
    {
        _nullCount = 0;
        foreach (var segment in Segments)
            if (segment.Column.Validity is not null)
                _nullCount += Bitmap.CountZeros(segment.Column.Validity, segment.Start, segment.Count);
        layout.Nodes.Add((Count, _nullCount));
        _validityOffset = layout.Reserve(HasNulls ? Bitmap.BytesFor(Count) : 0);
        MeasureValues(layout);
    }

    public void Write(byte* body)
    {
        if (HasNulls)
        {
            var target = body + _validityOffset;
            NativeMemory.Clear(target, (nuint)Bitmap.BytesFor(Count));
            var row = 0L;
            foreach (var segment in Segments)
            {
                Bitmap.Copy(segment.Column.Validity, segment.Start, target, row, segment.Count);
                row += segment.Count;
            }
        }

        WriteValues(body);
    }

    protected abstract void MeasureValues(BodyLayout layout);

    protected abstract void WriteValues(byte* body);

    /// <summary>Zeroes the values of NULL rows: what memory held there before is nobody's business.</summary>
    protected void ClearNulls(byte* target, int width)
    {
        if (!HasNulls) return;
        foreach (var segment in Segments)
        {
            var validity = segment.Column.Validity;
            for (var done = 0; validity is not null && done < segment.Count; done += 64)
            {
                var count = Math.Min(64, segment.Count - done);
                var nulls = ~Bitmap.Word(validity, segment.Start + done, count);
                if (count < 64) nulls &= (1UL << count) - 1;
                for (; nulls != 0; nulls &= nulls - 1)
                {
                    var row = done + System.Numerics.BitOperations.TrailingZeroCount(nulls);
                    NativeMemory.Clear(target + ((long)row * width), (nuint)width);
                }
            }

            target += (long)segment.Count * width;
        }
    }
}
