using System.Runtime.InteropServices;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.DuckDb;

/// <summary>duckdb_type: the ids of logical types that the gateway knows.</summary>
internal enum KernelTypeId
{
    Invalid = 0,
    Boolean = 1,
    TinyInt = 2,
    SmallInt = 3,
    Integer = 4,
    BigInt = 5,
    UTinyInt = 6,
    USmallInt = 7,
    UInteger = 8,
    UBigInt = 9,
    Float = 10,
    Double = 11,
    Timestamp = 12,
    Date = 13,
    Time = 14,
    Interval = 15,
    HugeInt = 16,
    Varchar = 17,
    Blob = 18,
    Decimal = 19,
    TimestampS = 20,
    TimestampMs = 21,
    TimestampNs = 22,
    Enum = 23,
    List = 24,
    Struct = 25,
    Map = 26,
    Uuid = 27,
    Union = 28,
    Bit = 29,
    TimeTz = 30,
    TimestampTz = 31,
    UHugeInt = 32,
    Array = 33,
    SqlNull = 36,
}

/// <summary>Between the type table and the kernel's logical types.</summary>
internal static unsafe class KernelTypes
{
    /// <summary>The logical type whose SQL name is <see cref="SqlType.KernelName"/>.</summary>
    public static LogicalTypeHandle Create(SqlType type)
    {
        if (type.Element is { } element)
        {
            using var item = Create(element);
            return new LogicalTypeHandle(NativeMethods.duckdb_create_list_type(item));
        }

        if (type is { IsNumeric: true, Decimal: { } shape })
            return new LogicalTypeHandle(NativeMethods.duckdb_create_decimal_type(shape.Precision, shape.Scale));
        if (type.IsRecord) return CreateStruct(type);
        return new LogicalTypeHandle(NativeMethods.duckdb_create_logical_type((int)IdOf(type)));
    }

    /// <summary>The kernel's SQL name of a logical type, spelled as <see cref="SqlType.KernelName"/> spells it.</summary>
    public static string NameOf(LogicalTypeHandle type)
    {
        var id = (KernelTypeId)NativeMethods.duckdb_get_type_id(type);
        switch (id)
        {
            case KernelTypeId.Decimal:
                return $"DECIMAL({NativeMethods.duckdb_decimal_width(type)},{NativeMethods.duckdb_decimal_scale(type)})";
            case KernelTypeId.List:
            {
                using var child = new LogicalTypeHandle(NativeMethods.duckdb_list_type_child_type(type));
                return NameOf(child) + "[]";
            }

            case KernelTypeId.Struct:
            {
                var fields = new string[(int)NativeMethods.duckdb_struct_type_child_count(type)];
                for (var i = 0; i < fields.Length; i++)
                {
                    using var child = new LogicalTypeHandle(NativeMethods.duckdb_struct_type_child_type(type, (ulong)i));
                    var name = TakeString(NativeMethods.duckdb_struct_type_child_name(type, (ulong)i));
                    fields[i] = $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\" {NameOf(child)}";
                }

                return $"STRUCT({string.Join(", ", fields)})";
            }

            case KernelTypeId.TimeTz: return "TIMETZ";
            case KernelTypeId.TimestampTz: return "TIMESTAMPTZ";
            case KernelTypeId.TimestampS: return "TIMESTAMP_S";
            case KernelTypeId.TimestampMs: return "TIMESTAMP_MS";
            case KernelTypeId.TimestampNs: return "TIMESTAMP_NS";
            case KernelTypeId.SqlNull: return "\"NULL\"";
            default: return id.ToString().ToUpperInvariant();
        }
    }

    /// <summary>The type of the table that holds values of a logical type; null when there is none (HUGEINT, unsigned, maps …).</summary>
    public static SqlType? ToSqlType(LogicalTypeHandle type)
    {
        switch ((KernelTypeId)NativeMethods.duckdb_get_type_id(type))
        {
            case KernelTypeId.Boolean: return SqlType.Bool;
            case KernelTypeId.SmallInt: return SqlType.Int2;
            case KernelTypeId.Integer: return SqlType.Int4;
            case KernelTypeId.BigInt: return SqlType.Int8;
            case KernelTypeId.Float: return SqlType.Float4;
            case KernelTypeId.Double: return SqlType.Float8;
            case KernelTypeId.Varchar: return SqlType.Text;
            case KernelTypeId.Blob: return SqlType.Bytea;
            case KernelTypeId.Date: return SqlType.Date;
            case KernelTypeId.Time: return SqlType.Time;
            case KernelTypeId.TimeTz: return SqlType.Timetz;
            case KernelTypeId.Timestamp: return SqlType.Timestamp;
            case KernelTypeId.TimestampTz: return SqlType.Timestamptz;
            case KernelTypeId.Interval: return SqlType.Interval;
            case KernelTypeId.Uuid: return SqlType.Uuid;
            case KernelTypeId.Bit: return SqlType.Of(PgTypes.Varbit);
            case KernelTypeId.Decimal:
                return SqlType.NumericOf(NativeMethods.duckdb_decimal_width(type), NativeMethods.duckdb_decimal_scale(type));
            case KernelTypeId.List:
            {
                using var child = new LogicalTypeHandle(NativeMethods.duckdb_list_type_child_type(type));
                return ToSqlType(child) is { } element ? SqlType.Array(element) with { Decimal = null } : null;
            }

            case KernelTypeId.Struct:
            {
                var fields = new RecordField[(int)NativeMethods.duckdb_struct_type_child_count(type)];
                for (var i = 0; i < fields.Length; i++)
                {
                    using var child = new LogicalTypeHandle(NativeMethods.duckdb_struct_type_child_type(type, (ulong)i));
                    var name = TakeString(NativeMethods.duckdb_struct_type_child_name(type, (ulong)i));
                    if (ToSqlType(child) is not { } field) return null;
                    fields[i] = new RecordField(name, field);
                }

                return SqlType.Record(fields);
            }

            default: return null;
        }
    }

    public static string BorrowString(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    public static string TakeString(byte* text)
    {
        var value = BorrowString(text);
        NativeMethods.duckdb_free(text);
        return value;
    }

    private static LogicalTypeHandle CreateStruct(SqlType type)
    {
        // The kernel has no empty struct; SqlType.KernelName uses the same stand-in field.
        RecordField[] fields = type.Fields.Count == 0 ? [new RecordField("_", SqlType.Int4)] : [.. type.Fields];
        var children = new LogicalTypeHandle[fields.Length];
        var types = stackalloc nint[fields.Length];
        var names = stackalloc byte*[fields.Length];
        try
        {
            for (var i = 0; i < fields.Length; i++)
            {
                children[i] = Create(fields[i].Type);
                types[i] = children[i].DangerousGetHandle();
                names[i] = (byte*)Marshal.StringToCoTaskMemUTF8(fields[i].Name);
            }

            return new LogicalTypeHandle(NativeMethods.duckdb_create_struct_type(types, names, (ulong)fields.Length));
        }
        finally
        {
            for (var i = 0; i < fields.Length; i++)
            {
                children[i]?.Dispose();
                Marshal.FreeCoTaskMem((nint)names[i]);
            }
        }
    }

    private static KernelTypeId IdOf(SqlType type) => type.Storage switch
    {
        Storage.Boolean => KernelTypeId.Boolean,
        Storage.Int16 => KernelTypeId.SmallInt,
        Storage.Int32 => KernelTypeId.Integer,
        Storage.Int64 => KernelTypeId.BigInt,
        Storage.Float32 => KernelTypeId.Float,
        Storage.Float64 => KernelTypeId.Double,
        Storage.Text => KernelTypeId.Varchar,
        Storage.Bytes => KernelTypeId.Blob,
        Storage.Date => KernelTypeId.Date,
        Storage.Time => KernelTypeId.Time,
        Storage.TimeTz => KernelTypeId.TimeTz,
        Storage.Timestamp => type.Base.KernelName == "TIMESTAMPTZ" ? KernelTypeId.TimestampTz : KernelTypeId.Timestamp,
        Storage.Interval => KernelTypeId.Interval,
        Storage.Uuid => KernelTypeId.Uuid,
        Storage.Bit => KernelTypeId.Bit,
        _ => throw new SqlException(SqlState.InternalError, $"type {type} has no kernel type"),
    };
}
