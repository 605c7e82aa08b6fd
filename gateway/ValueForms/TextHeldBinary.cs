using System.Globalization;
using System.Text;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.ValueForms;

/// <summary>Binary forms of types that are held as their text: networks, geometry, ranges and the like.</summary>
internal static class TextHeldBinary
{
    // Address families and range flags of PostgreSQL's headers inet.h and rangetypes.h.
    private const byte FamilyV4 = 2;
    private const byte FamilyV6 = 3;
    private const byte RangeEmpty = 0x01;
    private const byte LowerInclusive = 0x02;
    private const byte UpperInclusive = 0x04;
    private const byte LowerInfinite = 0x08;
    private const byte UpperInfinite = 0x10;

    public static bool Supports(PgType type) =>
        type.Name is "void" or "char" or "inet" or "cidr" or "macaddr" or "macaddr8" or "pg_lsn" or "tid" or "money"
        || GeometryText.Knows(type) || RangeText.Subtype(type) is not null;

    public static void Write(ByteWriter writer, PgType type, string text)
    {
        switch (type.Name)
        {
            case "void": return;
            case "char":
                writer.WriteByte(text.Length == 0 ? (byte)0 : Encoding.UTF8.GetBytes(text)[0]);
                return;
            case "inet" or "cidr":
                WriteNetwork(writer, NetworkText.Parse(text, type.Name == "cidr"), type.Name == "cidr");
                return;
            case "macaddr": writer.WriteBytes(NetworkText.ParseMac(text, 6)); return;
            case "macaddr8": writer.WriteBytes(NetworkText.ParseMac(text, 8)); return;
            case "pg_lsn": writer.WriteInt64((long)SystemText.ParseLsn(text)); return;
            case "money": writer.WriteInt64(SystemText.ParseMoney(text)); return;
            case "tid":
                var (block, offset) = SystemText.ParseTid(text);
                writer.WriteInt32((int)block);
                writer.WriteInt16((short)offset);
                return;
        }

        if (GeometryText.Knows(type)) WriteGeometry(writer, GeometryText.Parse(text, type), type);
        else WriteRange(writer, RangeText.Parse(text, type, ValueContext.Default));
    }

    public static string Read(ref ByteReader reader, PgType type, ValueContext context)
    {
        switch (type.Name)
        {
            case "void": return "";
            case "char":
                var letter = reader.ReadByte();
                return letter == 0 ? "" : ((char)letter).ToString();
            case "inet" or "cidr": return NetworkText.Format(ReadNetwork(ref reader, type.Name), type.Name == "cidr");
            case "macaddr": return NetworkText.FormatMac(reader.ReadBytes(6));
            case "macaddr8": return NetworkText.FormatMac(reader.ReadBytes(8));
            case "pg_lsn": return SystemText.FormatLsn((ulong)reader.ReadInt64());
            case "money": return SystemText.FormatMoney(reader.ReadInt64());
            case "tid": return string.Create(CultureInfo.InvariantCulture, $"({reader.ReadUInt32()},{reader.ReadUInt16()})");
        }

        return GeometryText.Knows(type)
            ? GeometryText.Format(ReadGeometry(ref reader, type), type, context.Format.ExtraFloatDigits)
            : RangeText.Format(ReadRange(ref reader, type, context), type, context.Format);
    }

    private static void WriteNetwork(ByteWriter writer, PgNetwork value, bool isCidr)
    {
        writer.WriteByte(value.IsV6 ? FamilyV6 : FamilyV4);
        writer.WriteByte(value.PrefixBits);
        writer.WriteByte(isCidr ? (byte)1 : (byte)0);
        writer.WriteByte((byte)value.Address.Count);
        writer.WriteBytes(value.Address.AsSpan());
    }

    private static PgNetwork ReadNetwork(ref ByteReader reader, string typeName)
    {
        var family = reader.ReadByte();
        var bits = reader.ReadByte();
        _ = reader.ReadByte();
        var length = reader.ReadByte();
        if (family is not (FamilyV4 or FamilyV6)) throw Invalid($"invalid address family in external \"{typeName}\" value");
        if (length != (family == FamilyV4 ? 4 : 16)) throw Invalid($"invalid length in external \"{typeName}\" value");
        if (bits > length * 8) throw Invalid($"invalid bits in external \"{typeName}\" value");
        return new PgNetwork(EquatableArray.Create(reader.ReadBytes(length)), bits);
    }

    private static void WriteGeometry(ByteWriter writer, PgGeometry value, PgType type)
    {
        if (type.Name == "path") writer.WriteByte(value.IsClosed ? (byte)1 : (byte)0);
        if (type.Name is "path" or "polygon") writer.WriteInt32(value.Numbers.Count / 2);
        foreach (var number in value.Numbers) writer.WriteInt64(BitConverter.DoubleToInt64Bits(number));
    }

    private static PgGeometry ReadGeometry(ref ByteReader reader, PgType type)
    {
        var isClosed = type.Name != "path" || reader.ReadByte() != 0;
        var count = type.Name switch
        {
            "path" or "polygon" => reader.ReadInt32() * 2,
            "point" => 2,
            "lseg" or "box" => 4,
            _ => 3,
        };
        if (count < 0 || count * (long)sizeof(double) > reader.Remaining) throw FormErrors.InsufficientData();
        var numbers = new double[count];
        for (var i = 0; i < count; i++) numbers[i] = BitConverter.Int64BitsToDouble(reader.ReadInt64());
        return new PgGeometry(new EquatableArray<double>(numbers), isClosed);
    }

    private static void WriteRange(ByteWriter writer, PgRange range)
    {
        var flags = range.IsEmpty ? RangeEmpty
            : (byte)((range.LowerIsInclusive ? LowerInclusive : 0) | (range.UpperIsInclusive ? UpperInclusive : 0)
                | (range.Lower is null ? LowerInfinite : 0) | (range.Upper is null ? UpperInfinite : 0));
        writer.WriteByte(flags);
        if (range.Lower is not null) WriteBound(writer, range.Lower);
        if (range.Upper is not null) WriteBound(writer, range.Upper);
    }

    private static void WriteBound(ByteWriter writer, object bound)
    {
        var mark = writer.ReserveLength();
        switch (bound)
        {
            case int number: writer.WriteInt32(number); break;
            case long number: writer.WriteInt64(number); break;
            case PgNumeric number: NumericBinary.Write(writer, number); break;
            case PgDate date: writer.WriteInt32(BinaryForms.Date(date)); break;
            case PgTimestamp timestamp: writer.WriteInt64(BinaryForms.Timestamp(timestamp)); break;
            default: throw new System.Diagnostics.UnreachableException(bound.GetType().Name);
        }

        writer.PatchLength(mark);
    }

    private static PgRange ReadRange(ref ByteReader reader, PgType type, ValueContext context)
    {
        var flags = reader.ReadByte();
        if ((flags & RangeEmpty) != 0) return PgRange.Empty;
        var subtype = RangeText.Subtype(type)!;
        var lower = (flags & LowerInfinite) != 0 ? null : BinaryDecoder.ReadItem(ref reader, subtype, context);
        var upper = (flags & UpperInfinite) != 0 ? null : BinaryDecoder.ReadItem(ref reader, subtype, context);
        return RangeText.Canonical(new PgRange(lower, upper, (flags & LowerInclusive) != 0, (flags & UpperInclusive) != 0, IsEmpty: false));
    }

    private static SqlException Invalid(string message) => new(SqlState.InvalidBinaryRepresentation, message);
}
