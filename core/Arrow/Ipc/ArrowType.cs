namespace Federation.Arrow.Ipc;

/// <summary>The members of the Type union of Schema.fbs, with its numbers.</summary>
internal enum ArrowKind : byte
{
    None,
    Null,
    Int,
    FloatingPoint,
    Binary,
    Utf8,
    Bool,
    Decimal,
    Date,
    Time,
    Timestamp,
    Interval,
    List,
    Struct,
    Union,
    FixedSizeBinary,
    FixedSizeList,
    Map,
    Duration,
    LargeBinary,
    LargeUtf8,
    LargeList,
    RunEndEncoded,
    BinaryView,
    Utf8View,
    ListView,
    LargeListView,
}

/// <summary>A type of Schema.fbs. What a kind has no use for is 0.</summary>
/// <param name="Width">Bits of integers, decimals, times; bytes of fixed_size_binary; items of fixed_size_list; children of a union, whose
/// type numbers count from 0.</param>
/// <param name="Unit">TimeUnit, DateUnit, IntervalUnit or Precision of floating point, by kind.</param>
internal readonly record struct ArrowType(ArrowKind Kind, int Width = 0, short Unit = 0)
{
    public bool IsSigned { get; init; }

    public int Precision { get; init; }

    public int Scale { get; init; }

    /// <summary>The zone of a timestamp; null for one without.</summary>
    public string? TimeZone { get; init; }

    public static ArrowType Int(int bits, bool isSigned = true) => new(ArrowKind.Int, bits) { IsSigned = isSigned };

    public static ArrowType Decimal(int bits, int precision, int scale) =>
        new(ArrowKind.Decimal, bits) { Precision = precision, Scale = scale };

    public static ArrowType Read(ArrowKind kind, FlatTable table)
    {
        switch (kind)
        {
            case ArrowKind.Int:
                var bits = table.GetInt32(0);
                if (bits is not (8 or 16 or 32 or 64)) throw IpcErrors.Malformed($"integers of {bits} bits");
                return Int(bits, table.GetBoolean(1));
            case ArrowKind.Decimal:
                var width = table.GetInt32(2, 128);
                if (width is not (32 or 64 or 128 or 256)) throw IpcErrors.Malformed($"decimals of {width} bits");
                return Decimal(width, table.GetInt32(0), table.GetInt32(1));
            case ArrowKind.FloatingPoint or ArrowKind.Interval: return new(kind, 0, Within(table.GetInt16(0), 2));
            case ArrowKind.Date: return new(kind, 0, Within(table.GetInt16(0, DateUnits.Millisecond), 1));
            case ArrowKind.Time: return ReadTime(table);
            case ArrowKind.Duration: return new(kind, 64, Within(table.GetInt16(0, TimeUnits.Millisecond), 3));
            case ArrowKind.Timestamp: return new(kind, 64, Within(table.GetInt16(0), 3)) { TimeZone = table.GetString(1) };
            case ArrowKind.FixedSizeBinary or ArrowKind.FixedSizeList:
                var size = table.GetInt32(0);
                return size >= 0 ? new(kind, size) : throw IpcErrors.Malformed($"values of {size} bytes or items");
            case ArrowKind.Union: throw IpcErrors.Unsupported("union");
            case > ArrowKind.None and <= ArrowKind.LargeListView: return new(kind);
            default: throw IpcErrors.Unsupported($"type {(int)kind}");
        }
    }

    /// <summary>Writes the type's own table.</summary>
    public int Write(FlatBuilder builder)
    {
        var zone = TimeZone is null ? 0 : builder.AddString(TimeZone);
        var numbers = Kind == ArrowKind.Union ? builder.AddInt32s([.. Enumerable.Range(0, Width)]) : 0;
        builder.StartTable();
        switch (Kind)
        {
            case ArrowKind.Int:
                builder.SetInt32(0, Width);
                builder.SetByte(1, IsSigned ? (byte)1 : (byte)0);
                break;
            case ArrowKind.Decimal:
                builder.SetInt32(0, Precision);
                builder.SetInt32(1, Scale);
                builder.SetInt32(2, Width);
                break;
            case ArrowKind.FloatingPoint or ArrowKind.Interval or ArrowKind.Date: builder.SetInt16(0, Unit); break;
            case ArrowKind.Time:
                builder.SetInt16(0, Unit);
                builder.SetInt32(1, Width);
                break;
            case ArrowKind.Timestamp:
                builder.SetInt16(0, Unit);
                if (zone != 0) builder.SetReference(1, zone);
                break;
            case ArrowKind.FixedSizeBinary: builder.SetInt32(0, Width); break;
            case ArrowKind.Union:
                builder.SetInt16(0, 1); // dense
                builder.SetReference(1, numbers);
                break;
        }

        return builder.EndTable();
    }

    private static ArrowType ReadTime(FlatTable table)
    {
        var unit = Within(table.GetInt16(0, TimeUnits.Millisecond), 3);
        var bits = table.GetInt32(1, 32);
        return bits == (unit <= TimeUnits.Millisecond ? 32 : 64)
            ? new(ArrowKind.Time, bits, unit)
            : throw IpcErrors.Malformed($"times of {bits} bits in unit {unit}");
    }

    private static short Within(short value, short last) =>
        value >= 0 && value <= last ? value : throw IpcErrors.Malformed($"unknown unit {value}");
}

/// <summary>TimeUnit of Schema.fbs.</summary>
internal static class TimeUnits
{
    public const short Second = 0;
    public const short Millisecond = 1;
    public const short Microsecond = 2;
    public const short Nanosecond = 3;
}

/// <summary>DateUnit of Schema.fbs.</summary>
internal static class DateUnits
{
    public const short Day = 0;
    public const short Millisecond = 1;
}

/// <summary>IntervalUnit of Schema.fbs.</summary>
internal static class IntervalUnits
{
    public const short YearMonth = 0;
    public const short DayTime = 1;
    public const short MonthDayNano = 2;
}

/// <summary>Precision of Schema.fbs.</summary>
internal static class FloatPrecision
{
    public const short Half = 0;
    public const short Single = 1;
    public const short Double = 2;
}
