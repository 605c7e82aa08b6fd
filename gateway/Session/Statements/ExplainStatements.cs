using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Federation.Arrow;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Explain;
using Federation.Execution;
using Federation.Scheduling;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>EXPLAIN [ANALYZE], as text or JSON: fragments, what each source is sent, and what was not pushed and why.</summary>
internal static class ExplainStatements
{
    private sealed record Options(bool IsAnalyze, bool IsVerbose, bool IsJson);

    public static bool IsJson(ExplainStatement explain) => Read(explain).IsJson;

    public static RowPortal Open(QuerySession session, SessionServices services, PreparedStatement statement, ExplainStatement explain,
        EquatableArray<object?> parameters)
    {
        if (statement.Query is null)
            throw new SqlException(SqlState.FeatureNotSupported, "EXPLAIN of this statement is not supported");
        return new RowPortal(session, statement.Fields, token => RunAsync(session, services, statement, explain, parameters, token),
            _ => "EXPLAIN");
    }

    private static async IAsyncEnumerable<Batch> RunAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, ExplainStatement explain,
        EquatableArray<object?> parameters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var options = Read(explain);
        var request = QueryStatements.Request(session, services, statement, parameters);
        ExplainedWrite? write = null;
        Measured? measured = null;
        FragmentedPlan? planned = null;
        if (ExplainedWrites.IsWrite(explain))
        {
            write = await ExplainedWrites.FindAsync(session, statement, explain, cancellationToken);
            if (write is null) yield break;
            var start = Stopwatch.GetTimestamp();
            if (options.IsAnalyze
                && await ExplainedWrites.RunAsync(session, services, statement, explain, parameters, cancellationToken) is { } written)
                measured = new Measured(written.Rows, written.Report, Stopwatch.GetElapsedTime(start));
        }
        else if (options.IsAnalyze)
        {
            var run = services.Runner.Run(request);
            measured = await MeasureAsync(run, cancellationToken);
            planned = run.Plan;
        }

        if (measured?.Report.Scheduled is { } done)
        {
            yield return Describe(statement, done, options, measured, write);
            yield break;
        }

        var plan = planned
            ?? (write is null ? await services.Runner.PlanAsync(request, statement.Query!, cancellationToken)
                : await ExplainedWrites.PlanAsync(services, explain, request, cancellationToken));
        await using var scheduled = await ScheduledQuery.CreateAsync(plan, cancellationToken);
        yield return Describe(statement, scheduled, options, measured, write);
    }

    private static Batch Describe(PreparedStatement statement, ScheduledQuery query, Options options, Measured? measured,
        ExplainedWrite? write)
    {
        var lines = options.IsJson ? [Json(statement, query, measured, write)] : Text(statement, query, options, measured, write);
        return TextRows.Build(statement.Fields!.Value, lines.Select(line => new object?[] { line }));
    }

    /// <summary>A run of the statement that is over.</summary>
    private sealed record Measured(long Rows, QueryReport Report, TimeSpan Elapsed);

    private static async ValueTask<Measured> MeasureAsync(QueryRun run, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        await foreach (var batch in run.ReadAsync(cancellationToken)) batch.Dispose();
        return new Measured(run.Rows, run.Report, Stopwatch.GetElapsedTime(start));
    }

    private static IEnumerable<string> Text(PreparedStatement statement, ScheduledQuery query, Options options, Measured? measured,
        ExplainedWrite? write)
    {
        foreach (var scheduled in query.Fragments)
        {
            var fragment = scheduled.Fragment;
            var place = query.RemoteOnly is not null && write is null ? "streamed from the source" : fragment.Tasks > 1
                ? $"{Number(fragment.Tasks)} tasks"
                : query.Fragments.Count == 1 ? "on any worker" : "1 task";
            yield return $"Fragment {Number(fragment.Id)}  {place} -> {Destination(query, fragment, write)}";
            if (measured is not null)
                foreach (var line in MeasuredLines(query, fragment, measured)) yield return "  " + line;
            if (fragment.Merge is { } merge) yield return "  " + PlanText.Describe(merge);
            var isWriting = write is not null && fragment == query.Root.Fragment;
            if (isWriting) yield return "  " + write!.Line;
            foreach (var (index, line) in PlanText.Write(fragment.Plan, scheduled.Notes).Index())
                yield return (!isWriting ? "  " : index == 0 ? "  └─ " : "     ") + line;
            if (!options.IsVerbose) continue;
            yield return "  Task SQL:";
            yield return "    " + scheduled.Tasks[0].Sql;
        }

        if (query.Plan.KeptWhole is { } reason) yield return $"Not spread over workers: {reason}";
        if (measured is { Report.Retries: > 0 and var retries }) yield return $"Workers lost while it ran: {Number(retries)}";
        yield return $"Catalog version {statement.CatalogVersion.Version.ToString(CultureInfo.InvariantCulture)}";
    }

    /// <summary>Who reads the rows, and how they are dealt out.</summary>
    private static string Destination(ScheduledQuery query, Fragment fragment, ExplainedWrite? write)
    {
        if (fragment.Output is Core.Tasks.TaskOutput.WriteFiles) return "files of the table";
        if (fragment == query.Root.Fragment) return write is null ? "client (stream)" : "changes of the table";
        var readers = query.Fragments
            .Where(other => other.Fragment.Query.Inputs.Any(input => input.Source is RemoteSource source && source.Fragment == fragment.Id))
            .Select(other => Number(other.Fragment.Id)).ToArray();
        var kind = fragment.Output switch
        {
            Core.Tasks.TaskOutput.Hash hash =>
                $"hash of {string.Join(", ", hash.KeyColumns.Select(key => fragment.Query.Columns[key].Name))} in "
                    + $"{Number(hash.Partitions)} partitions",
            Core.Tasks.TaskOutput.Broadcast => "broadcast",
            _ => "gather",
        };
        return $"{kind} to fragment {string.Join(", ", readers)}";
    }

    private static IEnumerable<string> MeasuredLines(ScheduledQuery query, Fragment fragment, Measured measured)
    {
        if (fragment == query.Root.Fragment)
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"actual: {measured.Rows} rows in {measured.Elapsed.TotalMilliseconds:0.000} ms from start to end");
            if (fragment.Output is not Core.Tasks.TaskOutput.WriteFiles) yield break;
            foreach (var (worker, report) in measured.Report.Of(fragment.Id))
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"  {Named(worker)}: {report.Rows} rows, {report.Bytes} bytes in {report.Files.Count} files, "
                        + $"{report.Elapsed.TotalMilliseconds:0.000} ms");
            yield break;
        }

        var tasks = measured.Report.Of(fragment.Id);
        yield return string.Create(CultureInfo.InvariantCulture,
            $"actual: {tasks.Sum(task => task.Report.Rows)} rows, {tasks.Sum(task => task.Report.Bytes)} bytes spooled, "
                + $"{Longest(tasks):0.000} ms");
        foreach (var (worker, report) in tasks)
            yield return string.Create(CultureInfo.InvariantCulture,
                $"  {Named(worker)}: {report.Rows} rows, {report.Bytes} bytes, {report.Elapsed.TotalMilliseconds:0.000} ms, "
                    + $"{report.Encoding.TotalMilliseconds:0.000} ms of it for the pages");
    }

    private static string Named(string worker) => worker.Length == 0 ? "this process" : worker;

    private static double Longest(IReadOnlyList<(string Worker, Core.Tasks.TaskReport Report)> tasks) =>
        tasks.Count == 0 ? 0 : tasks.Max(task => task.Report.Elapsed.TotalMilliseconds);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Json(PreparedStatement statement, ScheduledQuery query, Measured? measured, ExplainedWrite? write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer,
            new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartArray();
            json.WriteStartObject();
            json.WriteNumber("Catalog Version", statement.CatalogVersion.Version);
            if (measured is not null)
            {
                json.WriteNumber("Actual Rows", measured.Rows);
                json.WriteNumber("Execution Time", Math.Round(measured.Elapsed.TotalMilliseconds, 3));
            }

            if (query.Plan.KeptWhole is { } reason) json.WriteString("Not Spread", reason);
            json.WriteStartArray("Fragments");
            foreach (var scheduled in query.Fragments) WriteFragment(json, query, scheduled, measured, write);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteFragment(Utf8JsonWriter json, ScheduledQuery query, ScheduledFragment scheduled, Measured? measured,
        ExplainedWrite? write)
    {
        var fragment = scheduled.Fragment;
        json.WriteStartObject();
        json.WriteNumber("Fragment", fragment.Id);
        json.WriteNumber("Tasks", fragment.Tasks);
        json.WriteString("Output", fragment == query.Root.Fragment && write is null ? "client" : Destination(query, fragment, write));
        if (measured is not null && fragment != query.Root.Fragment)
        {
            var tasks = measured.Report.Of(fragment.Id);
            json.WriteNumber("Actual Rows", tasks.Sum(task => task.Report.Rows));
            json.WriteNumber("Spooled Bytes", tasks.Sum(task => task.Report.Bytes));
            json.WriteNumber("Execution Time", Math.Round(Longest(tasks), 3));
        }

        if (fragment.Merge is { } merge) json.WriteString("Merge", PlanText.Describe(merge));
        json.WriteString("SQL", scheduled.Tasks[0].Sql);
        json.WritePropertyName("Plan");
        if (write is null || fragment != query.Root.Fragment)
        {
            WriteNode(json, fragment.Plan, scheduled.Notes);
        }
        else
        {
            json.WriteStartObject();
            json.WriteString("Node Type", "ModifyTable");
            json.WriteString("Description", write.Line);
            json.WriteString("Relation Name", write.Table);
            json.WriteString("Schema", write.Schema);
            json.WriteStartArray("Plans");
            WriteNode(json, fragment.Plan, scheduled.Notes);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteNode(Utf8JsonWriter json, LogicalPlan plan, IReadOnlyDictionary<Scan, ScanNotes> notes)
    {
        json.WriteStartObject();
        json.WriteString("Node Type", plan.GetType().Name);
        json.WriteString("Description", PlanText.Describe(plan));
        if (plan is Scan scan)
        {
            json.WriteString("Relation Name", scan.Source.Table);
            json.WriteString("Schema", scan.Source.Schema);
            json.WriteString("Catalog", scan.Source.Catalog);
            if (notes.GetValueOrDefault(scan)?.RemoteSql is { } sql) json.WriteString("Remote SQL", sql);
            WriteList(json, "Pushed Filters", scan.Filters.Select(ExprPrinter.Print));
            if (scan.Subtree is { } subtree) WriteList(json, "Pushed Parts", subtree.Parts);
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
                        "xml" or "yaml" =>
                            throw new SqlException(SqlState.FeatureNotSupported, $"EXPLAIN format \"{Value(option)}\" is not supported"),
                        var other =>
                            throw new SqlException(SqlState.InvalidParameterValue,
                                $"unrecognized value for EXPLAIN option \"format\": \"{other}\"") { Position = option.Span.Position },
                    };
                    break;
                case "costs" or "settings" or "buffers" or "wal" or "timing" or "summary": IsOn(option); break;
                default: throw new SqlException(SqlState.SyntaxError, $"unrecognized EXPLAIN option \"{option.Name}\"")
                    { Position = option.Span.Position };
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
