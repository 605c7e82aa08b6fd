using System.Globalization;
using Federation.Arrow;
using Federation.Core.Tasks;
using Federation.Core.Values;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Planner.Distribution;
using Federation.Plan;
using Federation.Execution;
using Federation.Scheduling;
using Federation.SessionApi;
using Federation.Sql.Syntax;
using Values = Federation.Plan.Values;

namespace Federation.Session.Statements;

/// <summary>SELECT, and the queries inside other statements.</summary>
internal static class QueryStatements
{
    public static IPortal Open(QuerySession session, SessionServices services, PreparedStatement statement,
        EquatableArray<object?> parameters) =>
        TryAnswer(session, statement, parameters) is { } row
            ? new ConstantPortal(statement.Fields, row)
            : new RowPortal(session, statement.Fields, token => RunAsync(session, services, statement, parameters, token),
                rows => $"SELECT {rows}");

    /// <summary>
    /// The row of a query over constants and parameters that needs neither the optimiser nor the kernel; null for every other query. A row
    /// that is the same for everybody stays with the statement.
    /// </summary>
    public static Arrow.Batch? TryAnswer(QuerySession session, PreparedStatement statement, EquatableArray<object?> parameters)
    {
        if (statement.Query is not { Plan: Project { Input: Values { Outputs.Count: 0, Rows.Count: 1 } } project }) return null;
        var constants = statement.Answer;
        if (constants is null)
        {
            if (!statement.MayAnswer) return null;
            var context = session.Execution(parameters);
            constants = new Constant[project.Assignments.Count];
            for (var i = 0; i < constants.Length; i++)
            {
                if (PlanRewriter.Rewrite(project.Assignments[i].Expression,
                    expression => QueryPlanner.Substitute(expression, context)) is not Constant constant) return null;
                constants[i] = constant;
            }

            if (parameters.Count == 0) statement.Answer = constants;
        }

        return ConstantRows.TryBuildRow(statement.AnswerSchema ??= ConstantRows.SchemaOf(project), constants);
    }

    /// <summary>
    /// A query over nothing but constants and immutable functions. PostgreSQL computes it while planning, so its errors come at Bind.
    /// </summary>
    public static bool IsConstant(PreparedStatement statement) =>
        statement is { Syntax: SelectStatement, Query.Plan: Project { Input: Values { Outputs.Count: 0, Rows.Count: 1 } } project }
        && project.Assignments.All(assignment => !PlanRewriter.Contains(assignment.Expression, item => item is Subquery or Parameter
            || (item is Call call && call.Function.Volatility != Volatility.Immutable)));

    /// <summary>Plans and runs the statement's query.</summary>
    public static IAsyncEnumerable<Batch> RunAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, EquatableArray<object?> parameters,
        CancellationToken cancellationToken)
    {
        if (statement.Query!.Locked.Values.FirstOrDefault() is { } strength) session.Transaction.RequireWritable($"SELECT FOR {strength}");
        var request = Request(session, services, statement, parameters) with { Shortcut = statement.Shortcut };
        var (query, settingCalls) = SettingCalls.Take(request.Query);
        if (settingCalls.Count == 0) return services.Runner.Run(request).ReadAsync(cancellationToken);
        request = request with
        {
            Query = query,
            Shortcut = null,
            BindWideAsync = async token => SettingCalls.Take(await session.Analyzer.BindWideAsync(statement, token)).Query,
        };
        return SettingCalls.RunAsync(session, services.Runner.Run(request).ReadAsync(cancellationToken), settingCalls, cancellationToken);
    }

    /// <summary>How the session runs a query that a statement makes for itself, which is not told of in the log.</summary>
    public static QueryRequest OwnRequest(QuerySession session, SessionServices services, BoundQuery query) =>
        new(query, session.Execution([]), Distribution(session, services), Settings(session, query.Plan))
        {
            ExpandAsync = (request, bound, token) => SessionSteps.ExpandAsync(session, services, request, bound, null, token),
        };

    /// <summary>How the session runs the statement's query.</summary>
    public static QueryRequest Request(QuerySession session, SessionServices services, PreparedStatement statement,
        EquatableArray<object?> parameters) =>
        Request(session, services, statement, statement.Query!, parameters);

    /// <summary>How the session runs a query that it makes for a statement.</summary>
    public static QueryRequest Request(QuerySession session, SessionServices services, PreparedStatement statement, BoundQuery query,
        EquatableArray<object?> parameters)
    {
        var record = session.Record;
        record?.Reads(statement.CatalogVersion.Version);
        var hasRun = false;
        return new QueryRequest(query, session.Execution(parameters), Distribution(session, services), Settings(session, query.Plan))
        {
            Length = statement.Text.Length + LengthOf(parameters),
            BindWideAsync = token => session.Analyzer.BindWideAsync(statement, token),
            BeforeStartAsync = token => SleepAsync(session, services, token),
            PlannedAsync = TrackedReads.Of(session, query),
            Record = record,
            Sources = session.Transaction.Sources,
            ExpandAsync = ExpandAsync,
        };

        // A query that is run again with wide numerics finds the rows of its steps as they are.
        async ValueTask<ExpandedQuery> ExpandAsync(QueryRequest request, BoundQuery bound, CancellationToken token)
        {
            if (!bound.HasSteps || statement.Steps.Count == 0 || hasRun)
                return await SessionSteps.ExpandAsync(session, services, request, bound, null, token);
            hasRun = true;
            var steps = await StatementSteps.RunAsync(session, services, statement, parameters, token);
            return await SessionSteps.ExpandAsync(session, services, request, bound, steps, token);
        }
    }

    /// <summary>pg_sleep: evaluated while the query is planned, done before it is run.</summary>
    private static async ValueTask SleepAsync(QuerySession session, SessionServices services, CancellationToken cancellationToken)
    {
        var sleep = session.TakeSleep();
        if (sleep > TimeSpan.Zero) await Task.Delay(sleep, services.Clock, cancellationToken);
    }

    /// <summary>About as many characters as parameters add to a statement.</summary>
    private static int LengthOf(EquatableArray<object?> parameters)
    {
        var length = 0L;
        foreach (var value in parameters)
            length += value switch
            {
                string text => text.Length,
                byte[] bytes => bytes.Length,
                LargeValue large => large.Bytes.Length,
                System.Collections.ICollection items => items.Count * 8L,
                _ => 8,
            };
        return (int)Math.Min(length, int.MaxValue / 2);
    }

    /// <summary>How far the session lets a plan be spread.</summary>
    public static DistributionOptions Distribution(QuerySession session, SessionServices services) =>
        session.Settings.Get("federation.distribution") switch
    {
        // Worker processes know the servers of the newest committed catalog and no others.
        _ when !session.Transaction.ReadsNewestCatalog => DistributionOptions.SingleTask,
        "off" => DistributionOptions.SingleTask,
        "large" => DistributionOptions.Large(services.Scheduler.WorkerCount),
        "always" => DistributionOptions.Always(services.Scheduler.WorkerCount),
        _ => new DistributionOptions(services.Scheduler.WorkerCount)
            { MinRows = long.Parse(session.Settings.Get("federation.distribution_min_rows"), CultureInfo.InvariantCulture) },
    };

    /// <summary>A zone that the kernel does not know is no hindrance to what does not depend on it.</summary>
    private static TaskSettings Settings(QuerySession session, LogicalPlan plan)
    {
        var zone = session.Settings.TextFormat.TimeZone;
        var name = KernelZones.NameOf(zone) ?? (ZoneUse.IsIn(plan) ? throw KernelZones.Unknown(zone) : "UTC");
        return new TaskSettings(name, session.Settings.Get("federation.disabled_optimizers"));
    }
}
