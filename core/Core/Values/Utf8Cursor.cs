using System.Buffers.Text;
using System.Runtime.CompilerServices;

namespace Federation.Core.Values;

/// <summary>Writes ASCII text into a span that the caller knows to be large enough.</summary>
internal ref struct Utf8Cursor(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    public int Position { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(char value) => _destination[Position++] = (byte)value;

    public void Put(scoped ReadOnlySpan<byte> text)
    {
        text.CopyTo(_destination[Position..]);
        Position += text.Length;
    }

    public void PutAscii(string text)
    {
        foreach (var c in text) Put(c);
    }

    /// <summary>A number without sign, padded with zeros to at least <paramref name="width"/> digits.</summary>
    public void PutPadded(long value, int width)
    {
        if (width == 2 && value is >= 0 and < 100)
        {
            _destination[Position] = (byte)('0' + (value / 10));
            _destination[Position + 1] = (byte)('0' + (value % 10));
            Position += 2;
            return;
        }

        Utf8Formatter.TryFormat(value, _destination[Position..], out var length, new System.Buffers.StandardFormat('D', (byte)width));
        Position += length;
    }

    public void Put(long value)
    {
        Utf8Formatter.TryFormat(value, _destination[Position..], out var length);
        Position += length;
    }

    /// <summary>Seconds with up to six digits of fraction, trailing zeros dropped.</summary>
    public void PutSeconds(long seconds, long microseconds, bool pad)
    {
        if (pad) PutPadded(seconds, 2);
        else Put(seconds);
        if (microseconds == 0) return;
        Put('.');
        for (var unit = 100_000; microseconds > 0; unit /= 10)
        {
            Put((char)('0' + (microseconds / unit)));
            microseconds %= unit;
        }
    }
}
