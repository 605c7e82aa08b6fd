using System.Globalization;
using System.Text;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.Plan;
using Federation.Planner.Functions;
using Federation.Sql.Printing;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>pg_proc, and what functions such as pg_get_functiondef say about it.</summary>
internal static class FunctionRows
{
    private const long InternalLanguageOid = 12;
    private const long SqlLanguageOid = 14;

    private static readonly IReadOnlyDictionary<long, Row> s_details = StaticRows.Of("pg_proc", "pg_proc_details")
        .ToDictionary(row => (long)row["oid"]!);

    public static readonly IReadOnlyList<Row> Functions = FunctionCatalog.Instance.AllFunctions.OrderBy(function => function.Oid.Value)
        .Select(Function).ToArray();

    public static readonly IReadOnlyList<Row> Texts = Functions.Select(function =>
    {
        var details = s_details[(long)function["oid"]!];
        return new Row
        {
            ["oid"] = function["oid"], ["result"] = details["result"], ["arguments"] = details["arguments"],
            ["identity_arguments"] = details["identity_arguments"], ["sql_body"] = details["sql_body"],
            ["definition"] = Definition(function, details), ["name"] = SystemNames.Function((long)function["oid"]!),
            ["signature"] = SystemNames.Signature((long)function["oid"]!),
        };
    }).ToArray();

    private static Row Function(FunctionEntry function)
    {
        var row = new Row(s_details[function.Oid.Value])
        {
            ["proname"] = function.Name,
            ["pronamespace"] = SystemRows.PgCatalogOid,
            ["proowner"] = SystemRows.OwnerOid,
            ["prokind"] = function.Kind switch
            {
                FunctionKind.Aggregate => "a",
                FunctionKind.Window => "w",
                FunctionKind.Procedure => "p",
                _ => "f",
            },
            ["proisstrict"] = function.IsStrict,
            ["proretset"] = function.ReturnsSet,
            ["provolatile"] = Volatility(function),
            ["pronargs"] = (short)function.ArgumentTypes.Count,
            ["pronargdefaults"] = (short)function.DefaultCount,
            ["prorettype"] = (long)function.ResultType.Value,
            ["provariadic"] = (long)function.VariadicType.Value,
            ["proargtypes"] = PgArray.Vector([.. function.ArgumentTypes.Select(type => (object?)(long)type.Value)]),
        };
        return row;
    }

    private static string Volatility(FunctionEntry function) =>
        function.Volatility switch { Plan.Volatility.Immutable => "i", Plan.Volatility.Stable => "s", _ => "v" };

    /// <summary>
    /// CREATE FUNCTION as pg_get_functiondef prints it (ruleutils.c); null for aggregates, for which PostgreSQL raises an error.
    /// </summary>
    private static string? Definition(Row function, Row details)
    {
        var kind = (string)function["prokind"]!;
        if (kind == "a") return null;
        var language = (long)details["prolang"]!;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"CREATE OR REPLACE {(kind == "p" ? "PROCEDURE" : "FUNCTION")} "
                + $"pg_catalog.{SqlPrinter.QuoteReserved((string)function["proname"]!)}({details["arguments"]})\n");
        if (kind != "p") text.Append(CultureInfo.InvariantCulture, $" RETURNS {details["result"]}\n");
        text.Append(CultureInfo.InvariantCulture,
            $" LANGUAGE {language switch { InternalLanguageOid => "internal", SqlLanguageOid => "sql", _ => "c" }}\n");
        var properties = Properties(function, details, kind, language);
        if (properties.Length > 0) text.Append(properties).Append('\n');
        if (details["sql_body"] is string body) return text.Append(body).Append('\n').ToString();
        text.Append("AS ");
        if (details["probin"] is string library) text.Append(CultureInfo.InvariantCulture, $"'{library}', ");
        return text.Append(CultureInfo.InvariantCulture,
            $"${(kind == "p" ? "procedure" : "function")}${details["prosrc"]}${(kind == "p" ? "procedure" : "function")}$\n").ToString();
    }

    private static string Properties(Row function, Row details, string kind, long language)
    {
        var text = new StringBuilder();
        if (kind == "w") text.Append(" WINDOW");
        text.Append(function["provolatile"] switch { "i" => " IMMUTABLE", "s" => " STABLE", _ => "" });
        text.Append(details["proparallel"] switch { "s" => " PARALLEL SAFE", "r" => " PARALLEL RESTRICTED", _ => "" });
        if (function["proisstrict"] is true) text.Append(" STRICT");
        if (details["proleakproof"] is true) text.Append(" LEAKPROOF");

        // What is usual is left out: functions in C cost 1, others 100, and sets have 1000 rows.
        var cost = (float)details["procost"]!;
        if (cost != (language is InternalLanguageOid or 13 ? 1 : 100)) text.Append(CultureInfo.InvariantCulture, $" COST {cost}");
        var rows = (float)details["prorows"]!;
        if (rows > 0 && rows != 1000) text.Append(CultureInfo.InvariantCulture, $" ROWS {rows}");
        if (details["prosupport"] is long support and > 0)
            text.Append(CultureInfo.InvariantCulture, $" SUPPORT {FunctionCatalog.Instance.FindFunction(new Oid((uint)support))?.Name}");
        return text.ToString();
    }
}
