using Federation.Planner.Functions;
using Federation.Sql.Syntax;

namespace Federation.Session.Catalogs;

/// <summary>
/// Finds the tables that a statement names, so that they can be loaded before binding, which does no I/O. Tables of functions written in
/// SQL are among them, those that tell the names behind oid::regclass, and names of common table expressions; looking those up is harmless.
/// </summary>
internal static class TableNames
{
    public static IReadOnlyList<TableName> Of(SyntaxNode node)
    {
        var found = new List<TableName>();
        Collect(node, found, new HashSet<SyntaxNode>(ReferenceEqualityComparer.Instance));
        return found;
    }

    /// <param name="bodies">Bodies of functions that were looked into: once is enough, and one may name another that names it.</param>
    private static void Collect(SyntaxNode node, List<TableName> found, HashSet<SyntaxNode> bodies)
    {
        if (node is TableName table) found.Add(table);
        if (node is FunctionCall call && !IsAnsweredBySession(call))
        {
            foreach (var body in SqlFunctions.Named(call.Name.Name)) CollectBody(body);
            if (TakesName(call)) CollectBody(SqlFunctions.InputOf("regclass"));
        }

        if (node is CastExpression { Operand: not StringLiteral } cast)
        {
            CollectBody(SqlFunctions.OutputOf(cast.Type.Name.Name));
            CollectBody(SqlFunctions.InputOf(cast.Type.Name.Name));
            if (cast.Operand is CastExpression named) CollectBody(SqlFunctions.OutputOf(named.Type.Name.Name));
        }

        foreach (var child in SyntaxTree.Children(node)) Collect(child, found, bodies);

        void CollectBody(SyntaxNode? body)
        {
            if (body is not null && bodies.Add(body)) Collect(body, found, bodies);
        }
    }

    /// <summary>pg_table_size(schema || '.' || name): a text may stand for a regclass.</summary>
    private static bool TakesName(FunctionCall call)
    {
        if (call.Arguments.All(argument => argument.Value is StringLiteral)) return false;
        foreach (var function in FunctionCatalog.Instance.FunctionsNamed(call.Name.Name))
            if (function.ArgumentTypes.Contains(PgTypes.Regclass.Oid))
                return true;
        return false;
    }

    /// <summary>current_setting('name') is the session's own answer and needs no table.</summary>
    private static bool IsAnsweredBySession(FunctionCall call) => SqlFunctions.YieldsToSession(call.Name.Name)
        && call.Arguments.All(argument => argument.Value is StringLiteral or BooleanLiteral or NullLiteral);
}
