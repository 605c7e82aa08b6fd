using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Functions over catalog rows.</summary>
internal static class CatalogFunctions
{
    public static readonly ScalarFunction[] All =
    [
        new("pg_format_type", [SqlType.Oid, SqlType.Int4], SqlType.Text, static (ref FunctionRow row) =>
        {
            if (row.IsNull(0)) row.SetNull();
            else row.Set(FormatType(row.Get<long>(0), row.IsNull(1) ? -1 : row.GetInt32(1)));
        }) { IsStrict = false },
    ];

    /// <summary>Types of PostgreSQL's catalog that no value here has.</summary>
    private static readonly Dictionary<long, string> s_internal = new()
    {
        [32] = "pg_ddl_command", [269] = "table_am_handler", [325] = "index_am_handler", [2280] = "language_handler",
        [2970] = "txid_snapshot", [3115] = "fdw_handler", [3310] = "tsm_handler",
        [3361] = "pg_ndistinct", [3402] = "pg_dependencies", [3642] = "gtsvector", [3838] = "event_trigger", [4451] = "int4multirange",
        [4532] = "nummultirange", [4533] = "tsmultirange",
        [4534] = "tstzmultirange", [4535] = "datemultirange", [4536] = "int8multirange", [4538] = "anycompatiblemultirange",
        [4600] = "pg_brin_bloom_summary",
        [4601] = "pg_brin_minmax_multi_summary", [5017] = "pg_mcv_list", [5038] = "pg_snapshot",
    };

    private static readonly Dictionary<long, long> s_internalArrays = new()
    {
        [2949] = 2970, [3644] = 3642, [5039] = 5038, [6150] = 4451, [6151] = 4532, [6152] = 4533, [6153] = 4534, [6155] = 4535,
        [6157] = 4536,
    };

    private static string FormatType(long oid, int modifier) =>
        oid == 0 ? "-" : SqlType.FromOid(new Oid((uint)oid), modifier)?.ToString() ?? InternalName(oid) ?? "???";

    private static string? InternalName(long oid) =>
        s_internal.TryGetValue(oid, out var name)
            ? name
            : s_internalArrays.TryGetValue(oid, out var element) ? s_internal[element] + "[]" : null;
}
