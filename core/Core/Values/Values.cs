namespace Federation.Core.Values;

// The CLR forms of SQL values, used by constants, parameters, text and binary codecs and by scalar UDFs:
//   bool bool | int2 short | int4 int | int8, oid, reg*, xid, cid long | float4 float | float8 double | numeric PgNumeric
//   text, varchar, bpchar, name, json, jsonb, unknown and every type held as text: string | bytea byte[] | uuid Guid
//   date PgDate | time PgTime | timetz PgTimeTz | timestamp, timestamptz PgTimestamp | interval PgInterval | bit, varbit PgBits
//   text, varchar, json, jsonb and bytea parameters from LargeValue.LeastBytes on LargeValue
//   arrays PgArray | records object?[] | NULL null

/// <summary>Days since 1970-01-01, proleptic Gregorian. <see cref="int.MaxValue"/> and its negative are the infinities.</summary>
public readonly record struct PgDate(int Days)
{
    public static readonly PgDate Infinity = new(int.MaxValue);
    public static readonly PgDate NegativeInfinity = new(-int.MaxValue);

    public bool IsFinite => Days is not (int.MaxValue or -int.MaxValue);
}

/// <summary>Microseconds since midnight, 0 to 86,400,000,000 (24:00:00 is legal).</summary>
public readonly record struct PgTime(long Microseconds);

/// <summary>A time of day with the zone's offset in seconds east of UTC.</summary>
public readonly record struct PgTimeTz(long Microseconds, int OffsetSeconds);

/// <summary>
/// Microseconds since 1970-01-01 00:00:00 (UTC for timestamptz). <see cref="long.MaxValue"/> and its negative are the infinities.
/// </summary>
public readonly record struct PgTimestamp(long Microseconds)
{
    public static readonly PgTimestamp Infinity = new(long.MaxValue);
    public static readonly PgTimestamp NegativeInfinity = new(-long.MaxValue);

    public bool IsFinite => Microseconds is not (long.MaxValue or -long.MaxValue);
}

/// <summary>An interval: the three parts are independent, as in PostgreSQL.</summary>
public readonly record struct PgInterval(int Months, int Days, long Microseconds);

/// <summary>A bit string, first bit in the top bit of the first byte; unused bits of the last byte are 0.</summary>
public readonly record struct PgBits(int Length, EquatableArray<byte> Bytes);

/// <summary>
/// An array value: row-major items and the length and lower bound of each dimension; no dimension means the empty array.
/// </summary>
public sealed record PgArray(EquatableArray<object?> Items, EquatableArray<int> Lengths, EquatableArray<int> LowerBounds)
{
    public static PgArray Vector(params ReadOnlySpan<object?> items) =>
        items.IsEmpty ? new PgArray(default, default, default) : new PgArray(EquatableArray.Create(items), [items.Length], [1]);
}
