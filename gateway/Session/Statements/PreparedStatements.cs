using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Plan;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>PREPARE, EXECUTE, DEALLOCATE and DISCARD. Names are shared with statements prepared by the protocol.</summary>
internal static class PreparedStatements
{
    public static async ValueTask<string> PrepareAsync(QuerySession session, PreparedStatement outer, PrepareStatement prepare,
        CancellationToken cancellationToken)
    {
        var declared = prepare.ParameterTypes.Select(type => (SqlType?)Planner.Binding.TypeNames.Bind(type)).ToArray();
        var prepared = await session.AnalyzeAsync(outer.Text, prepare.Statement, declared, cancellationToken);
        session.AddStatement(prepare.Name, prepared.FromSql());
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

        var arguments = execute.Arguments
            .Select((argument, i) => Constants.BindArgument(session, argument, i + 1, statement.ParameterTypes[i])).ToArray();
        if (Array.TrueForAll(arguments, argument => argument is Constant))
            return StatementHandlers.Open(session, services, statement,
                arguments.Select(argument => ((Constant)argument).Value).ToEquatableArray());
        if (statement.Syntax is not SelectStatement)
            throw new SqlException(SqlState.FeatureNotSupported, "only constants and session functions are supported here")
                { Position = execute.Arguments[0].Span.Position };
        return new RowPortal(session, statement.Fields, token => RunAsync(session, services, statement, arguments, token),
            rows => $"SELECT {rows}") { RunsFirst = true };
    }

    /// <summary>The values of EXECUTE's arguments, if they are constants and as many as there should be; null if not.</summary>
    public static EquatableArray<object?>? TryArguments(QuerySession session, ExecuteStatement execute, PreparedStatement statement)
    {
        if (statement.Query?.Tables.Values.Any(table => table.FollowsFolder) != true
            || execute.Arguments.Count != statement.ParameterTypes.Count) return null;
        var arguments = execute.Arguments
            .Select((argument, i) => Constants.BindArgument(session, argument, i + 1, statement.ParameterTypes[i])).ToArray();
        if (Array.TrueForAll(arguments, argument => argument is Constant))
            return arguments.Select(argument => ((Constant)argument).Value).ToEquatableArray();
        throw new SqlException(SqlState.FeatureNotSupported, "only constants and session functions are supported here")
            { Position = execute.Arguments[0].Span.Position };
    }

    private static async IAsyncEnumerable<Batch> RunAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, Expr[] arguments, [EnumeratorCancellation]
            CancellationToken cancellationToken)
    {
        var values = await Constants.ComputeAsync(session, services, arguments, cancellationToken);
        await foreach (var batch in QueryStatements.RunAsync(session, services, statement, values, cancellationToken)) yield return batch;
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

    public static async ValueTask<string> DiscardAsync(QuerySession session, DiscardStatement discard, CancellationToken cancellationToken)
    {
        if (discard.Target == DiscardTarget.All)
        {
            session.Transaction.RequireNoBlock("DISCARD ALL");
            await session.Portals.CloseCursorsAsync();
            session.CloseAllStatements();
            await session.Identity.ResetAsync(cancellationToken);
            session.Settings.ResetAll();
        }

        if (discard.Target is DiscardTarget.All or DiscardTarget.Temporary) await session.Temporary.DiscardAsync(cancellationToken);
        if (discard.Target == DiscardTarget.All) session.Locks.ReleaseAll();
        if (discard.Target is DiscardTarget.All or DiscardTarget.Sequences) session.Sequences.Forget();
        return discard.Target switch
        {
            DiscardTarget.All => "DISCARD ALL",
            DiscardTarget.Plans => "DISCARD PLANS",
            DiscardTarget.Sequences => "DISCARD SEQUENCES",
            _ => "DISCARD TEMP",
        };
    }
}
