using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.FlightSql.Metadata;

/// <summary>
/// The types that ODBC and JDBC applications ask for, as data. Codes are those of XdbcDataType and XdbcDatetimeSubcode in FlightSql.proto,
/// which are ODBC's.
/// </summary>
internal static class XdbcTypes
{
    private const int Nullable = 1;
    private const int SearchableFully = 3;
    private const int DateTimeType = 9;

    /// <summary>
    /// Name, code, size (digits, characters or bytes), quotes around literals, parameters, radix and scales of numbers, subcode of dates
    /// and times.
    /// </summary>
    private static readonly Entry[] s_types =
    [
        new("numeric", 2, 1000, CreateParameters: ["precision", "scale"], Radix: 10, MinimumScale: 0, MaximumScale: 1000),
        new("integer", 4, 10, Radix: 10, MinimumScale: 0, MaximumScale: 0),
        new("smallint", 5, 5, Radix: 10, MinimumScale: 0, MaximumScale: 0),
        new("real", 7, 24, Radix: 2),
        new("double precision", 8, 53, Radix: 2),
        new("character", 1, 10_485_760, IsQuoted: true, CreateParameters: ["length"]),
        new("character varying", 12, 10_485_760, IsQuoted: true, CreateParameters: ["length"]),
        new("date", 91, 13, IsQuoted: true, Subcode: 1),
        new("time without time zone", 92, 15, IsQuoted: true, CreateParameters: ["precision"], MinimumScale: 0, MaximumScale: 6,
            Subcode: 2),
        new("timestamp without time zone", 93, 29, IsQuoted: true, CreateParameters: ["precision"], MinimumScale: 0, MaximumScale: 6,
            Subcode: 3),
        new("timestamp with time zone", 93, 35, IsQuoted: true, CreateParameters: ["precision"], MinimumScale: 0, MaximumScale: 6,
            Subcode: 3),
        new("text", -1, null, IsQuoted: true),
        new("json", -1, null, IsQuoted: true),
        new("jsonb", -1, null, IsQuoted: true),
        new("bytea", -3, null, IsQuoted: true),
        new("bigint", -5, 19, Radix: 10, MinimumScale: 0, MaximumScale: 0),
        new("boolean", -7, 1),
        new("uuid", -11, 36, IsQuoted: true),
        new("interval", 10, 49, IsQuoted: true),
    ];

    public static IpcSchema Schema { get; } = IpcSchema.Encode(new BatchSchema(
    [
        new("type_name", SqlType.Text), new("data_type", SqlType.Int4), new("column_size", SqlType.Int4),
        new("literal_prefix", SqlType.Text), new("literal_suffix", SqlType.Text),
        new("create_params", SqlType.Array(SqlType.Text)), new("nullable", SqlType.Int4), new("case_sensitive", SqlType.Bool),
        new("searchable", SqlType.Int4), new("unsigned_attribute", SqlType.Bool),
        new("fixed_prec_scale", SqlType.Bool), new("auto_increment", SqlType.Bool), new("local_type_name", SqlType.Text),
        new("minimum_scale", SqlType.Int4), new("maximum_scale", SqlType.Int4),
        new("sql_data_type", SqlType.Int4), new("datetime_subcode", SqlType.Int4), new("num_prec_radix", SqlType.Int4),
        new("interval_precision", SqlType.Int4),
    ]));

    /// <summary>All types, or those of one code, by code and name.</summary>
    public static IReadOnlyList<object?[]> Rows(int? code) =>
        [.. s_types.Where(type => code is null || type.Code == code).OrderBy(type => type.Code)
            .ThenBy(type => type.Name, StringComparer.Ordinal).Select(Row)];

    private static object?[] Row(Entry type)
    {
        var isNumber = type.Radix is not null;
        var quote = type.IsQuoted ? "'" : null;
        return
        [
            type.Name, type.Code, type.Size, quote, quote, PgArray.Vector([.. (object?[])(type.CreateParameters ?? [])]), Nullable,
            type.Code is 1 or 12 or -1, SearchableFully, isNumber ? false : null,
            false, isNumber ? false : null, type.Name, type.MinimumScale, type.MaximumScale,
            type.Subcode is null ? type.Code : DateTimeType, type.Subcode, type.Radix, null,
        ];
    }

    private sealed record Entry(
        string Name, int Code, int? Size, bool IsQuoted = false, string[]? CreateParameters = null, int? Radix = null,
        int? MinimumScale = null, int? MaximumScale = null, int? Subcode = null);
}
