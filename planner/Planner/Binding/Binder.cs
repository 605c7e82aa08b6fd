using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>
/// Turns a syntax tree into a typed plan: resolves names, operators, functions and casts exactly as PostgreSQL 15 does. One binder serves
/// one statement; the parts of the class follow the parts of the grammar.
/// </summary>
public sealed partial class Binder
{
    private BindContext _context;
    private readonly ParameterTable _parameters;
    private readonly FunctionCatalog _catalog = FunctionCatalog.Instance;
    private readonly Dictionary<TableSource, ResolvedTable> _tables = [];

    /// <summary>Where expressions came from, by reference, for errors found after they were bound.</summary>
    private readonly Dictionary<Expr, SourceSpan> _spans = new(ReferenceEqualityComparer.Instance);

    /// <summary>The statement that is bound; null for a lone expression.</summary>
    private SyntaxNode? _statement;

    private bool _hasSessionCalls;
    private bool _hasSteps;
    private int _nextColumn;
    private int _nextCte;

    private Binder(BindContext context)
    {
        _context = context;
        _parameters = new ParameterTable(context.ParameterTypes) { IgnoresUnused = context.IgnoresUnused };
    }

    /// <summary>Binds a query. Errors are PostgreSQL's, with the position in the statement's text.</summary>
    public static BoundQuery Bind(Query query, BindContext context)
    {
        var binder = new Binder(context) { _statement = query };
        var bound = binder.BindQuery(query, new BindScope(null));
        TextStyles.Require(bound.Plan, context.Values.Format);
        return new BoundQuery(binder.AddSystemColumns(bound.Plan), bound.Outputs.ToEquatableArray(), binder._parameters.Resolve())
            {
                Tables = binder._tables, Views = binder._views, Locked = binder._locked, HasSessionCalls = binder._hasSessionCalls,
                HasSteps = binder._hasSteps,
            };
    }

    /// <summary>Binds an expression that names no column, such as the value of SET or an argument of EXECUTE and CALL.</summary>
    public static Expr BindScalar(Expression expression, SqlType? target, BindContext context)
    {
        var binder = new Binder(context);
        var bound = binder.BindExpression(expression, new BindScope(null), new ExpressionContext("EXECUTE"));
        return target is null ? binder.ResolveUnknown(bound) : binder.CoerceForAssignment(bound, target, expression.Span);
    }

    /// <summary>Binds an argument of EXECUTE to the type of the parameter it is for.</summary>
    public static Expr BindArgument(Expression expression, int number, SqlType target, BindContext context)
    {
        if (FindSubquery(expression) is { } subquery)
            throw new SqlException(SqlState.FeatureNotSupported, "cannot use subquery in EXECUTE parameter")
                { Position = subquery.Span.Position };
        var binder = new Binder(context);
        var bound = binder.BindExpression(expression, new BindScope(null), new ExpressionContext("EXECUTE parameters"));
        if (!bound.Type.IsUnknown
            && TypeRules.FindPath(target.AnnouncedOid, bound.Type.AnnouncedOid, CastContext.Assignment).Path == CoercionPath.None)
        {
            throw new SqlException(SqlState.DatatypeMismatch,
                $"parameter ${number} of type {bound.Type} cannot be coerced to the expected type {target}")
            {
                Position = expression.Span.Position,
                Hint = "You will need to rewrite or cast the expression.",
            };
        }

        if (target is { IsRecord: true, Fields.Count: 0 })
            throw new SqlException(SqlState.FeatureNotSupported, "rows as parameters are not supported")
                { Position = expression.Span.Position };
        return binder.Coerce(bound, target, CastContext.Assignment, expression.Span);
    }

    private static SyntaxNode? FindSubquery(Expression expression) =>
        SyntaxTree.Find(expression,
            node => node is ScalarQueryExpression or ExistsExpression or ArrayQueryExpression or InQueryExpression
                or QuantifiedQueryExpression);

    private Column NewColumn(string name, SqlType type) => new(++_nextColumn, name, type);

    private Expr At(Expr expression, SourceSpan span)
    {
        _spans[expression] = span;
        return expression;
    }

    private int PositionOf(Expr expression) => _spans.TryGetValue(expression, out var span) ? span.Position : 0;
}
