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

        if (!CanBeArguments(arguments))
            throw new SqlException(SqlState.FeatureNotSupported,
                $"aggregates, window functions and sets as arguments of {function.Name} are not supported")
                    { Position = call.Span.Position };
        return BindBody(body, function.Name, arguments);
    }

    /// <summary>
    /// The text of a reg type's value: the name from the catalog. Null where it comes from elsewhere: from the session for constants, from
    /// the type's own name for regtype.
    /// </summary>
    private Expr? NameOfObject(Expr value, SqlType target, SourceSpan span)
    {
        if (target.Category != 'S' || target.IsArray || value.Type.IsArray || value is Constant or Parameter
            || SqlFunctions.OutputOf(value.Type.Base.Name) is not { } body) return null;
        if (!CanBeArguments([value])
            || SyntaxTree.Find(body, node => node is TableName table && _context.FindTable(table) is null) is not null)
            // A type that comes of no cast is shown by its own name, without the schema that the search path may not lead to.
            return value.Type.Base == PgTypes.Regtype
                ? null
                : throw new SqlException(SqlState.FeatureNotSupported, $"the conversion of this {value.Type} to {target} is not supported")
                    { Position = span.Position, Hint = $"Cast its OID to {value.Type} and to text." };
        return Coerce(BindBody(body, value.Type.ToString(), [value]), target, CastContext.Explicit, span);
    }

    /// <summary>A reg value of a name that comes from rows; names in the statement itself are known before it runs.</summary>
    private Expr? ObjectOfName(Expr value, SqlType target, SourceSpan span)
    {
        if (value.Type.Category != 'S' || target.IsArray || value.Type.IsArray || !Federation.Core.Values.ValueText.IsReg(target.Base))
            return null;
        if (value is Constant { Value: string text }) return At(ReadLiteral(text, target, span), span);
        if (SqlFunctions.InputOf(target.Base.Name) is not { } body) return null;
        if (!CanBeArguments([value])
            || SyntaxTree.Find(body, node => node is TableName table && _context.FindTable(table) is null) is not null)
            throw new SqlException(SqlState.FeatureNotSupported, $"the conversion of this {value.Type} to {target} is not supported")
                { Position = span.Position };
        return Coerce(BindBody(body, target.ToString(), [Coerce(value, SqlType.Text, CastContext.Explicit, span)]), target,
            CastContext.Explicit, span);
    }

    /// <summary>Functions of any type that take the text of their arguments.</summary>
    private Expr AsShown(FunctionEntry function, Expr argument, SourceSpan span) =>
        function.Name is "concat" or "concat_ws" or "format" or "textanycat" or "anytextcat"
            && Federation.Core.Values.ValueText.IsReg(argument.Type.Base) && !argument.Type.IsArray
            ? Coerce(argument, SqlType.Text, CastContext.Explicit, span)
            : argument;

    /// <summary>Inside of a body's subquery an aggregate would be computed over the subquery's rows.</summary>
    private static bool CanBeArguments(EquatableArray<Expr> arguments) =>
        !arguments.Any(argument => PlanRewriter.Contains(argument, item => item is AggregateCall or WindowCall or SetCall));

    private Expr BindBody(Expression body, string name, EquatableArray<Expr> arguments)
    {
        // A query cannot see the variables around it; its arguments are columns and constants nearly always.
        return FindSubquery(body) is not null ? Bound(arguments) : OnceEach(arguments, Bound);

        Expr Bound(EquatableArray<Expr> values) => BindBodyOver(body, name, values);
    }

    private Expr BindBodyOver(Expression body, string name, EquatableArray<Expr> arguments)
    {
        var columns = arguments.Select((argument, i) => new ScopeColumn($"a{i + 1}", argument)).ToArray();
        var entry = new RangeEntry(SqlFunctions.ArgumentAlias, null, null, columns);
        try
        {
            return BindExpression(body,
                new BindScope(null) { Items = [new NamespaceItem(entry, IsTableVisible: true, AreColumnsVisible: false)] },
                new ExpressionContext(name) { AllowsSets = true });
        }
        catch (SqlException error) when (error.Position > 0)
        {
            // What the body makes of an argument fails while the function runs, and has no place in the statement.
            throw error.Moved(0);
        }
    }
}
