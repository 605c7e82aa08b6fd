using Federation.Connectors.Spi;
using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Identity columns, and columns that are computed from others (rewriteTargetListIU and parse_utilcmd.c).</summary>
public sealed partial class Binder
{
    private static readonly ExpressionContext s_generated = new("column generation expressions");

    /// <summary>The table that the statement writes.</summary>
    private ResolvedTable? _target;

    /// <summary>Binds the expression of a generated column that is declared. Raises the errors of a wrong one.</summary>
    /// <param name="columns">The table's columns.</param>
    /// <param name="generated">Those of them that are generated.</param>
    public static void BindGenerated(Expression expression, string column, SqlType type, string table,
        IReadOnlyList<(string Name, SqlType Type)> columns, IReadOnlySet<string> generated, BindContext context)
    {
        if (FindSubquery(expression) is { } subquery)
            throw new SqlException(SqlState.FeatureNotSupported, "cannot use subquery in column generation expression")
                { Position = subquery.Span.Position };
        var binder = new Binder(context) { _statement = new Query(new SelectBody([new SelectItem(expression, null)])) };
        var own = columns.Select(item => binder.NewColumn(item.Name, item.Type)).ToArray();
        var bound = binder.BindOver(expression, table, own, s_generated);
        var named = PlanColumns.Of(bound);
        foreach (var used in own.Where(item => named.Contains(item.Id)))
        {
            if (!generated.Contains(used.Name)) continue;
            throw new SqlException(SqlState.InvalidObjectDefinition,
                $"cannot use generated column \"{used.Name}\" in column generation expression")
            {
                Position = SyntaxTree.Find(expression, node => node is ColumnReference place && place.Name == used.Name)?.Span.Position
                    ?? 0,
                Detail = "A generated column cannot reference another generated column.",
            };
        }

        if (PlanRewriter.Contains(bound, item => !IsImmutable(item)))
            throw new SqlException(SqlState.InvalidObjectDefinition, "generation expression is not immutable");
        if (!bound.Type.IsUnknown
            && TypeRules.FindPath(type.AnnouncedOid, bound.Type.AnnouncedOid, CastContext.Assignment).Path == CoercionPath.None)
        {
            throw new SqlException(SqlState.DatatypeMismatch,
                $"column \"{column}\" is of type {type.WithoutModifier()} but default expression is of type {bound.Type.WithoutModifier()}")
            {
                Hint = "You will need to rewrite or cast the expression.",
            };
        }

        binder.Coerce(bound, type, CastContext.Assignment, expression.Span);
    }

    /// <summary>PostgreSQL looks into || with a text, which is as good as the other side's conversion to text.</summary>
    private static bool IsImmutable(Expr expression) => expression switch
    {
        Call { Function.Name: "textanycat" or "anytextcat" } call =>
            call.Arguments.All(argument => IsImmutable(new Cast(argument, SqlType.Text))),
        Call call => call.Function.Volatility == Volatility.Immutable,
        Cast cast => IsImmutable(cast),
        _ => true,
    };

    /// <summary>Conversions between times with and without zone, and from times to text, follow the session's settings.</summary>
    private static bool IsImmutable(Cast cast)
    {
        var (source, target) = (cast.Operand.Type.Base.Name, cast.Type.Base.Name);
        if (cast.Operand is Constant) return true;
        if (source is "timestamptz" or "timetz" || target is "timestamptz" or "timetz") return source == target;
        return cast.Type.Category != 'S' || source is not ("date" or "timestamp" or "interval" or "time" or "float4" or "float8");
    }

    private Expr BindOver(Expression expression, string table, Column[] columns, ExpressionContext context)
    {
        var entry = new RangeEntry(table, null, null,
            columns.Select(column => new ScopeColumn(column.Name, new ColumnRef(column))).ToArray());
        var scope = new BindScope(null) { Items = [new NamespaceItem(entry, IsTableVisible: true, AreColumnsVisible: true)] };
        return BindExpression(expression, scope, context);
    }

    /// <summary>The rows that a statement writes, with the generated columns computed from the others.</summary>
    private QueryResult WithGenerated(QueryResult rows, ResolvedTable target) => target.Generated.Count == 0 ? rows
        : WithValues(rows, columns => Generated(target, columns));

    /// <summary>The values of a table's columns, the generated ones among them.</summary>
    private Expr[] Generated(ResolvedTable target, Column[] columns) => [.. columns.Select((column, i) =>
        target.Generated.FirstOrDefault(item => item.Column == target.Columns[i].Name) is { } generated
            ? ForColumn(BindOver(SqlParser.ParseExpression(generated.Expression), target.Source.Table, columns, s_generated),
                target.Columns[i], default)
            : new ColumnRef(column))];

    /// <summary>What an identity column gets that no value is given for; null for other columns.</summary>
    private Expr? NextOfIdentity(ConnectorColumn column)
    {
        if (IdentityOf(column) is not { } identity) return null;
        _hasSessionCalls = true;
        var next = new Call(SessionCalls.IdentityNext, [new Constant((long)identity.Sequence.Value, SqlType.Of(PgTypes.Regclass))],
            SqlType.Int8);
        return Coerce(next, column.Type, CastContext.Assignment, default);
    }

    private ColumnIdentity? IdentityOf(ConnectorColumn column) =>
        _target?.Identities.FirstOrDefault(item => item.Column == column.Name);

    private bool IsGenerated(ConnectorColumn column) => _target?.Generated.Any(item => item.Column == column.Name) == true;

    /// <summary>Raises 428C9 for a column that an INSERT may not give a value.</summary>
    /// <param name="overriding">SYSTEM VALUE, USER VALUE or null.</param>
    private void RequireInsertable(ConnectorColumn column, string? overriding)
    {
        var isGenerated = IsGenerated(column);
        if (!isGenerated && (IdentityOf(column) is not { IsAlways: true } || overriding is not null)) return;
        throw new SqlException(SqlState.GeneratedAlways, $"cannot insert a non-DEFAULT value into column \"{column.Name}\"")
        {
            Detail = DetailOf(column, isGenerated), Hint = isGenerated ? null : "Use OVERRIDING SYSTEM VALUE to override.",
        };
    }

    /// <summary>Raises 428C9 for a column that an UPDATE may set to its default alone.</summary>
    private void RequireUpdatable(ConnectorColumn column)
    {
        var isGenerated = IsGenerated(column);
        if (!isGenerated && IdentityOf(column) is not { IsAlways: true }) return;
        throw new SqlException(SqlState.GeneratedAlways, $"column \"{column.Name}\" can only be updated to DEFAULT")
            { Detail = DetailOf(column, isGenerated) };
    }

    private static string DetailOf(ConnectorColumn column, bool isGenerated) => isGenerated
        ? $"Column \"{column.Name}\" is a generated column."
        : $"Column \"{column.Name}\" is an identity column defined as GENERATED ALWAYS.";

    /// <summary>OVERRIDING USER VALUE: what is given for identity columns counts for nothing.</summary>
    private bool IsOverridden(ConnectorColumn column, string? overriding) =>
        overriding == "USER VALUE" && IdentityOf(column) is not null;
}
