using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>PREPARE, EXECUTE, DEALLOCATE and DISCARD. Names are shared with statements prepared by the protocol.</summary>
internal static class PreparedStatements
{
    public static async ValueTask<string> PrepareAsync(QuerySession session, PreparedStatement outer, PrepareStatement prepare, CancellationToken cancellationToken)
    {
        var declared = prepare.ParameterTypes.Select(type => (SqlType?)Planner.Binding.TypeNames.Bind(type)).ToArray();
        session.AddStatement(prepare.Name, await session.AnalyzeAsync(outer.Text, prepare.Statement, declared, cancellationToken));
        return "PREPARE";
    }

    public static IPortal Execute(QuerySession session, SessionServices services, ExecuteStatement execute)
    {
        var statement = session.FindStatement(execute.Name);
        if (execute.Arguments.Count != statement.ParameterTypes.Count)
        {
            throw new SqlException(SqlState.SyntaxError, $"wrong number of parameters for prepared statement \"{execute.Name}\"")
            {
                Detail = $"Expected {statement.ParameterTypes.Count} parameters but got {execute.Arguments.Count}.",
            };
        }

        var values = execute.Arguments.Select((argument, i) => Constants.Evaluate(session, argument, statement.ParameterTypes[i])).ToEquatableArray();
        return StatementHandlers.Open(session, services, statement, values);
    }

    public static string Deallocate(QuerySession session, DeallocateStatement deallocate)
    {
        if (deallocate.Name is not { } name)
        {
            session.CloseAllStatements();
            return "DEALLOCATE ALL";
        }

        session.FindStatement(name);
        session.CloseStatement(name);
        return "DEALLOCATE";
    }

    public static async ValueTask<string> DiscardAsync(QuerySession session, DiscardStatement discard)
    {
        if (discard.Target == DiscardTarget.All)
        {
            session.Transaction.RequireNoBlock("DISCARD ALL");
            await session.CloseCursorsAsync();
            session.CloseAllStatements();
            session.Settings.ResetAll();
        }

        return discard.Target switch
        {
            DiscardTarget.All => "DISCARD ALL",
            DiscardTarget.Plans => "DISCARD PLANS",
            DiscardTarget.Sequences => "DISCARD SEQUENCES",
            _ => "DISCARD TEMP",
        };
    }
}
