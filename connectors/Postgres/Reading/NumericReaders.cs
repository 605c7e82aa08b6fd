using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Federation.Arrow;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Connectors.Postgres.Reading;

/// <summary>
/// The header of a numeric: <c>int16 groups, int16 weight, uint16 sign, uint16 display scale</c>, then groups of four decimal digits as
/// int16; group i counts 10000^(weight - i). Zero groups at both ends are left out.
/// </summary>
internal readonly ref struct SentNumeric
{
    private const int HeaderLength = 8;

    public const int Negative = 0x4000;
    public const int NaN = 0xC000;
    public const int Infinity = 0xD000;
    public const int NegativeInfinity = 0xF000;

    private readonly ReadOnlySpan<byte> _groups;

    public SentNumeric(ReadOnlySpan<byte> value)
    {
        IsWellFormed = value.Length >= HeaderLength;
        if (!IsWellFormed) return;
        Count = BinaryPrimitives.ReadInt16BigEndian(value);
        Weight = BinaryPrimitives.ReadInt16BigEndian(value[2..]);
        Sign = BinaryPrimitives.ReadUInt16BigEndian(value[4..]);
        Scale = BinaryPrimitives.ReadUInt16BigEndian(value[6..]);
        _groups = value[HeaderLength..];
        IsWellFormed = _groups.Length == Count * 2;
    }

    public bool IsWellFormed { get; }

    public int Count { get; }

    public int Weight { get; }

    public int Sign { get; }

    public int Scale { get; }

    public bool IsFinite => Sign is 0 or Negative;

    public int this[int group] => (uint)group < (uint)Count ? BinaryPrimitives.ReadInt16BigEndian(_groups[(group * 2)..]) : 0;
}

/// <summary>numeric(p, s) up to 38 digits as a scaled integer.</summary>
internal sealed class DecimalReader : FieldReader
{
    private static readonly long[] s_powers = [.. Enumerable.Range(0, 19).Select(power => (long)Math.Pow(10, power))];

    private readonly DecimalShape _shape;
    private readonly Int128 _limit = 1;
    private readonly long _smallLimit;
    private readonly int _width;

    // Groups after the point, and how many digits of the last one are kept.
    private readonly int _fractionGroups;
    private readonly long _lastFactor;
    private readonly int _lastDivisor;

    public DecimalReader(string column, DecimalShape shape)
        : base(column)
    {
        _shape = shape;
        for (var i = 0; i < shape.Precision; i++) _limit *= 10;
        _smallLimit = _limit > long.MaxValue ? long.MaxValue : (long)_limit;
        _width = Column.KernelDecimalWidth(shape.Precision);
        _fractionGroups = (shape.Scale + 3) / 4;
        var lastDigits = shape.Scale - (4 * Math.Max(_fractionGroups - 1, 0));
        _lastFactor = s_powers[lastDigits];
        _lastDivisor = (int)s_powers[4 - lastDigits];
    }

    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        var number = new SentNumeric(value);
        if (!number.IsWellFormed) ThrowLength(value.Length);
        if (!number.IsFinite) ThrowSpecial(number.Sign);
        if (((number.Weight + 1) * 4) + _shape.Scale <= 18 && number.Weight >= -1) ReadSmall(number, builder);
        else ReadLarge(number, builder);
    }

    private void ReadSmall(SentNumeric number, ColumnBuilder builder)
    {
        var unscaled = 0L;
        var wholeGroups = number.Weight + 1;
        for (var i = 0; i < wholeGroups; i++) unscaled = (unscaled * 10_000) + number[i];
        var next = wholeGroups;
        for (var i = 1; i < _fractionGroups; i++) unscaled = (unscaled * 10_000) + number[next++];
        if (_fractionGroups > 0)
        {
            var (kept, lost) = Math.DivRem(number[next++], _lastDivisor);
            if (lost != 0) ThrowTooLong();
            unscaled = (unscaled * _lastFactor) + kept;
        }

        if (next < number.Count || unscaled >= _smallLimit) ThrowTooLong();
        if (number.Sign != 0) unscaled = -unscaled;
        switch (_width)
        {
            case 2: builder.Append((short)unscaled); break;
            case 4: builder.Append((int)unscaled); break;
            case 8: builder.Append(unscaled); break;
            default: builder.Append((Int128)unscaled); break;
        }
    }

    private void ReadLarge(SentNumeric number, ColumnBuilder builder)
    {
        // More groups before the point than 38 digits need: the value cannot fit whatever its digits are.
        if (number.Weight > 10) ThrowTooLong();
        Int128 unscaled = 0;
        for (var position = number.Weight; position >= 0; position--)
        {
            unscaled = Shift(unscaled, 10_000) + number[number.Weight - position];
        }

        for (var i = 1; i < _fractionGroups; i++) unscaled = Shift(unscaled, 10_000) + number[number.Weight + i];
        if (_fractionGroups > 0)
        {
            var (kept, lost) = Math.DivRem(number[number.Weight + _fractionGroups], _lastDivisor);
            if (lost != 0) ThrowTooLong();
            unscaled = Shift(unscaled, _lastFactor) + kept;
        }

        if (unscaled >= _limit || number.Count > number.Weight + 1 + _fractionGroups) ThrowTooLong();
        builder.AppendDecimal(number.Sign == 0 ? unscaled : -unscaled);
    }

    private Int128 Shift(Int128 unscaled, long factor)
    {
        if (unscaled > _limit / factor) ThrowTooLong();
        return unscaled * factor;
    }

    [DoesNotReturn]
    private void ThrowSpecial(int sign)
    {
        var name = sign switch { SentNumeric.NaN => "NaN", SentNumeric.Infinity => "Infinity", _ => "-Infinity" };
        throw new SqlException(SqlState.NumericValueOutOfRange, $"column \"{ColumnName}\" has the value {name}, which {_shape} cannot hold")
        {
            ColumnName = ColumnName,
            Hint = "Read the column through a view at the source that casts it to numeric without precision.",
            NeedsWideNumerics = true,
        };
    }

    [DoesNotReturn]
    private void ThrowTooLong() =>
        throw new SqlException(SqlState.NumericValueOutOfRange, $"column \"{ColumnName}\" has a value that does not fit {_shape}")
        {
            ColumnName = ColumnName,

            // What the source computed may be longer than what its columns hold.
            NeedsWideNumerics = true,
        };
}

/// <summary>numeric of any scale and length as its text form.</summary>
internal sealed class NumericTextReader(string column) : FieldReader(column)
{
    private byte[] _text = new byte[64];

    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        var number = new SentNumeric(value);
        if (!number.IsWellFormed) ThrowLength(value.Length);
        switch (number.Sign)
        {
            case SentNumeric.NaN: builder.AppendBytes("NaN"u8); return;
            case SentNumeric.Infinity: builder.AppendBytes("Infinity"u8); return;
            case SentNumeric.NegativeInfinity: builder.AppendBytes("-Infinity"u8); return;
        }

        // Sign, whole groups (at least one digit), point, and fraction groups of which the last may be cut.
        var most = 2 + (Math.Max(number.Weight + 1, 1) * 4) + number.Scale + 4;
        if (_text.Length < most) _text = new byte[most * 2];
        builder.AppendBytes(_text.AsSpan(0, Write(number, _text)));
    }

    private static int Write(SentNumeric number, Span<byte> text)
    {
        var length = 0;
        if (number.Sign == SentNumeric.Negative) text[length++] = (byte)'-';
        var start = length;
        for (var position = number.Weight; position >= 0; position--)
        {
            WriteGroup(number[number.Weight - position], text[length..]);
            length += 4;
            if (position != number.Weight) continue;
            // Only the first group has zeros at its front to drop.
            var zeros = text[start..length].IndexOfAnyExcept((byte)'0');
            zeros = zeros < 0 ? 3 : zeros;
            text[(start + zeros)..length].CopyTo(text[start..]);
            length -= zeros;
        }

        if (number.Weight < 0) text[length++] = (byte)'0';
        if (number.Scale == 0) return length;
        text[length++] = (byte)'.';
        var fraction = length;
        for (var position = 1; length - fraction < number.Scale; position++, length += 4)
            WriteGroup(number[number.Weight + position], text[length..]);
        return fraction + number.Scale;
    }

    private static void WriteGroup(int group, Span<byte> text)
    {
        text[0] = (byte)('0' + (group / 1000));
        text[1] = (byte)('0' + (group / 100 % 10));
        text[2] = (byte)('0' + (group / 10 % 10));
        text[3] = (byte)('0' + (group % 10));
    }
}
