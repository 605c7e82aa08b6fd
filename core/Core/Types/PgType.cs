namespace Federation.Core.Types;

/// <summary>How a value of a type lies in a batch column and in the kernel.</summary>
public enum Storage
{
    /// <summary>One byte per value in the kernel, one bit in Arrow buffers.</summary>
    Boolean,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,

    /// <summary>Scaled integer: 2, 4, 8 or 16 bytes by precision (up to 4, 9, 18, 38 digits).</summary>
    Decimal,

    /// <summary>UTF-8 text, or raw bytes for <c>bytea</c>.</summary>
    Text,
    Bytes,

    /// <summary>Int32 days since 1970-01-01; int max and its negative are the infinities.</summary>
    Date,

    /// <summary>Int64 microseconds since midnight.</summary>
    Time,

    /// <summary>Int64: microseconds in the upper 40 bits, the zone offset in the lower 24 bits (the kernel's dtime_tz_t).</summary>
    TimeTz,

    /// <summary>Int64 microseconds since 1970-01-01 (UTC for timestamptz); long max and its negative are the infinities.</summary>
    Timestamp,

    /// <summary>16 bytes: int32 months, int32 days, int64 microseconds.</summary>
    Interval,

    /// <summary>16 bytes: the kernel's hugeint form with the top bit flipped, so that integer order is uuid order.</summary>
    Uuid,

    /// <summary>Bit string: the kernel's BIT blob (first byte = number of padding bits, padding bits set to one).</summary>
    Bit,
    List,
    Struct,
}

/// <summary>
/// One row of the type table: what PostgreSQL calls the type and how it is held here.
/// <paramref name="Length"/> is pg_type.typlen, <paramref name="Category"/> is pg_type.typcategory, <paramref name="Kind"/> is
/// pg_type.typtype.
/// <paramref name="KernelName"/> is the kernel's SQL type of a value without modifiers.
/// </summary>
public sealed record PgType(
    Oid Oid,
    string Name,
    Oid ArrayOid,
    short Length,
    char Category,
    bool IsPreferred,
    char Kind,
    Storage Storage,
    string KernelName)
{
    /// <summary>The SQL spelling when it is not the catalog name, for instance "integer" for int4 (format_type).</summary>
    public string DisplayName { get; init; } = Name;

    /// <summary>Set for types of attached servers.</summary>
    public SourceType? Source { get; init; }

    public bool IsEnum => Kind == 'e';

    public bool IsPseudo => Kind == 'p';

    public override string ToString() => DisplayName;
}
