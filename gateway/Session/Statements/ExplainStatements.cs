using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Federation.Arrow;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Explain;
using Federation.Scheduling;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>EXPLAIN [ANALYZE], as text or JSON: fragments, what each source is sent, and what was not pushed and why.</summary>
internal static class ExplainStatements
{
    private sealed record Options(bool IsAnalyze, bool IsVerbose, bool IsJson);

    public static bool IsJson(ExplainStatement explain) => Read(explain).IsJson;

    public static RowPortal Open(QuerySession session, SessionServices services, PreparedStatement statement, ExplainStatement explain, EquatableArray<object?> parameters)
    {
        if (statement.Query is null)
            throw new SqlException(SqlState.FeatureNotSupported, "EXPLAIN of this statement is not supported");
        return new RowPortal(session, statement.Fields, token => RunAsync(session, services, statement, Read(explain), parameters, token), _ => "EXPLAIN");
    }

    private static async IAsyncEnumerable<Batch> RunAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, Options options, EquatableArray<object?> parameters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var plan = QueryPlanner.Plan(statement.Query!, session.Execution(parameters));
        var settings = QueryStatements.Settings(session);
        var scheduled = await QueryScheduler.ScheduleAsync(plan, Guid.NewGuid(), settings, cancellationToken);
        var (rows, elapsed) = options.IsAnalyze ? await MeasureAsync(services, plan, settings, cancellationToken) : (-1L, TimeSpan.Zero);
        var lines = options.IsJson
            ? [Json(statement, scheduled, rows, elapsed)]
            : Text(statement, scheduled, options, rows, elapsed);
        yield return TextRows.Build(statement.Fields!.Value, lines.Select(line => new object?[] { line }));
    }

    private static async ValueTask<(long Rows, TimeSpan Elapsed)> MeasureAsync(
        SessionServices services, FragmentedPlan plan, Core.Tasks.TaskSettings settings, CancellationToken cancellationToken)
    {
        var rows = 0L;
        var start = Stopwatch.GetTimestamp();
        await foreach (var batch in services.Scheduler.ExecuteAsync(plan, settings, cancellationToken))
        {
            rows += batch.RowCount;
            batch.Dispose();
        }

        return (rows, Stopwatch.GetElapsedTime(start));
    }

    private static IEnumerable<string> Text(PreparedStatement statement, ScheduledFragment scheduled, Options options, long rows, TimeSpan elapsed)
    {
        var place = QueryScheduler.RemoteOnly(scheduled) is null ? "on any worker" : "streamed from the source";
        yield return $"Fragment {scheduled.Fragment.Id}  {place} -> client{Measured(rows, elapsed)}";
        foreach (var line in PlanText.Write(scheduled.Fragment.Plan, scheduled.Notes)) yield return "  " + line;
        if (options.IsVerbose)
        {
            yield return "Task SQL:";
            yield return "  " + scheduled.Task.Sql;
        }

        yield return $"Catalog version {statement.CatalogVersion.ToString(CultureInfo.InvariantCulture)}";
    }

    private static string Measured(long rows, TimeSpan elapsed) =>
        rows < 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"  ({rows} rows in {elapsed.TotalMilliseconds:0.000} ms)");

    private static string Json(PreparedStatement statement, ScheduledFragment scheduled, long rows, TimeSpan elapsed)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartArray();
            json.WriteStartObject();
            json.WriteNumber("Catalog Version", statement.CatalogVersion);
            if (rows >= 0)
            {
                json.WriteNumber("Actual Rows", rows);
                json.WriteNumber("Execution Time", Math.Round(elapsed.TotalMilliseconds, 3));
            }

            json.WriteStartArray("Fragments");
            json.WriteStartObject();
            json.WriteNumber("Fragment", scheduled.Fragment.Id);
            json.WriteString("Output", "client");
            json.WriteString("SQL", scheduled.Task.Sql);
            json.WritePropertyName("Plan");
            WriteNode(json, scheduled.Fragment.Plan, scheduled.Notes);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteNode(Utf8JsonWriter json, LogicalPlan plan, IReadOnlyDictionary<TableSource, ScanNotes> notes)
    {
        json.WriteStartObject();
        json.WriteString("Node Type", plan.GetType().Name);
        json.WriteString("Description", PlanText.Describe(plan));
        if (plan is Scan scan)
        {
            json.WriteString("Relation Name", scan.Source.Table);
            json.WriteString("Schema", scan.Source.Schema);
            json.WriteString("Catalog", scan.Source.Catalog);
            if (notes.GetValueOrDefault(scan.Source)?.RemoteSql is { } sql) json.WriteString("Remote SQL", sql);
            WriteList(json, "Pushed Filters", scan.Filters.Select(ExprPrinter.Print));
            WriteList(json, "Not Pushed", scan.NotPushed);
        }

        if (plan.Inputs.Count > 0)
        {
            json.WriteStartArray("Plans");
            foreach (var input in plan.Inputs) WriteNode(json, input, notes);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> items)
    {
        json.WriteStartArray(name);
        foreach (var item in items) json.WriteStringValue(item);
        json.WriteEndArray();
    }

    private static Options Read(ExplainStatement explain)
    {
        bool analyze = false, verbose = false, isJson = false;
        foreach (var option in explain.Options)
        {
            switch (option.Name)
            {
                case "analyze": analyze = IsOn(option); break;
                case "verbose": verbose = IsOn(option); break;
                case "format":
                    isJson = Value(option)?.ToLowerInvariant() switch
                    {
                        "json" => true,
                        "text" => false,
                        "xml" or "yaml" => throw new SqlException(SqlState.FeatureNotSupported, $"EXPLAIN format \"{Value(option)}\" is not supported"),
                        var other => throw new SqlException(SqlState.InvalidParameterValue, $"unrecognized value for EXPLAIN option \"format\": \"{other}\"") { Position = option.Span.Position },
                    };
                    break;
                case "costs" or "settings" or "buffers" or "wal" or "timing" or "summary": IsOn(option); break;
                default: throw new SqlException(SqlState.SyntaxError, $"unrecognized EXPLAIN option \"{option.Name}\"") { Position = option.Span.Position };
            }
        }

        return new Options(analyze, verbose, isJson);
    }

    private static string? Value(OptionItem option) => option.Value switch
    {
        StringLiteral literal => literal.Value,
        NumberLiteral literal => literal.Text,
        BooleanLiteral literal => literal.Value ? "true" : "false",
        ColumnReference reference => reference.Name,
        _ => null,
    };

    private static bool IsOn(OptionItem option) => Value(option)?.ToLowerInvariant() switch
    {
        null or "true" or "on" or "1" => true,
        "false" or "off" or "0" => false,
        _ => throw new SqlException(SqlState.SyntaxError, $"{option.Name} requires a Boolean value") { Position = option.Span.Position },
    };
}
