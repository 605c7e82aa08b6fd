using System.Diagnostics;
using System.Text;
using System.Text.Unicode;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.ValueForms;

/// <summary>Turns PostgreSQL's binary forms into the CLR forms of Values.cs.</summary>
public static class BinaryDecoder
{
    // PostgreSQL's ranges of dates and times, counted from 2000; the least and the greatest number are the infinities.
    private const int FirstDay = -2_451_545;
    private const int LastDay = 2_145_031_948;
    private const long MicrosecondsPerDay = 86_400_000_000;
    private const long FirstInstant = -211_813_488_000_000_000;
    private const long LastInstant = 9_223_371_331_199_999_999;

    private const int MaxDimensions = 6;

    /// <summary>A field of binary copy data.</summary>
    public static object? ReadField(ReadOnlySpan<byte> bytes, SqlType type, ValueContext context)
    {
        var reader = new ByteReader(bytes);
        var value = Read(ref reader, type, context);
        return reader.Remaining == 0 ? value : throw new SqlException(SqlState.InvalidBinaryRepresentation, "incorrect binary data format");
    }

    /// <summary>Text in UTF-8; 22021 for what is none, and for a zero byte.</summary>
    public static string ReadText(ReadOnlySpan<byte> bytes)
    {
        CheckText(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>22021 for what is no UTF-8, and for a zero byte.</summary>
    public static void CheckText(ReadOnlySpan<byte> bytes)
    {
        if (!Utf8.IsValid(bytes)) throw FormErrors.InvalidUtf8(bytes);
        if (bytes.Contains((byte)0))
            throw new SqlException(SqlState.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": 0x00");
    }

    /// <summary>A value that takes all that is left.</summary>
    public static object? Read(ref ByteReader reader, SqlType type, ValueContext context)
    {
        if (type.IsArray) return ReadArray(ref reader, type, context);
        switch (type.Storage)
        {
            case Storage.Boolean: return reader.ReadByte() != 0;
            case Storage.Int16: return reader.ReadInt16();
            case Storage.Int32: return reader.ReadInt32();
            case Storage.Int64 when type.Base.Length == 8: return reader.ReadInt64();
            case Storage.Int64: return (long)reader.ReadUInt32();
            case Storage.Float32: return BitConverter.Int32BitsToSingle(reader.ReadInt32());
            case Storage.Float64: return BitConverter.Int64BitsToDouble(reader.ReadInt64());
            case Storage.Decimal: return NumberText.ApplyModifier(NumericBinary.Read(reader.ReadRest()), type);
            case Storage.Bytes: return reader.ReadRest().ToArray();
            case Storage.Date: return BinaryForms.ToDate(InRange(reader.ReadInt32(), FirstDay, LastDay, "date"));
            case Storage.Time: return new PgTime(InRange(reader.ReadInt64(), 0, MicrosecondsPerDay, "time"));
            case Storage.TimeTz: return new PgTimeTz(reader.ReadInt64(), -reader.ReadInt32());
            case Storage.Timestamp: return BinaryForms.ToTimestamp(InRange(reader.ReadInt64(), FirstInstant, LastInstant, "timestamp"));
            case Storage.Interval:
                var microseconds = reader.ReadInt64();
                var days = reader.ReadInt32();
                return new PgInterval(reader.ReadInt32(), days, microseconds);
            case Storage.Uuid: return new Guid(reader.ReadBytes(16), bigEndian: true);
            case Storage.Bit:
                var length = reader.ReadInt32();
                if (length < 0) throw new SqlException(SqlState.InvalidBinaryRepresentation, "invalid length in external bit string");
                return new PgBits(length, EquatableArray.Create(reader.ReadBytes((length + 7) / 8)));
            case Storage.Struct: return ReadRecord(ref reader, type, context);
            case Storage.Text: return ReadTextHeld(ref reader, type, context);
            default: throw new UnreachableException(type.ToString());
        }
    }

    private static object? ReadTextHeld(ref ByteReader reader, SqlType type, ValueContext context)
    {
        if (type.IsNumeric) return NumberText.ApplyModifier(NumericBinary.Read(reader.ReadRest()), type);
        if (ReferenceEquals(type.Base, PgTypes.Jsonb) || ReferenceEquals(type.Base, PgTypes.Jsonpath))
        {
            var version = reader.ReadByte();
            if (version != 1) throw new SqlException(SqlState.InternalError, $"unsupported {type.Base.Name} version number {version}");
            return ValueText.Parse(ReadText(reader.ReadRest()), type, context);
        }

        if (TextHeldBinary.Supports(type.Base)) return TextHeldBinary.Read(ref reader, type.Base, context);
        return ValueText.Parse(ReadText(reader.ReadRest()), type, context);
    }

    private static PgArray ReadArray(ref ByteReader reader, SqlType type, ValueContext context)
    {
        var dimensions = reader.ReadInt32();
        if (dimensions < 0) throw new SqlException(SqlState.InvalidBinaryRepresentation, $"invalid number of dimensions: {dimensions}");
        if (dimensions > MaxDimensions)
        {
            throw new SqlException(
                SqlState.ProgramLimitExceeded, $"number of array dimensions ({dimensions}) exceeds the maximum allowed ({MaxDimensions})");
        }

        var flags = reader.ReadInt32();
        if (flags is not (0 or 1)) throw new SqlException(SqlState.InvalidBinaryRepresentation, "invalid array flags");
        var item = type.Element!;
        while (item.IsArray && !item.IsVector) item = item.Element!;
        var itemOid = new Oid(reader.ReadUInt32());
        if (itemOid != item.AnnouncedOid)
        {
            throw new SqlException(
                SqlState.DatatypeMismatch,
                $"binary data has array element type {itemOid.Value} ({SqlType.FromOid(itemOid)?.ToString() ?? "-"}) instead of expected "
                    + $"{item.AnnouncedOid.Value} ({item})");
        }

        var lengths = new int[dimensions];
        var bounds = new int[dimensions];
        var count = dimensions == 0 ? 0L : 1L;
        for (var i = 0; i < dimensions; i++)
        {
            lengths[i] = reader.ReadInt32();
            bounds[i] = reader.ReadInt32();
            if (lengths[i] < 0) throw new SqlException(SqlState.InvalidBinaryRepresentation, "invalid array dimensions");
            count = Math.Min(count * lengths[i], int.MaxValue);
        }

        // Each item has a length of its own, which bounds the count by what was sent.
        if (count * sizeof(int) > reader.Remaining) throw FormErrors.InsufficientData();
        if (count == 0) return new PgArray(default, default, default);
        var items = new object?[count];
        for (var i = 0; i < items.Length; i++) items[i] = ReadItem(ref reader, item, context);
        return new PgArray(new EquatableArray<object?>(items), new EquatableArray<int>(lengths), new EquatableArray<int>(bounds));
    }

    internal static object? ReadItem(ref ByteReader reader, SqlType type, ValueContext context)
    {
        var length = reader.ReadInt32();
        if (length == -1) return null;
        var item = new ByteReader(reader.ReadBytes(length));
        var value = Read(ref item, type, context);
        if (item.Remaining > 0) throw new SqlException(SqlState.InvalidBinaryRepresentation, "improper binary format in array element 1");
        return value;
    }

    private static object?[] ReadRecord(ref ByteReader reader, SqlType type, ValueContext context)
    {
        if (type.Fields.Count == 0)
            throw new SqlException(SqlState.FeatureNotSupported, "input of anonymous composite types is not implemented");
        var count = reader.ReadInt32();
        if (count != type.Fields.Count)
            throw new SqlException(SqlState.DatatypeMismatch, $"wrong number of columns: {count}, expected {type.Fields.Count}");
        var fields = new object?[count];
        for (var i = 0; i < count; i++)
        {
            _ = reader.ReadUInt32();
            fields[i] = ReadItem(ref reader, type.Fields[i].Type, context);
        }

        return fields;
    }

    private static int InRange(int value, int first, int last, string type) =>
        value is int.MinValue or int.MaxValue ? value : (int)InRange((long)value, first, last, type);

    private static long InRange(long value, long first, long last, string type) =>
        (value >= first && value <= last) || (type == "timestamp" && value is long.MinValue or long.MaxValue)
            ? value
            : throw new SqlException(SqlState.DatetimeFieldOverflow, $"{type} out of range");
}
