using System.Buffers;
using Federation.Core.Execution;
using Federation.Core.Values;

namespace Federation.ValueForms;

/// <summary>
/// A way of writing a text inside another: which bytes get another in front, what stands for them, and what goes around the whole. The text
/// is changed where it was written, whatever its size. Thread-safe.
/// </summary>
internal sealed class TextEscapes
{
    /// <summary>Bytes moved at most between two looks at whether the statement was ended.</summary>
    private const int MostAtOnce = 64 << 10;

    /// <summary>A text from this size on asks for its memory before it takes it.</summary>
    private const int LargeBytes = 16 << 20;

    private readonly SearchValues<byte> _special;
    private readonly byte?[] _before = new byte?[256];
    private readonly byte[] _instead = new byte[256];
    private readonly byte? _quote;

    /// <param name="escapes">A byte that is escaped, what goes in front of it, and what stands for it.</param>
    /// <param name="quote">Goes around the text; null for nothing.</param>
    public TextEscapes(IReadOnlyList<(byte Byte, byte Before, byte Instead)> escapes, byte? quote)
    {
        _special = SearchValues.Create([.. escapes.Select(escape => escape.Byte)]);
        foreach (var (item, before, instead) in escapes) (_before[item], _instead[item]) = (before, instead);
        _quote = quote;
    }

    public static TextEscapes ArrayItem { get; } =
        new([((byte)'"', (byte)'\\', (byte)'"'), ((byte)'\\', (byte)'\\', (byte)'\\')], (byte)'"');

    public static TextEscapes RecordField { get; } =
        new([((byte)'"', (byte)'"', (byte)'"'), ((byte)'\\', (byte)'\\', (byte)'\\')], (byte)'"');

    /// <summary>Changes what was written since the mark.</summary>
    /// <param name="writer">Ends with the text.</param>
    /// <param name="mark">Where the text begins.</param>
    /// <param name="outerLevels">How often the result is quoted in turn: its quotes double each time, so that a text which cannot end below
    /// the limit of values fails before it is made.</param>
    public void Apply(ByteWriter writer, int mark, int outerLevels = 0)
    {
        var length = writer.WrittenSince(mark).Length;
        var count = Count(writer, writer.WrittenSince(mark));
        // Of m quotes and backslashes a level makes 2m and two of its own; it has two brackets besides.
        if (outerLevels > 0 && Math.ScaleB(count + 2d, outerLevels + 1) - 2 + length - count + (2 * outerLevels) >= ValueLimits.MostBytes)
            throw ValueLimits.TooLong(ValueLimits.MostBytes - 1, 1);
        var more = count + (_quote is null ? 0 : 2);
        if (more >= LargeBytes) ProcessMemory.Demand(more);
        _ = writer.GetSpan(more);
        writer.Advance(more);
        Spread(writer, writer.TakeWritten(mark), length);
    }

    private int Count(ByteWriter writer, ReadOnlySpan<byte> text)
    {
        var count = 0;
        while (text.IndexOfAny(_special) is var index and >= 0)
        {
            writer.CheckInterrupt();
            text = text[index..];
            var run = 0;
            while (run < text.Length && run < MostAtOnce && _before[text[run]] is not null) run++;
            count += run;
            text = text[run..];
        }

        return count;
    }

    /// <summary>Moves the text apart from its end, so that no byte is written over before it was moved.</summary>
    /// <param name="writer">Knows whether the statement was ended.</param>
    /// <param name="target">The text, and behind it room for what is added.</param>
    /// <param name="length">Of the text.</param>
    private void Spread(ByteWriter writer, Span<byte> target, int length)
    {
        var end = target.Length;
        if (_quote is { } last) target[--end] = last;
        while (end > length)
        {
            writer.CheckInterrupt();
            var index = target[..length].LastIndexOfAny(_special);
            var tail = length - index - 1;
            target.Slice(index + 1, tail).CopyTo(target[(end - tail)..]);
            (end, length) = (end - tail, index + 1);
            for (var i = 0; i < MostAtOnce && length > 0 && _before[target[length - 1]] is { } before; i++)
            {
                var item = target[--length];
                target[--end] = _instead[item];
                target[--end] = before;
            }

            if (length > 0 || _quote is not { } first) continue;
            target[--end] = first;
        }
    }
}
