using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// CALL of the managed catalog's procedures, in Trino's spelling: <c>CALL lake.system.register_table('schema', 'table', '/location')</c>.
/// </summary>
internal static class CallStatements
{
    public static IPortal Open(QuerySession session, SessionServices services, CallStatement call) => FieldsOf(call) is { } fields
        ? new RowPortal(session, fields, token => RunRowsAsync(session, services, call.Call, token), _ => "CALL") { RunsFirst = true }
        : new CommandPortal(session, token => RunAsync(session, services, call.Call, token));

    /// <summary>Null for a procedure that gives no rows.</summary>
    public static EquatableArray<ResultField>? FieldsOf(CallStatement call) =>
        Find(call.Call) is { Fields: { Count: > 0 } fields } ? fields : null;

    private static Procedure? Find(FunctionCall call) =>
        call.Name.Parts.ToArray() is [TableResolver.ManagedCatalog or TableResolver.ManagedDatabase, "system", _] or ["system", _]
            ? Procedures.Find(call.Name.Name) : null;

    private static async IAsyncEnumerable<Batch> RunRowsAsync(QuerySession session, SessionServices services, FunctionCall call,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var procedure = Find(call)!;
        yield return TextRows.Build(procedure.Fields,
            await procedure.RunAsync(new ProcedureCall(session, services, procedure, call), cancellationToken));
    }

    private static async ValueTask<string> RunAsync(QuerySession session, SessionServices services, FunctionCall call,
        CancellationToken cancellationToken)
    {
        if (Find(call) is not { } procedure)
        {
            throw new SqlException(SqlState.UndefinedFunction,
                $"procedure {call.Name}({string.Join(", ", call.Arguments.Select(_ => "unknown"))}) does not exist")
                    { Position = call.Name.Span.Position, Hint = $"Procedures: {string.Join(", ", Procedures.All)}." };
        }

        await procedure.RunAsync(new ProcedureCall(session, services, procedure, call), cancellationToken);
        return "CALL";
    }
}
