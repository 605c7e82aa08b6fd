using Federation.Core.Tasks;
using Federation.Execution;
using Federation.Planner;
using Federation.Scheduling;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>The table that an explained statement writes.</summary>
/// <param name="Operation">What PostgreSQL calls the node.</param>
internal sealed record ExplainedWrite(string Operation, string Schema, string Table)
{
    /// <summary>The line of the node above the plan.</summary>
    public string Line => $"{Operation} lake.{Schema}.{Table}";
}

/// <summary>Statements that change tables as EXPLAIN shows them and EXPLAIN ANALYZE runs them, which really writes.</summary>
internal static class ExplainedWrites
{
    /// <summary>Where the rows of a plan go that is only shown.</summary>
    private static readonly TaskOutput.WriteFiles s_anywhere = new("", [], []);

    /// <summary>Whether the explained statement writes a table.</summary>
    public static bool IsWrite(ExplainStatement explain) =>
        explain.Statement is InsertStatement or CreateTableAsStatement or DataChangeStatement;

    /// <summary>
    /// The table, after the checks that PostgreSQL makes before it shows a plan; null for one that is there already and is taken as it is.
    /// </summary>
    public static async ValueTask<ExplainedWrite?> FindAsync(QuerySession session, PreparedStatement statement, ExplainStatement explain,
        CancellationToken cancellationToken)
    {
        if (explain.Statement is InsertStatement && statement.Change is null)
        {
            await TableRights.RequireInsertAsync(session, statement, cancellationToken);
            return new ExplainedWrite("Insert on", statement.Target!.Schema, statement.Target.Name);
        }

        if (statement.Change is not null)
        {
            await TableRights.RequireChangeAsync(session, statement.Target!, statement.Change!.Rights, cancellationToken);
            var word = explain.Statement switch
            {
                UpdateStatement => "Update", DeleteStatement => "Delete", InsertStatement => "Insert", _ => "Merge",
            };
            return new ExplainedWrite($"{word} on", statement.Target!.Schema, statement.Target.Name);
        }

        var create = (CreateTableAsStatement)explain.Statement;
        return await TableStatements.PlaceAsync(session, create.Name, create.IfNotExists, cancellationToken,
            create.Temporary is not null) is { } schema
            ? new ExplainedWrite("Create table", schema.Name, create.Name.Name)
            : null;
    }

    /// <summary>Writes, as the statement by itself would; null when no query was run.</summary>
    /// <returns>How many rows, and what the tasks did.</returns>
    public static async ValueTask<(long Rows, QueryReport Report)?> RunAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, ExplainStatement explain,
        EquatableArray<object?> parameters, CancellationToken cancellationToken)
    {
        if (statement.Change is not null)
        {
            using var rows = await ChangeStatements.ChangeAsync(session, services, statement, parameters, cancellationToken);
            return rows.Report is { } report ? (rows.Count, report) : null;
        }

        var written = explain.Statement is CreateTableAsStatement create
            ? await TableStatements.MakeAsAsync(session, services, statement, create, parameters, cancellationToken)
            : await InsertStatements.RunAsync(session, services, statement, parameters, cancellationToken);
        return written?.Report is { } done ? (written.Rows, done) : null;
    }

    /// <summary>The rows of a change go to the gateway, which changes the table; those of other statements into files.</summary>
    public static ValueTask<FragmentedPlan> PlanAsync(SessionServices services, PreparedStatement statement, QueryRequest request,
        CancellationToken cancellationToken) => statement.Change is not null
        ? services.Runner.PlanAsync(request, request.Query, cancellationToken)
        : services.Runner.PlanWriteAsync(request, request.Query, s_anywhere, cancellationToken);
}
