using System.Diagnostics;
using System.Globalization;
using Federation.Core.Execution;
using Federation.Core.Values;
using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Scalar expressions other than calls.</summary>
public sealed partial class Binder
{
    private Expr BindExpression(Expression syntax, BindScope scope, ExpressionContext context)
    {
        StatementGuard.EnterLevel();
        var bound = syntax switch
        {
            ColumnReference reference => BindColumn(reference, scope),
            ParameterReference parameter when _context.RefusesParameters =>
                throw new SqlException(SqlState.UndefinedParameter, $"there is no parameter ${parameter.Number}")
                    { Position = parameter.Span.Position },
            ParameterReference parameter => _parameters.Reference(parameter.Number, parameter.Span.Position),
            NumberLiteral literal => BindNumber(literal),
            StringLiteral literal => new Constant(literal.Value, SqlType.Unknown),
            DefaultValue =>
                throw new SqlException(SqlState.SyntaxError, "DEFAULT is not allowed in this context") { Position = syntax.Span.Position },
            BitStringLiteral literal => BindBits(literal),
            BooleanLiteral literal => new Constant(literal.Value, SqlType.Bool),
            NullLiteral => new Constant(null, SqlType.Unknown),
            CastExpression cast => BindCast(cast, scope, context),
            OperatorExpression { Left: RowExpression row, Right: ScalarQueryExpression query } operation =>
                BindRowQuery(operation.Operator, row, query.Query,
                    operation.Operator.Span == default ? operation.Span : operation.Operator.Span, scope, context),
            OperatorExpression operation => BindOperator(
                operation.Operator,
                operation.Left is null ? null : BindExpression(operation.Left, scope, context),
                BindExpression(operation.Right, scope, context),
                operation.Operator.Span == default ? operation.Span : operation.Operator.Span),
            LogicalExpression logical => BindLogical(logical, scope, context),
            NotExpression not => new Not(CoerceToBoolean(BindExpression(not.Operand, scope, context), "NOT", not.Operand.Span)),
            TestExpression test => BindTest(test, scope, context),
            DistinctExpression distinct => BindDistinct(distinct, scope, context),
            BetweenExpression between => BindBetween(between, scope, context),
            InListExpression list => BindInList(list, scope, context),
            InQueryExpression query => BindInQuery(query, scope, context),
            QuantifiedArrayExpression quantified => BindQuantified(quantified, scope, context),
            QuantifiedQueryExpression quantified => BindQuantifiedQuery(quantified, scope, context),
            CaseExpression conditional => BindCase(conditional, scope, context),
            BuiltinExpression builtin => BindBuiltin(builtin, scope, context),
            SqlValueFunction value => BindSqlValue(value),
            FunctionCall call => BindCall(call, scope, context),
            GroupingExpression grouping => BindGrouping(grouping, scope, context),
            CollateExpression collate => BindCollate(collate, scope, context),
            ArrayExpression array => BindArray(array, null, scope, context),
            ArrayQueryExpression array => BindArrayQuery(array, scope, context),
            RowExpression row => BindRow(row, scope, context),
            SubscriptExpression subscript => BindSubscript(subscript, scope, context),
            FieldExpression field => BindField(field, scope, context),
            ScalarQueryExpression query => BindScalarQuery(query, scope, context),
            ExistsExpression exists => new Subquery(SubqueryKind.Exists, BindSubquery(exists.Query, scope, context).Plan, SqlType.Bool),
            Star { Qualifier.Count: > 0 } star => WholeRow(NameResolution.FindTable(scope, star.Qualifier.AsSpan(), star.Span)
                ?? throw NameResolution.TableMissing(scope, star.Qualifier[star.Qualifier.Count - 1], star.Span)),
            Star or FieldStar => throw new SqlException(SqlState.SyntaxError, "row expansion via \"*\" is not supported here")
                { Position = syntax.Span.Position },
            _ => throw new UnreachableException(syntax.GetType().Name),
        };
        if (!_spans.ContainsKey(bound)) At(bound, syntax.Span);
        return bound;
    }

    private Expr BindColumn(ColumnReference reference, BindScope scope)
    {
        var parts = reference.Parts.AsSpan();
        var qualifier = parts[..^1];
        if (qualifier.IsEmpty)
        {
            if (NameResolution.FindColumn(scope, parts[0], reference.Span) is { } column) return Mention(column);
            if (NameResolution.FindTable(scope, parts, reference.Span) is { } whole) return WholeRow(whole);
            throw NameResolution.ColumnMissing(scope, qualifier, parts[0], reference.Span);
        }

        if (parts.Length > 4)
        {
            throw new SqlException(SqlState.SyntaxError,
                $"improper qualified name (too many dotted names): {string.Join('.', parts.ToArray())}")
            {
                Position = reference.Span.Position,
            };
        }

        var table = NameResolution.FindTable(scope, qualifier, reference.Span)
            ?? throw NameResolution.TableMissing(scope, qualifier[^1], reference.Span);
        var matches = table.Columns.Where(column => column.Name == reference.Name).Take(2).ToArray();
        return matches switch
        {
            [var column] => Mention(column),
            [] => throw NameResolution.ColumnMissing(scope, qualifier, parts[^1], reference.Span),
            _ => throw new SqlException(SqlState.AmbiguousColumn, $"column reference \"{reference.Name}\" is ambiguous")
                { Position = reference.Span.Position },
        };
    }

    /// <summary>A fresh object per mention, so that each keeps its own place in the text.</summary>
    private static Expr Touch(Expr value) => value is ColumnRef reference ? new ColumnRef(reference.Column) : value;

    private Expr BindNumber(NumberLiteral literal)
    {
        if (int.TryParse(literal.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var small))
            return new Constant(small, SqlType.Int4);
        if (long.TryParse(literal.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var large))
            return new Constant(large, SqlType.Int8);
        return ReadLiteral(literal.Text, SqlType.Numeric, literal.Span);
    }

    private Expr BindBits(BitStringLiteral literal)
    {
        var digits = literal.IsHex
            ? string.Concat(literal.Digits.Select(digit => Convert.ToString(Convert.ToInt32(digit.ToString(), 16), 2).PadLeft(4, '0')))
            : literal.Digits;
        return ReadLiteral(digits, SqlType.Of(PgTypes.Bit), literal.Span);
    }

    private Expr BindCast(CastExpression cast, BindScope scope, ExpressionContext context)
    {
        if (DomainCall(cast) is { } call) return BindCall(call, scope, context);
        var target = BindType(cast.Type);
        RequireInput(target, cast.ErrorSpan);
        var operand = cast.Operand is ArrayExpression array && target.IsArray
            ? BindArray(array, target.Element, scope, context)
            : BindExpression(cast.Operand, scope, context);
        return Coerce(operand, target, CastContext.Explicit, cast.Operand is StringLiteral ? cast.Operand.Span : cast.ErrorSpan);
    }

    /// <summary>
    /// A domain of information_schema is a function that checks and gives the value under the domain; null for other types.
    /// </summary>
    private FunctionCall? DomainCall(CastExpression cast)
    {
        if (cast.Type is not { Name: { Qualifier: "information_schema", Parts.Count: 2 } name, ArrayDimensions: 0 }) return null;
        var functions = _catalog.FunctionsNamed($"information_schema.{name.Name}");
        if (functions.Length == 0) return null;
        // The value is first made one of the type under the domain, as every cast to a domain does.
        var under = PgTypes.Find(functions[0].ArgumentTypes[0])!.Name;
        var operand = new CastExpression(cast.Operand, new TypeName(new QualifiedName([under]), [], 0) { Span = cast.Type.Span })
            { Span = cast.Span };
        return new FunctionCall(name, [new Argument(null, operand)]) { Span = cast.Span };
    }

    private Expr BindLogical(LogicalExpression logical, BindScope scope, ExpressionContext context)
    {
        var name = logical.Operator == LogicalOperator.And ? "AND" : "OR";
        var terms = logical.Operands.Select(operand => CoerceToBoolean(BindExpression(operand, scope, context), name, operand.Span))
            .ToEquatableArray();
        return logical.Operator == LogicalOperator.And ? new And(terms) : new Or(terms);
    }

    private Expr BindTest(TestExpression test, BindScope scope, ExpressionContext context)
    {
        var operand = BindExpression(test.Operand, scope, context);
        if (test.Test == TestKind.Null)
        {
            // A composite is also NULL when all of its fields are.
            if (operand.Type is { IsArray: false, Base.Source.Kind: 'c' }) RequireComparable(operand.Type, test.Operand.Span);
            return operand.Type.IsRecord && test.IsNegated ? new RowIsNotNull().Of(operand) : Negate(new IsNull(operand), test.IsNegated);
        }

        var name = $"IS {(test.IsNegated ? "NOT " : "")}{test.Test.ToString().ToUpperInvariant()}";
        operand = CoerceToBoolean(operand, name, test.Operand.Span);
        return Negate(test.Test == TestKind.Unknown ? new IsNull(operand) : new IsBoolean(operand, test.Test == TestKind.True),
            test.IsNegated);
    }

    /// <summary>A row IS NOT NULL when no field is NULL, which is not the negation of IS NULL.</summary>
    private readonly struct RowIsNotNull
    {
        public Expr Of(Expr row)
        {
            var fields = row is RowOf literal
                ? literal.Items.AsEnumerable()
                : row.Type.Fields.Select((field, i) => (Expr)new FieldOf(row, i, field.Type));
            return Conjunction(fields.Select(field => (Expr)new Not(new IsNull(field) { IsOfValue = true })).ToArray());
        }
    }

    private static Expr Negate(Expr expression, bool isNegated) => isNegated ? new Not(expression) : expression;

    private Expr BindDistinct(DistinctExpression distinct, BindScope scope, ExpressionContext context)
    {
        var left = Fields(BindExpression(distinct.Left, scope, context));
        var right = Fields(BindExpression(distinct.Right, scope, context));
        if (left is RowOf leftRow && right is RowOf rightRow)
        {
            if (leftRow.Items.Count != rightRow.Items.Count)
                throw new SqlException(SqlState.SyntaxError, "unequal number of entries in row expressions")
                    { Position = distinct.Span.Position };
            var terms = leftRow.Items.Select((item, i) => DistinctFrom(item, rightRow.Items[i], distinct.Span)).ToEquatableArray();
            return Negate(terms.Count == 1 ? terms[0] : new Or(terms), distinct.IsNegated);
        }

        return Negate(DistinctFrom(left, right, distinct.Span), distinct.IsNegated);
    }

    private Expr DistinctFrom(Expr left, Expr right, SourceSpan span)
    {
        if (left is Constant { Value: null }) return new Not(new IsNull(ResolveUnknown(right)));
        if (right is Constant { Value: null }) return new Not(new IsNull(ResolveUnknown(left)));
        return Equals(left, right, span) is Call { Arguments: [var first, var second] } equality
            ? new IsDistinct(equality.Function, first, second)
            : throw new SqlException(SqlState.WrongObjectType, "IS DISTINCT FROM requires = operator to yield boolean")
                { Position = span.Position };
    }

    private Expr BindBetween(BetweenExpression between, BindScope scope, ExpressionContext context)
    {
        var operand = BindExpression(between.Operand, scope, context);
        var low = BindExpression(between.Low, scope, context);
        var high = BindExpression(between.High, scope, context);
        var inside = Once(operand, value => between.IsSymmetric
            ? Once(low, first => Once(high, second => new Or([Within(value, first, second), Within(value, second, first)])))
            : Within(value, low, high));
        return Negate(inside, between.IsNegated);

        Expr Within(Expr value, Expr from, Expr to) =>
            Conjunction([Compare(">=", value, from, between.Span), Compare("<=", value, to, between.Span)]);
    }

    private Expr Compare(string symbol, Expr left, Expr right, SourceSpan span) =>
        BindOperator(new OperatorName(null, symbol) { Span = span }, left, right, span);

    private Expr BindInList(InListExpression list, BindScope scope, ExpressionContext context)
    {
        var operand = BindExpression(list.Operand, scope, context);
        var items = list.Items.Select(item => BindExpression(item, scope, context)).ToArray();
        var common = operand.Type.IsRecord
            ? null
            : TypeRules.CommonType([operand.Type.AnnouncedOid, .. items.Select(item => item.Type.AnnouncedOid)]);
        if (common is { } shared && SqlType.FromOid(shared) is { } target && operand is not RowOf)
            items = items.Select(item => TypeRules.CanCoerce(item.Type.AnnouncedOid, shared, CastContext.Implicit)
                ? Coerce(item, target, CastContext.Implicit, SpanOf(item, list.Span))
                : item).ToArray();
        return Negate(Once(operand, value => EqualsAny(value, items, list.Span)), list.IsNegated);
    }

    private Expr EqualsAny(Expr operand, Expr[] items, SourceSpan span)
    {
        var comparisons = items.Select(item => Equals(operand, item, span)).ToArray();
        if (comparisons.Length == 1) return comparisons[0];
        if (comparisons is [Call { Arguments: [var left, _] } first, ..]
            && Array.TrueForAll(comparisons,
                item => item is Call call && call.Function == first.Function && call.Arguments[0].Equals(left)))
        {
            return new InList(first.Function, left, comparisons.Select(item => ((Call)item).Arguments[1]).ToEquatableArray());
        }

        return new Or(comparisons.ToEquatableArray());
    }

    private Expr BindQuantified(QuantifiedArrayExpression quantified, BindScope scope, ExpressionContext context)
    {
        var operand = BindExpression(quantified.Operand, scope, context);
        var array = BindExpression(quantified.Array, scope, context);
        if (!array.Type.IsUnknown && array.Type.Element is null)
            throw new SqlException(SqlState.WrongObjectType, "op ANY/ALL (array) requires array on right side")
                { Position = quantified.Operator.Span.Position };
        var itemType = array.Type.Element is { } direct ? InnermostElement(direct) : SqlType.Unknown;
        var entry = FindOperator(quantified.Operator, operand.Type, itemType);
        if (entry.Result != PgTypes.Bool.Oid)
            throw new SqlException(SqlState.WrongObjectType, "op ANY/ALL (array) requires operator to yield boolean")
                { Position = quantified.Operator.Span.Position };
        var itemProbe = new Constant(null, itemType);
        var (types, _) = ResolvePolymorphic([entry.Left, entry.Right], entry.Result, [operand, itemProbe], quantified.Span, "operator");
        var arrayType = SqlType.Array(types[1].IsUnknown ? SqlType.Text : types[1]);
        return new Quantified(
            entry.Function,
            entry.Symbol,
            quantified.IsAll,
            Coerce(operand, types[0], CastContext.Implicit, quantified.Operand.Span),
            array.Type.IsVector ? array : Coerce(array, arrayType, CastContext.Implicit, quantified.Array.Span));
    }

    private Expr BindCase(CaseExpression conditional, BindScope scope, ExpressionContext context)
    {
        var inner = context with { AllowsSets = false, Name = context.AllowsSets ? "CASE" : context.Name };
        var operand = conditional.Operand is null ? null : ResolveUnknown(BindExpression(conditional.Operand, scope, inner));
        if (operand is not null) return Once(operand, value => BindWhens(conditional, value, scope, inner));
        return BindWhens(conditional, null, scope, inner);
    }

    private Case BindWhens(CaseExpression conditional, Expr? operand, BindScope scope, ExpressionContext inner)
    {
        var conditions = conditional.Whens.Select(when =>
        {
            var condition = BindExpression(when.Condition, scope, inner);
            return operand is null
                ? CoerceToBoolean(condition, "CASE/WHEN", when.Condition.Span)
                : Equals(operand, condition, when.Span);
        }).ToArray();
        var results = conditional.Whens.Select(when => BindExpression(when.Result, scope, inner)).ToList();
        var otherwise = conditional.Else is null ? new Constant(null, SqlType.Unknown) : BindExpression(conditional.Else, scope, inner);

        // PostgreSQL lets ELSE lead the choice of the common type.
        var (type, unified) = Unify("CASE", [otherwise, .. results]);
        return new Case(conditions.Select((condition, i) => new CaseWhen(condition, unified[i + 1])).ToEquatableArray(), unified[0], type);
    }

    private Expr BindBuiltin(BuiltinExpression builtin, BindScope scope, ExpressionContext context)
    {
        var inner = context with
        {
            AllowsSets = false,
            Name = context.AllowsSets ? builtin.Form.ToString().ToUpperInvariant() : context.Name,
        };
        var arguments = builtin.Arguments.Select(argument => BindExpression(argument, scope, inner)).ToArray();
        if (builtin.Form == BuiltinForm.NullIf)
        {
            if (Equals(arguments[0], arguments[1], builtin.Span) is not Call { Arguments: [var left, var right] } equality)
                throw new SqlException(SqlState.DatatypeMismatch, "NULLIF requires = operator to yield boolean")
                    { Position = builtin.Span.Position };
            return new NullIf(equality.Function, left, right);
        }

        var (type, unified) = Unify(builtin.Form.ToString().ToUpperInvariant(), arguments);
        if (builtin.Form is BuiltinForm.Greatest or BuiltinForm.Least)
        {
            RequireComparable(type, builtin.Span);
            RequireByteOrder(type, isOrder: true, builtin.Span);
        }

        return builtin.Form == BuiltinForm.Coalesce
            ? new Coalesce(unified.ToEquatableArray(), type)
            : new Extreme(builtin.Form == BuiltinForm.Greatest, unified.ToEquatableArray(), type);
    }

    private Expr BindSqlValue(SqlValueFunction value)
    {
        Call Of(string name) => new(_catalog.Function(name), [], SqlType.FromOid(_catalog.Function(name).ResultType)!);
        Expr Cut(Expr expression) => value.Precision is { } digits
            ? new Cast(expression, expression.Type with { Modifier = Math.Min(digits, 6) }, IsExplicit: true)
            : expression;
        return value.Keyword switch
        {
            "current_timestamp" => Cut(Of("now")),
            "current_date" => new Cast(Of("now"), SqlType.Date),
            "current_time" => Cut(new Cast(Of("now"), SqlType.Timetz)),
            "localtimestamp" => Cut(new Cast(Of("now"), SqlType.Timestamp)),
            "localtime" => Cut(new Cast(Of("now"), SqlType.Time)),
            "current_user" or "user" or "current_role" => Of("current_user"),
            "session_user" => Of("session_user"),
            "current_catalog" => Of("current_database"),
            "current_schema" => Of("current_schema"),
            _ => throw new UnreachableException(value.Keyword),
        };
    }

    private Expr BindGrouping(GroupingExpression grouping, BindScope scope, ExpressionContext context)
    {
        if (grouping.Arguments.Count > 31)
            throw new SqlException(SqlState.TooManyArguments, "GROUPING must have fewer than 32 arguments")
                { Position = grouping.Span.Position };
        var bound = new Grouping(grouping.Arguments.Select(argument => BindExpression(argument, scope, context)).ToEquatableArray());
        var level = LevelOf(bound, scope, grouping.Span);
        if (!(level == scope ? context : level.Clause).AllowsGrouping)
            throw new SqlException(SqlState.GroupingError,
                $"grouping operations are not allowed in {(level == scope ? context : level.Clause).Name}")
                    { Position = grouping.Span.Position };
        return level == scope ? bound : ComputeAt(level, bound);
    }

    /// <summary>
    /// Text is ordered by bytes, as collations C, POSIX and a C.UTF-8 default do; others are refused rather than ignored.
    /// </summary>
    private Expr BindCollate(CollateExpression collate, BindScope scope, ExpressionContext context)
    {
        var operand = BindExpression(collate.Operand, scope, context);
        operand = ResolveUnknown(operand);
        if (operand.Type.Base.Category is not 'S')
        {
            throw new SqlException(SqlState.DatatypeMismatch, $"collations are not supported by type {operand.Type}")
                { Position = collate.ErrorSpan.Position };
        }

        if (collate.Collation.Name is "C" or "POSIX" or "default" or "ucs_basic" or "C.UTF-8" or "C.utf8")
            return CollationOf(operand.Type) is null
                ? operand
                : At(new Cast(operand, operand.Type with { Collation = null }, IsExplicit: true), collate.Span);
        if (collate.Collation.Name.EndsWith("-x-icu", StringComparison.Ordinal))
        {
            throw new SqlException(SqlState.FeatureNotSupported, $"collation \"{collate.Collation.Name}\" is not supported")
            {
                Position = collate.Collation.Span.Position,
                Hint = "Text is compared by code points; use COLLATE \"C\".",
            };
        }

        throw new SqlException(SqlState.UndefinedObject, $"collation \"{collate.Collation.Name}\" for encoding \"UTF8\" does not exist")
        {
            Position = collate.ErrorSpan.Position,
        };
    }
}
