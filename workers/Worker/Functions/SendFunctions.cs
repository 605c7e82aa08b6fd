using System.Buffers.Binary;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Binary forms of values as bytea (the send functions of PostgreSQL): big-endian, moments counted from 2000-01-01.</summary>
internal static class SendFunctions
{
    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_send_integer", [SqlType.Int8, SqlType.Int4], SqlType.Bytea, static (ref FunctionRow row) =>
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(bytes, row.Get<long>(0));
            row.Set((ReadOnlySpan<byte>)bytes[^row.GetInt32(1)..]);
        }),
        new("pg_send_float", [SqlType.Float4], SqlType.Bytea, static (ref FunctionRow row) =>
        {
            Span<byte> bytes = stackalloc byte[sizeof(float)];
            BinaryPrimitives.WriteSingleBigEndian(bytes, row.Get<float>(0));
            row.Set((ReadOnlySpan<byte>)bytes);
        }),
        new("pg_send_float", [SqlType.Float8], SqlType.Bytea, static (ref FunctionRow row) =>
        {
            Span<byte> bytes = stackalloc byte[sizeof(double)];
            BinaryPrimitives.WriteDoubleBigEndian(bytes, row.Get<double>(0));
            row.Set((ReadOnlySpan<byte>)bytes);
        }),
        new("pg_send_date", [SqlType.Date], SqlType.Bytea, static (ref FunctionRow row) =>
        {
            var days = new PgDate(row.GetInt32(0));
            Span<byte> bytes = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(bytes,
                days.IsFinite ? days.Days - Calendar.PostgresEpochDays : days.Days > 0 ? int.MaxValue : int.MinValue);
            row.Set((ReadOnlySpan<byte>)bytes);
        }),
        Moment(SqlType.Timestamp),
        Moment(SqlType.Timestamptz),
        new("pg_send_timetz", [SqlType.Timetz], SqlType.Bytea, static (ref FunctionRow row) =>
        {
            var time = TimeTzForm.Unpack(row.Get<long>(0));
            Span<byte> bytes = stackalloc byte[sizeof(long) + sizeof(int)];
            BinaryPrimitives.WriteInt64BigEndian(bytes, time.Microseconds);
            BinaryPrimitives.WriteInt32BigEndian(bytes[sizeof(long)..], -time.OffsetSeconds);
            row.Set((ReadOnlySpan<byte>)bytes);
        }),
        new("pg_send_interval", [SqlType.Interval], SqlType.Bytea, static (ref FunctionRow row) =>
        {
            var interval = row.GetInterval(0);
            Span<byte> bytes = stackalloc byte[sizeof(long) + (2 * sizeof(int))];
            BinaryPrimitives.WriteInt64BigEndian(bytes, interval.Microseconds);
            BinaryPrimitives.WriteInt32BigEndian(bytes[8..], interval.Days);
            BinaryPrimitives.WriteInt32BigEndian(bytes[12..], interval.Months);
            row.Set((ReadOnlySpan<byte>)bytes);
        }),
        new("pg_send_numeric", [SqlType.Text], SqlType.Bytea,
            static (ref FunctionRow row) => row.Set(NumericForm.Of(PgNumeric.Parse(row.GetBytes(0))).AsSpan())),
    ];

    private static ScalarFunction Moment(SqlType type) => new("pg_send_timestamp", [type], SqlType.Bytea, static (ref FunctionRow row) =>
    {
        var moment = new PgTimestamp(row.Get<long>(0));
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes,
            moment.IsFinite ? moment.Microseconds - Calendar.PostgresEpochMicroseconds
                : moment.Microseconds > 0 ? long.MaxValue : long.MinValue);
        row.Set((ReadOnlySpan<byte>)bytes);
    });
}
