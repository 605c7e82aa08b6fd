using Federation.Planner.Functions;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Functions written in SQL: the body stands in the place of the call.</summary>
public sealed partial class Binder
{
    /// <summary>The bound body, or null when the function has none or the session answers the call itself.</summary>
    private Expr? BindBody(FunctionCall call, FunctionEntry function, EquatableArray<Expr> arguments)
    {
        if (SqlFunctions.Find(function) is not { } body) return null;
        if (SqlFunctions.YieldsToSession(function.Name) && arguments.All(argument => argument is Constant or Parameter)) return null;

        // Inside of the body's subquery an aggregate would be computed over the subquery's rows.
        if (arguments.Any(argument => PlanRewriter.Contains(argument, item => item is AggregateCall or WindowCall or SetCall)))
            throw new SqlException(SqlState.FeatureNotSupported, $"aggregates, window functions and sets as arguments of {function.Name} are not supported") { Position = call.Span.Position };

        return BindBody(body, function.Name, arguments);
    }

    /// <summary>oid::regclass::text: the name from the catalog. Constants have theirs from the session.</summary>
    private Expr? BindNameOfObject(CastExpression cast, Expr operand, SqlType target)
    {
        if (target.Category != 'S' || target.IsArray || operand is Constant or Parameter || SqlFunctions.NameOf(cast) is not { } body) return null;
        return Coerce(BindBody(body, operand.Type.ToString(), [operand]), target, CastContext.Explicit, cast.Span);
    }

    private Expr BindBody(Expression body, string name, EquatableArray<Expr> arguments)
    {
        var columns = arguments.Select((argument, i) => new ScopeColumn($"a{i + 1}", argument)).ToArray();
        var entry = new RangeEntry(SqlFunctions.ArgumentAlias, null, null, columns);
        return BindExpression(body, new BindScope(null) { Items = [new NamespaceItem(entry, IsTableVisible: true, AreColumnsVisible: false)] }, new ExpressionContext(name));
    }
}
