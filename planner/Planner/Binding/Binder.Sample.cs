using Federation.Planner.Functions;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>
/// TABLESAMPLE. Rows are taken one by one by chance, for SYSTEM too: a source's blocks are not known here. With REPEATABLE the chance of a
/// row is a hash of its values, of its number among equal rows and of the seed, so that the same table gives the same sample whatever the
/// order in which it is read.
/// </summary>
public sealed partial class Binder
{
    /// <summary>A number from 0 to 1 made of its arguments; no function of PostgreSQL's.</summary>
    private static readonly FunctionEntry s_sampleHash = new(Oid.None, "tablesample_hash", FunctionKind.Scalar, [], PgTypes.Float8.Oid,
        IsStrict: false, ReturnsSet: false, Volatility.Immutable)
    {
        Signature = "tablesample_hash",
    };

    private LogicalPlan BindSample(LogicalPlan scan, TableSample sample, BindScope scope)
    {
        var method = sample.Method.Name;
        if (sample.Method.Parts.Count > 1 || method is not ("bernoulli" or "system"))
            throw new SqlException(SqlState.UndefinedObject, $"tablesample method {sample.Method} does not exist")
                { Position = sample.Method.Span.Position };
        if (sample.Arguments.Count != 1)
        {
            throw new SqlException(SqlState.InvalidTablesampleArgument,
                $"tablesample method {method} requires 1 argument, not {sample.Arguments.Count}")
            {
                Position = sample.Method.Span.Position,
            };
        }

        var context = new ExpressionContext("TABLESAMPLE");
        var percent = SampleNumber(sample.Arguments[0], SqlType.Float4, SqlState.InvalidTablesampleArgument,
            "TABLESAMPLE parameter cannot be null");
        var share = new Call(_catalog.Function("float8mul", SqlType.Float8, SqlType.Float8),
            [new Cast(percent, SqlType.Float8), new Constant(0.01, SqlType.Float8)], SqlType.Float8);
        var isLess = _catalog.Operator("<", PgTypes.Float8.Oid, PgTypes.Float8.Oid)!.Function;
        if (sample.Repeatable is not { } repeatable)
        {
            var random = new Call(_catalog.Function("random"), [], SqlType.Float8);
            return new Filter(scan, new Call(isLess, [random, share], SqlType.Bool, "<"));
        }

        var seed = SampleNumber(repeatable, SqlType.Float8, SqlState.InvalidTablesampleRepeat,
            "TABLESAMPLE REPEATABLE parameter cannot be null");
        var values = scan.Columns.Select(column => (Expr)new ColumnRef(column)).ToEquatableArray();
        var number = NewColumn("number", SqlType.Int8);
        var numbered =
            new Window(scan,
                [new Assignment(number,
                    new WindowCall(new AggregateCall(_catalog.Function("row_number"), [], SqlType.Int8), values, [], null))]);
        var chance = new Call(s_sampleHash, values.Append(new ColumnRef(number)).Append(seed).ToEquatableArray(), SqlType.Float8);
        var kept = new Filter(numbered, new Call(isLess, [chance, share], SqlType.Bool, "<"));
        return new Project(kept, scan.Columns.Select(column => new Assignment(column, new ColumnRef(column))).ToEquatableArray());

        Expr SampleNumber(Expression syntax, SqlType type, SqlState state, string nullError)
        {
            var bound = FoldConstant(CoerceForAssignment(BindExpression(syntax, scope, context), type, syntax.Span));
            if (bound is Constant { Value: null }) throw new SqlException(state, nullError);
            if (type == SqlType.Float4 && bound is Constant { Value: float value } && value is not (>= 0 and <= 100))
                throw new SqlException(state, "sample percentage must be between 0 and 100");
            return bound;
        }
    }

    /// <summary>A number written as a constant, as a constant of the type it is cast to.</summary>
    private static Expr FoldConstant(Expr expression) =>
        expression is Cast { Operand: Constant { Value: { } value }, Type: var type } && type.HasSameBase(SqlType.Float4)
        ? new Constant(float.Parse(Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
            System.Globalization.CultureInfo.InvariantCulture), type)
        : expression;
}
