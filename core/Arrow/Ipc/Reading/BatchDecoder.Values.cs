using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Arrow.Ipc;

/// <summary>
/// Values of fixed width. Units that columns do not have are converted; what is finer than a microsecond is cut off, what is out of range
/// raises 22008.
/// </summary>
internal unsafe ref partial struct BatchDecoder
{
    private const long MicrosecondsPerDay = 86_400_000_000;
    private const long MillisecondsPerDay = 86_400_000;
    private const int Int128Bytes = 16;
    private const int TimeTzOffsets = 2 * ((16 * 3600) - 1);

    private void ReadFixed(Column column, ArrowType physical)
    {
        var n = column.Length;
        switch (physical.Kind)
        {
            case ArrowKind.Int: ReadIntegers(column, physical); break;
            case ArrowKind.FloatingPoint when physical.Unit == FloatPrecision.Half: Convert<Half, float>(column, &Widen); break;
            case ArrowKind.FloatingPoint:
                column.Values = Next((long)n * (physical.Unit == FloatPrecision.Single ? sizeof(float) : sizeof(double))); break;
            case ArrowKind.Date when physical.Unit == DateUnits.Day: column.Values = Next((long)n * sizeof(int)); break;
            case ArrowKind.Date: Convert<long, int>(column, &ToDays); break;
            case ArrowKind.Time: ReadTimes(column, physical.Unit); break;
            case ArrowKind.Timestamp: ReadMicroseconds(column, physical.Unit); break;
            case ArrowKind.Interval: ReadIntervals(column, physical.Unit); break;
            case ArrowKind.Duration: ReadDurations(column, physical.Unit); break;
            default: throw IpcErrors.Unsupported($"type {physical.Kind}");
        }
    }

    private void ReadIntegers(Column column, ArrowType physical)
    {
        switch (physical.Width, physical.IsSigned)
        {
            case (8, true): Convert<sbyte, short>(column, &Truncate<sbyte, short>); break;
            case (8, false): Convert<byte, short>(column, &Truncate<byte, short>); break;
            case (16, false): Convert<ushort, int>(column, &Truncate<ushort, int>); break;
            case (32, false): Convert<uint, long>(column, &Truncate<uint, long>); break;
            case (64, false):
                Convert<ulong, Int128>(column, &Truncate<ulong, Int128>);
                column.DecimalWidth = Int128Bytes;
                break;
            default:
                column.Values = Next((long)column.Length * (physical.Width / 8));
                if (column.Type.Storage == Storage.TimeTz) DemandTimesWithZone(column);
                break;
        }
    }

    private void ReadDecimals(Column column, ArrowType physical)
    {
        var width = physical.Width / 8;
        column.Values = Next((long)column.Length * width);
        if (column.Type.Decimal is not null)
        {
            column.DecimalWidth = width;
            return;
        }

        // Shapes that no decimal column has are held as PostgreSQL's text.
        var text = new NativeBuffer();
        _memory.Hold(text);
        var offsets = (int*)_memory.Allocate((column.Length + 1L) * sizeof(int));
        // A negative scale stands for zeros before the point; what is longer than PostgreSQL's numbers may be is refused.
        if (Math.Abs((long)physical.Scale) > 16_383) throw IpcErrors.Unsupported($"decimal scale {physical.Scale}");
        _memory.Charge((long)column.Length * (80 + Math.Abs(physical.Scale)));
        for (var row = 0; row < column.Length; row++)
        {
            offsets[row] = (int)text.Length;
            if (column.IsNull(row)) continue;
            var unscaled = new BigInteger(new ReadOnlySpan<byte>(column.Values + ((long)row * width), width));
            var number = physical.Scale >= 0
                ? new PgNumeric(unscaled, physical.Scale)
                : new PgNumeric(unscaled * BigInteger.Pow(10, -physical.Scale), 0);
            text.Append(Encoding.ASCII.GetBytes(number.ToString()));
        }

        offsets[column.Length] = (int)text.Length;
        column.Bytes = BytesLayout.Offsets32;
        column.Values = (byte*)offsets;
        column.Data = text.Pointer;
    }

    private void ReadFixedSizeBinary(Column column, int width)
    {
        var bytes = (long)column.Length * width;
        if (bytes > int.MaxValue) throw IpcErrors.TooLarge("column");
        var source = Next(bytes);
        switch (column.Type.Storage)
        {
            case Storage.Interval: column.Values = source; break;
            case Storage.Uuid:
                var target = (ulong*)_memory.Allocate(bytes);
                column.Values = (byte*)target;
                for (var i = 0; i < column.Length; i++)
                {
                    target[2 * i] = BinaryPrimitives.ReverseEndianness(((ulong*)source)[(2 * i) + 1]);
                    target[(2 * i) + 1] = BinaryPrimitives.ReverseEndianness(((ulong*)source)[2 * i]) ^ (1UL << 63);
                }

                break;
            default:
                var offsets = (int*)_memory.Allocate((column.Length + 1L) * sizeof(int));
                for (var i = 0; i <= column.Length; i++) offsets[i] = i * width;
                column.Bytes = BytesLayout.Offsets32;
                column.Values = (byte*)offsets;
                column.Data = source;
                break;
        }
    }

    private void ReadTimes(Column column, short unit)
    {
        switch (unit)
        {
            case TimeUnits.Second: Convert<int, long>(column, &SecondsToMicroseconds); break;
            case TimeUnits.Millisecond: Convert<int, long>(column, &MillisecondsToMicroseconds); break;
            case TimeUnits.Nanosecond: Convert<long, long>(column, &NanosecondsToMicroseconds); break;
            default: column.Values = Next((long)column.Length * sizeof(long)); break;
        }

        if (_trustsValues) return;
        for (var row = 0; row < column.Length; row++)
            if (!column.IsNull(row) && column.Get<long>(row) is < 0 or > MicrosecondsPerDay)
                throw new SqlException(SqlState.DatetimeFieldOverflow, "time out of range");
    }

    private void ReadMicroseconds(Column column, short unit)
    {
        switch (unit)
        {
            case TimeUnits.Second: Convert<long, long>(column, &SecondsToMicroseconds); break;
            case TimeUnits.Millisecond: Convert<long, long>(column, &MillisecondsToMicroseconds); break;
            case TimeUnits.Nanosecond: Convert<long, long>(column, &NanosecondsToMicroseconds); break;
            default: column.Values = Next((long)column.Length * sizeof(long)); break;
        }
    }

    private void ReadIntervals(Column column, short unit)
    {
        switch (unit)
        {
            case IntervalUnits.YearMonth: Convert<int, PgInterval>(column, &FromMonths); break;
            case IntervalUnits.DayTime: Convert<DayTime, PgInterval>(column, &FromDayTime); break;
            default: Convert<PgInterval, PgInterval>(column, &FromNanoseconds); break;
        }
    }

    private void ReadDurations(Column column, short unit)
    {
        ReadMicroseconds(column, unit);
        var intervals = (PgInterval*)_memory.AllocateCleared((long)column.Length * sizeof(PgInterval));
        for (var row = 0; row < column.Length; row++)
            if (!column.IsNull(row))
                intervals[row] = new PgInterval(0, 0, column.Get<long>(row));
        column.Values = (byte*)intervals;
    }

    /// <summary>Takes the next buffer through a conversion; NULL rows become zeros.</summary>
    private void Convert<TSource, TTarget>(Column column, delegate*<TSource, TTarget> convert)
        where TSource : unmanaged
        where TTarget : unmanaged
    {
        var source = (TSource*)Next((long)column.Length * sizeof(TSource));
        var target = (TTarget*)_memory.Allocate((long)column.Length * sizeof(TTarget));
        try
        {
            for (var row = 0; row < column.Length; row++) target[row] = column.IsNull(row) ? default : convert(source[row]);
        }
        catch (OverflowException exception)
        {
            throw new SqlException(SqlState.DatetimeFieldOverflow, "date/time value in Arrow data is out of range", exception);
        }

        column.Values = (byte*)target;
    }

    private readonly void DemandTimesWithZone(Column column)
    {
        for (var row = 0; row < column.Length; row++)
            if (!column.IsNull(row) && column.Get<long>(row) is var packed
                && ((ulong)packed >> 24 > MicrosecondsPerDay || (packed & 0xffffff) > TimeTzOffsets))
                throw new SqlException(SqlState.DatetimeFieldOverflow, "time out of range");
    }

    private static float Widen(Half value) => (float)value;

    private static TTarget Truncate<TSource, TTarget>(TSource value)
        where TSource : INumberBase<TSource>
        where TTarget : INumberBase<TTarget> => TTarget.CreateTruncating(value);

    private static int ToDays(long milliseconds) => checked((int)FloorDivide(milliseconds, MillisecondsPerDay));

    private static long SecondsToMicroseconds(int seconds) => seconds * 1_000_000L;

    private static long MillisecondsToMicroseconds(int milliseconds) => milliseconds * 1000L;

    private static long SecondsToMicroseconds(long seconds) => checked(seconds * 1_000_000);

    private static long MillisecondsToMicroseconds(long milliseconds) => checked(milliseconds * 1000);

    private static long NanosecondsToMicroseconds(long nanoseconds) => FloorDivide(nanoseconds, 1000);

    private static long FloorDivide(long value, long divisor) => (value / divisor) - (value % divisor < 0 ? 1 : 0);

    private static PgInterval FromMonths(int months) => new(months, 0, 0);

    private static PgInterval FromDayTime(DayTime value) => new(0, value.Days, value.Milliseconds * 1000L);

    private static PgInterval FromNanoseconds(PgInterval value) => value with { Microseconds = value.Microseconds / 1000 };

    /// <summary>An interval of unit DAY_TIME.</summary>
    private readonly record struct DayTime(int Days, int Milliseconds);
}
