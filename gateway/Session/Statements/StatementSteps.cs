using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Session.Cursors;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>A part of a WITH that has statements which change rows: it is run by itself, once, before what stands behind it.</summary>
/// <param name="Table">The part, as the syntax has it.</param>
/// <param name="Statement">Its statement, analysed with the parts before it.</param>
/// <param name="Rows">What stands in plans for the rows that it gives.</param>
/// <param name="IsRun">False for a query that nothing reads.</param>
internal sealed record StatementStep(CommonTableExpression Table, PreparedStatement Statement, StepRows Rows, bool IsRun);

/// <summary>Stands in plans for the rows of a step, which are there when the plan is run.</summary>
internal sealed class StepRows(string name, EquatableArray<ResultField> fields) : ITableHandle, IScanPlanner
{
    public EquatableArray<ResultField> Fields => fields;

    /// <summary>The table that plans read.</summary>
    public ResolvedTable Table { get; private set; } = null!;

    public static StepRows Of(string name, EquatableArray<ResultField> fields)
    {
        var rows = new StepRows(name, fields);
        var columns = fields.Select((field, i) => new ConnectorColumn(fields.Take(i).Any(other => other.Name == field.Name)
            ? $"{field.Name}\u0001{i}"
            : field.Name, field.Type)).ToEquatableArray();
        rows.Table = new ResolvedTable(new TableSource("", "", $"{name}#{Guid.NewGuid():N}", -1), rows, columns) { Provider = rows };
        return rows;
    }

    /// <summary>Only EXPLAIN asks, which shows that there is such a part.</summary>
    public ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName,
        CancellationToken cancellationToken) => throw new SqlException(SqlState.FeatureNotSupported,
            $"the rows of \"{name}\" are known when the statement is run")
            { Hint = "EXPLAIN of statements that read what WITH changes is not supported; EXPLAIN ANALYZE runs them." };
}

/// <summary>Data-modifying statements in WITH: all parts see the state at the start of the statement, and each is run once.</summary>
internal static class StatementSteps
{
    /// <summary>The WITH in front of a statement, if one of its parts changes rows; null for all others.</summary>
    public static WithClause? Of(Statement? statement) => statement switch
    {
        SelectStatement select => Changing(select.Query.With),
        InsertStatement insert => Changing(insert.Source?.With),
        DataChangeStatement change => Changing(change.With),
        CreateTableAsStatement create => Changing(create.Query.With),
        CopyStatement { Query: { } query } => Changing(query.With),
        ExplainStatement explain => Of(explain.Statement),
        _ => null,
    };

    /// <summary>Raises 0A000 for a statement that may not have such parts.</summary>
    public static void Refuse(Query query, string message)
    {
        if (Changing(query.With) is not null) throw new SqlException(SqlState.FeatureNotSupported, message);
    }

    private static WithClause? Changing(WithClause? with) =>
        with is not null && with.Tables.Any(table => table.Statement is not SelectStatement) ? with : null;

    /// <summary>A part as a statement of its own, behind the parts before it.</summary>
    public static Statement Behind(CommonTableExpression table, WithClause with, int index)
    {
        var before = new WithClause(with.IsRecursive, with.Tables.Take(index).ToEquatableArray()) { Span = with.Span };
        if (table.Search is not null || table.Cycle is not null || (with.IsRecursive && Names(table.Statement, table.Name)))
        {
            // A recursive query is read under its own name.
            var whole = new Query(new SelectBody([new SelectItem(new Star([]), null)])
                { From = [new TableName(new QualifiedName([table.Name])) { Span = table.Span }], Span = table.Span }) { Span = table.Span };
            return new SelectStatement(whole with { With = before with { Tables = [.. before.Tables, table] } }) { Span = table.Span };
        }

        if (before.Tables.Count == 0) return table.Statement;
        return table.Statement switch
        {
            SelectStatement select => select with { Query = With(select.Query, before) },
            InsertStatement { Source: { } source } insert => insert with { Source = With(source, before) },
            DataChangeStatement change => change with
            {
                With = change.With is { } own
                    ? new WithClause(own.IsRecursive || before.IsRecursive,
                        [.. before.Tables.Where(item => own.Tables.All(other => other.Name != item.Name)), .. own.Tables])
                        { Span = own.Span }
                    : before,
            },
            _ => table.Statement,
        };
    }

    private static Query With(Query query, WithClause before) => query.With is null
        ? query with { With = before }
        : new Query(new NestedQuery(query) { Span = query.Span }) { With = before, Span = query.Span };

    /// <summary>Whether a part of the statement names a table so.</summary>
    public static bool Names(SyntaxNode node, string name) =>
        SyntaxTree.Find(node, item => item is TableName { Name.Parts: [var table] } && table == name) is not null;

    /// <summary>Runs the steps of a statement. The rows are there until the statement releases them.</summary>
    public static async ValueTask<KeptSteps> RunAsync(QuerySession session, SessionServices services, PreparedStatement statement,
        EquatableArray<object?> parameters, CancellationToken cancellationToken)
    {
        var kept = new KeptSteps(session);
        try
        {
            foreach (var step in statement.Steps)
            {
                if (!step.IsRun) continue;
                await TableRights.RequireReadsAsync(session, step.Statement, cancellationToken);
                var spool = kept.Add(step, services);
                await foreach (var batch in ReadStepAsync(session, services, step.Statement, parameters, cancellationToken)
                    .WithCancellation(cancellationToken))
                    using (batch)
                        spool?.Append(batch, 0);
            }

            return kept;
        }
        catch
        {
            await kept.DisposeAsync();
            throw;
        }
    }

    private static IAsyncEnumerable<Batch> ReadStepAsync(QuerySession session, SessionServices services, PreparedStatement statement,
        EquatableArray<object?> parameters, CancellationToken cancellationToken) => statement.Syntax switch
    {
        SelectStatement => QueryStatements.RunAsync(session, services, statement, parameters, cancellationToken),
        InsertStatement { OnConflict: null } => InsertStatements.RunStepAsync(session, services, statement, parameters, cancellationToken),
        _ => ChangeStatements.RunStepAsync(session, services, statement, parameters, cancellationToken),
    };

    /// <summary>The query with the rows of steps in the places that stand for them; whether there were any.</summary>
    public static (BoundQuery Query, bool ReadsSteps) Filled(QuerySession session, BoundQuery query)
    {
        if (!query.HasSteps) return (query, false);
        var tables = new Dictionary<TableSource, ResolvedTable>(query.Tables);
        var found = false;
        var plan = Fill(query.Plan);
        return (query with { Plan = plan, Tables = tables, HasSteps = false }, found);

        LogicalPlan Fill(LogicalPlan part) => PlanRewriter.Rewrite(part, node =>
        {
            node = PlanRewriter.MapOwnExpressions(node, expression => PlanRewriter.Rewrite(expression, item => item, Fill));
            if (node is not Scan { Handle: StepRows rows } scan || !session.StepRows.TryGetValue(rows, out var streamed)) return node;
            found = true;
            var (filled, table) = streamed.Scan(scan.Outputs.Select(output => output.Column),
                scan.Outputs.Select(output => rows.Table.Columns.ToList().FindIndex(column => column.Name == output.SourceName)));
            tables[table.Source] = table;
            return filled;
        });
    }
}

/// <summary>The rows that the steps of a running statement have given.</summary>
internal sealed class KeptSteps(QuerySession session) : IAsyncDisposable
{
    private readonly List<(StepRows Key, StreamedRows Rows, RowSpool Spool)> _kept = [];

    /// <summary>Where the rows of a step go; null for one that gives none.</summary>
    public RowSpool? Add(StatementStep step, SessionServices services)
    {
        if (step.Rows.Fields.Count == 0) return null;
        var fields = step.Rows.Fields.Select((field, i) => field with { Name = $"c{i + 1}" }).ToEquatableArray();
        var spool = new RowSpool(fields, services.SpillDirectory);
        var rows = new StreamedRows(services, fields, spool.ReadAll);
        _kept.Add((step.Rows, rows, spool));
        session.StepRows[step.Rows] = rows;
        return spool;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (key, rows, spool) in _kept)
        {
            if (session.StepRows.GetValueOrDefault(key) == rows) session.StepRows.Remove(key);
            await rows.DisposeAsync();
            spool.Dispose();
        }

        _kept.Clear();
    }
}
