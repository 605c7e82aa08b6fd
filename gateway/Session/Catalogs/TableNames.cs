using Federation.Planner.Functions;
using Federation.Sql.Syntax;

namespace Federation.Session.Catalogs;

/// <summary>
/// Finds the tables that a statement names, so that they can be loaded before binding, which does no I/O. Tables of functions written in SQL are among them, those
/// that tell the names behind oid::regclass, and names of common table expressions; looking those up is harmless.
/// </summary>
internal static class TableNames
{
    public static IReadOnlyList<TableName> Of(SyntaxNode node)
    {
        var found = new List<TableName>();
        Collect(node, found);
        return found;
    }

    private static void Collect(SyntaxNode node, List<TableName> found)
    {
        if (node is TableName table) found.Add(table);
        if (node is FunctionCall call && !IsAnsweredBySession(call))
            foreach (var body in SqlFunctions.Named(call.Name.Name)) Collect(body, found);
        if (node is CastExpression { Operand: not StringLiteral } cast && SqlFunctions.OutputOf(cast.Type.Name.Name) is { } output) Collect(output, found);
        foreach (var child in SyntaxTree.Children(node)) Collect(child, found);
    }

    /// <summary>current_setting('name') is the session's own answer and needs no table.</summary>
    private static bool IsAnsweredBySession(FunctionCall call) => SqlFunctions.YieldsToSession(call.Name.Name) && call.Arguments.All(argument => argument.Value is StringLiteral or BooleanLiteral or NullLiteral);
}
