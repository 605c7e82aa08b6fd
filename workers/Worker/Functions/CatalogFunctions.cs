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

    private static string FormatType(long oid, int modifier) => oid == 0 ? "-" : SqlType.FromOid(new Oid((uint)oid), modifier)?.ToString() ?? "???";
}
