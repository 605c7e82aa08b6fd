using Federation.Arrow;
using Federation.Execution;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Planner.Distribution;
using Federation.Session.Cursors;
using Federation.SessionApi;
using Batch = Federation.Arrow.Batch;
using Values = Federation.Plan.Values;

namespace Federation.Session.Statements;

/// <summary>
/// Runs queries with calls that only the session can make (<see cref="SessionCalls"/>), step by step: the rows below a call are computed
/// and kept, the calls are made for them in their order, and the rest of the plan reads the rows with the results.
/// </summary>
internal static class SessionSteps
{
    /// <param name="steps">The parts of WITH that were run before, for as long as the query runs; null for none.</param>
    public static async ValueTask<ExpandedQuery> ExpandAsync(QuerySession session, SessionServices services, QueryRequest request,
        BoundQuery query, KeptSteps? steps, CancellationToken cancellationToken)
    {
        (query, var readsSteps) = StatementSteps.Filled(session, query);
        var kept = new List<StreamedRows>();
        var spools = new List<RowSpool>();
        var calls = new StepCalls(session);
        try
        {
            while (SessionCalls.First(query.Plan) is { } step)
            {
                // What is left of the calls is found in the plan, which is numbered anew for each step.
                if (await TryCallAsync(session, step, request, calls, cancellationToken) is { } known)
                {
                    query = query with { Plan = known };
                    continue;
                }

                var inner = Inner(step, query);
                var fields = Fields(step, inner);
                var spool = new RowSpool(fields, services.SpillDirectory);
                spools.Add(spool);
                var below = request with
                {
                    Query = inner, Shortcut = null, BindWideAsync = null, Record = null, BeforeStartAsync = null,
                    Distribution = kept.Count > 0 || readsSteps ? DistributionOptions.SingleTask : request.Distribution,
                };
                await foreach (var batch in services.Runner.Run(below).ReadAsync(cancellationToken))
                    using (batch)
                        await CallAsync(step, inner, batch, spool, calls, cancellationToken);
                var rows = new StreamedRows(services, fields, spool.ReadAll);
                kept.Add(rows);
                query = Above(step, inner, query, rows);
            }
        }
        catch
        {
            await ReleaseAsync();
            throw;
        }

        return new ExpandedQuery(query with { HasSessionCalls = false }, kept.Count > 0 || readsSteps, ReleaseAsync);

        async ValueTask ReleaseAsync()
        {
            foreach (var rows in kept) await rows.DisposeAsync();
            foreach (var spool in spools) spool.Dispose();
            if (steps is not null) await steps.DisposeAsync();
        }
    }

    /// <summary>Calls over rows of values are made at once, and their results stand in the rows; null for all other calls.</summary>
    private static async ValueTask<LogicalPlan?> TryCallAsync(QuerySession session, SessionStep step, QueryRequest request,
        StepCalls calls, CancellationToken cancellationToken)
    {
        if (step.Input is not Values values) return null;
        var arguments = new List<object?[]>();
        var guards = new List<bool[]?>();
        foreach (var call in step.Calls)
        {
            var constants = await session.Names.ResolvingAsync(() => ValueTask.FromResult(call.Arguments.Select(argument =>
                PlanRewriter.Rewrite(argument, item => QueryPlanner.Substitute(item, request.Context))).ToArray()), cancellationToken);
            if (!Array.TrueForAll(constants, argument => argument is Constant)) return null;
            arguments.Add([.. constants.Select(argument => ((Constant)argument).Value)]);
            if (call.Guard is null)
            {
                guards.Add(null);
                continue;
            }

            var index = call.Guard is ColumnRef guard ? values.Outputs.ToList().IndexOf(guard.Column) : -1;
            if (index < 0 || !values.Rows.All(row => row[index] is Constant { Value: bool })) return null;
            guards.Add([.. values.Rows.Select(row => (bool)((Constant)row[index]).Value!)]);
        }

        for (var i = 0; i < step.Calls.Count; i++)
            if (step.Calls[i].Function.Name == "nextval" && arguments[i][0] is long oid)
                calls.Expect(new Oid((uint)oid), guards[i]?.Count(isMade => isMade) ?? values.Rows.Count);
        var rows = new EquatableArray<Expr>[values.Rows.Count];
        for (var row = 0; row < rows.Length; row++)
        {
            var results = new Expr[step.Calls.Count];
            for (var i = 0; i < results.Length; i++)
            {
                object? value = guards[i] is { } isMade && !isMade[row] ? null
                    : await calls.CallAsync(step.Calls[i].Function, arguments[i], cancellationToken);
                results[i] = new Constant(value, step.Calls[i].Result.Type);
            }

            rows[row] = values.Rows[row].Concat(results).ToEquatableArray();
        }

        if (rows.Length != 1 || values.Outputs.Count > 0)
            return step.Replace(new Values(rows.ToEquatableArray(),
                values.Outputs.Concat(step.Calls.Select(call => call.Result)).ToEquatableArray()));
        // A row of constants alone needs no kernel.
        var known = step.Calls.Select((call, i) => (call.Result.Id, Value: rows[0][i])).ToDictionary(item => item.Id, item => item.Value);
        return PlanRewriter.RewriteExpressions(step.Replace(values), item =>
            item is ColumnRef reference && known.TryGetValue(reference.Column.Id, out var value) ? value : item);
    }

    /// <summary>The rows below the calls: the columns that the rest of the plan needs, then arguments and conditions.</summary>
    private static BoundQuery Inner(SessionStep step, BoundQuery query)
    {
        var rest = step.Replace(new Values([], step.Calls.Select(call => call.Result).ToEquatableArray()));
        var needed = PlanColumns.Of(PlanRewriter.Nodes(rest).SelectMany(PlanRewriter.ExpressionsOf));
        var outputs = query.Outputs.Select(output => output.Column.Id).ToHashSet();
        var passed = step.Input.Columns.Where(column => needed.Contains(column.Id) || outputs.Contains(column.Id));
        var next = Math.Max(PlanColumns.HighestOf(step.Input), step.Calls.Max(call => call.Result.Id));
        var assignments = passed.Select(column => new Assignment(column, new ColumnRef(column))).ToList();
        foreach (var call in step.Calls)
            foreach (var argument in call.Arguments.Concat(call.Guard is null ? [] : [call.Guard]))
                assignments.Add(new Assignment(new Plan.Column(++next, "argument", argument.Type), argument));
        return new BoundQuery(new Project(step.Input, assignments.ToEquatableArray()),
            assignments.Select((item, i) => new OutputColumn($"c{i + 1}", item.Column)).ToEquatableArray(), query.ParameterTypes)
        {
            Tables = query.Tables, Views = query.Views,
        };
    }

    private static int ArgumentCount(SessionStep step) => step.Calls.Sum(call => call.Arguments.Count + (call.Guard is null ? 0 : 1));

    /// <summary>The columns of kept rows: those that were passed, then the results.</summary>
    private static EquatableArray<ResultField> Fields(SessionStep step, BoundQuery inner) => inner.Outputs
        .Take(inner.Outputs.Count - ArgumentCount(step)).Select(output => output.Column).Concat(step.Calls.Select(call => call.Result))
        .Select((column, i) => new ResultField($"c{i + 1}", column.Type, default, 0)).ToEquatableArray();

    private static async ValueTask CallAsync(SessionStep step, BoundQuery inner, Batch batch, RowSpool spool, StepCalls calls,
        CancellationToken cancellationToken)
    {
        var first = inner.Outputs.Count - ArgumentCount(step);
        using var results =
            new BatchBuilder(new BatchSchema(step.Calls.Select(call => new Field("", call.Result.Type)).ToEquatableArray()));
        Expect(step, first, batch, calls);
        for (var row = 0; row < batch.RowCount; row++)
        {
            var position = first;
            for (var i = 0; i < step.Calls.Count; i++)
            {
                var (function, isMade) = (step.Calls[i].Function, IsMade(step.Calls[i], position, batch, row));
                var arguments = new object?[step.Calls[i].Arguments.Count];
                for (var n = 0; n < arguments.Length; n++) arguments[n] = ValueOf(batch.Columns[position + n], row);
                position += arguments.Length + (step.Calls[i].Guard is null ? 0 : 1);
                results.Columns[i].AppendValue(isMade ? await calls.CallAsync(function, arguments, cancellationToken) : null);
            }

            results.EndRow();
        }

        using var made = results.Build();
        Arrow.Column[] columns = [.. batch.Columns.Take(first), .. made.Columns];
        for (var row = 0; row < batch.RowCount; row++) spool.AppendRow(columns, row);
    }

    /// <summary>Values of one sequence are taken for all rows at a time.</summary>
    private static void Expect(SessionStep step, int first, Batch batch, StepCalls calls)
    {
        var position = first;
        foreach (var call in step.Calls)
        {
            if (call.Function.Name == "nextval" && call.Arguments[0] is Constant { Value: long oid })
            {
                var count = 0;
                for (var row = 0; row < batch.RowCount; row++) count += IsMade(call, position, batch, row) ? 1 : 0;
                calls.Expect(new Oid((uint)oid), count);
            }

            position += call.Arguments.Count + (call.Guard is null ? 0 : 1);
        }
    }

    private static bool IsMade(SessionCall call, int position, Batch batch, int row)
    {
        if (call.Guard is null) return true;
        var guard = batch.Columns[position + call.Arguments.Count];
        return !guard.IsNull(row) && guard.GetBoolean(row);
    }

    private static object? ValueOf(Arrow.Column column, int row) => column.IsNull(row) ? null : column.Type.Storage switch
    {
        Storage.Boolean => column.GetBoolean(row),
        Storage.Int32 => (long)column.Get<int>(row),
        _ => column.Get<long>(row),
    };

    /// <summary>The rest of the plan over the kept rows.</summary>
    private static BoundQuery Above(SessionStep step, BoundQuery inner, BoundQuery query, StreamedRows rows)
    {
        var columns = inner.Outputs.Take(inner.Outputs.Count - ArgumentCount(step)).Select(output => output.Column)
            .Concat(step.Calls.Select(call => call.Result));
        var (scan, table) = rows.Scan(columns);
        return query with
        {
            Plan = step.Replace(scan),
            Tables = new Dictionary<TableSource, ResolvedTable>(query.Tables) { [table.Source] = table },
        };
    }
}
