using System.Buffers.Binary;
using Federation.Arrow;
using Federation.Core.Values;

namespace Federation.Connectors.Postgres.Reading;

internal sealed class BooleanReader(string column) : FieldReader(column)
{
    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        Demand(value, 1);
        builder.AppendBoolean(value[0] != 0);
    }
}

internal sealed class Int16Reader(string column) : FieldReader(column)
{
    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        Demand(value, sizeof(short));
        builder.Append(BinaryPrimitives.ReadInt16BigEndian(value));
    }
}

/// <summary>int4 and the bits of float4.</summary>
internal sealed class Int32Reader(string column) : FieldReader(column)
{
    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        Demand(value, sizeof(int));
        builder.Append(BinaryPrimitives.ReadInt32BigEndian(value));
    }
}

/// <summary>int8, xid8, time, and the bits of float8.</summary>
internal sealed class Int64Reader(string column) : FieldReader(column)
{
    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        Demand(value, sizeof(long));
        builder.Append(BinaryPrimitives.ReadInt64BigEndian(value));
    }
}

/// <summary>oid, xid and cid: unsigned, held in 64 bits.</summary>
internal sealed class OidReader(string column) : FieldReader(column)
{
    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        Demand(value, sizeof(uint));
        builder.Append((long)BinaryPrimitives.ReadUInt32BigEndian(value));
    }
}

internal sealed class UuidReader(string column) : FieldReader(column)
{
    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        Demand(value, 16);
        // The top bit is flipped so that the order of the signed integer is the order of the bytes.
        builder.Append((Int128)(BinaryPrimitives.ReadUInt128BigEndian(value) ^ (UInt128.One << 127)));
    }
}

internal sealed class DateReader(string column) : FieldReader(column)
{
    /// <summary>Days from 1970-01-01 to PostgreSQL's epoch, 2000-01-01.</summary>
    public const int EpochDays = 10957;

    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        Demand(value, sizeof(int));
        builder.Append(BinaryPrimitives.ReadInt32BigEndian(value) switch
        {
            int.MaxValue => int.MaxValue,
            int.MinValue => -int.MaxValue,
            var days => days + EpochDays,
        });
    }
}

internal sealed class TimestampReader(string column) : FieldReader(column)
{
    private const long EpochMicroseconds = DateReader.EpochDays * 86_400_000_000L;

    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        Demand(value, sizeof(long));
        var sent = BinaryPrimitives.ReadInt64BigEndian(value);
        if (sent is long.MaxValue or long.MinValue)
        {
            builder.Append(sent == long.MaxValue ? long.MaxValue : -long.MaxValue);
            return;
        }

        // PostgreSQL reaches the year 294276; counted from 1970 the last three decades do not fit 64 bits.
        if (sent >= long.MaxValue - EpochMicroseconds) ThrowDateTime("timestamp");
        builder.Append(sent + EpochMicroseconds);
    }
}

internal sealed class TimeTzReader(string column) : FieldReader(column)
{
    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        Demand(value, 12);
        // The zone is sent in seconds west of UTC.
        builder.Append(ValueAppender.ToTimeTz(new PgTimeTz(
            BinaryPrimitives.ReadInt64BigEndian(value), -BinaryPrimitives.ReadInt32BigEndian(value[8..]))));
    }
}

internal sealed class IntervalReader(string column) : FieldReader(column)
{
    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        Demand(value, 16);
        var microseconds = BinaryPrimitives.ReadInt64BigEndian(value);
        var days = BinaryPrimitives.ReadInt32BigEndian(value[8..]);
        var months = BinaryPrimitives.ReadInt32BigEndian(value[12..]);
        // The infinite intervals of PostgreSQL 17, which has no finite interval of these parts.
        if ((months, days, microseconds) is (int.MaxValue, int.MaxValue, long.MaxValue) or (int.MinValue, int.MinValue, long.MinValue))
            ThrowDateTime("infinite interval");
        builder.Append(new PgInterval(months, days, microseconds));
    }
}
