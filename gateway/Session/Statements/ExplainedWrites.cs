using Federation.Core.Tasks;
using Federation.Execution;
using Federation.Planner;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>The table that an explained statement writes.</summary>
/// <param name="Operation">What PostgreSQL calls the node.</param>
internal sealed record ExplainedWrite(string Operation, string Schema, string Table)
{
    /// <summary>The line of the node above the plan.</summary>
    public string Line => $"{Operation} lake.{Schema}.{Table}";
}

/// <summary>INSERT and CREATE TABLE AS as EXPLAIN shows them and EXPLAIN ANALYZE runs them, which really writes.</summary>
internal static class ExplainedWrites
{
    /// <summary>Where the rows of a plan go that is only shown.</summary>
    private static readonly TaskOutput.WriteFiles s_anywhere = new("", [], []);

    /// <summary>Whether the explained statement writes a table.</summary>
    public static bool IsWrite(ExplainStatement explain) => explain.Statement is InsertStatement or CreateTableAsStatement;

    /// <summary>
    /// The table, after the checks that PostgreSQL makes before it shows a plan; null for one that is there already and is taken as it is.
    /// </summary>
    public static async ValueTask<ExplainedWrite?> FindAsync(QuerySession session, PreparedStatement statement, ExplainStatement explain,
        CancellationToken cancellationToken)
    {
        if (explain.Statement is InsertStatement)
        {
            await TableRights.RequireInsertAsync(session, statement.Target!, InsertStatements.InsertedColumns(statement),
                cancellationToken);
            return new ExplainedWrite("Insert on", statement.Target!.Schema, statement.Target.Name);
        }

        var create = (CreateTableAsStatement)explain.Statement;
        return await TableStatements.PlaceAsync(session, create.Name, create.IfNotExists, cancellationToken) is { } schema
            ? new ExplainedWrite("Create table", schema.Name, create.Name.Name)
            : null;
    }

    /// <summary>Writes, as the statement by itself would; null when no query was run.</summary>
    public static async ValueTask<WrittenTable?> RunAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, ExplainStatement explain,
        EquatableArray<object?> parameters, CancellationToken cancellationToken) =>
        explain.Statement is CreateTableAsStatement create
            ? await TableStatements.MakeAsAsync(session, services, statement, create, parameters, cancellationToken)
            : await InsertStatements.RunAsync(session, services, statement, parameters, cancellationToken);

    public static ValueTask<FragmentedPlan> PlanAsync(SessionServices services, QueryRequest request,
        CancellationToken cancellationToken) =>
        services.Runner.PlanWriteAsync(request, request.Query, s_anywhere, cancellationToken);
}
