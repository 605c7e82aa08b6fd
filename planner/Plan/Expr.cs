using Federation.Core.Values;

namespace Federation.Plan;

/// <summary>
/// A bound scalar expression: typed, names resolved, implicit casts explicit. All cases stand in this file. Expressions are immutable and
/// compare by content, which is how GROUP BY finds its expressions again.
/// </summary>
public abstract record Expr
{
    private protected Expr(SqlType type) => Type = type;

    public SqlType Type { get; init; }

    /// <summary>Direct operands in order; plans of subqueries are not among them.</summary>
    public abstract EquatableArray<Expr> Operands { get; }

    /// <summary>The same expression over other operands, in the order of <see cref="Operands"/>.</summary>
    public abstract Expr WithOperands(EquatableArray<Expr> operands);

    private protected InvalidOperationException LeafHasNoOperands() => new($"{GetType().Name} has no operands");
}

/// <summary>A value known now, in its CLR form (Values.cs); null is NULL.</summary>
public sealed record Constant(object? Value, SqlType Of) : Expr(Of)
{
    public override EquatableArray<Expr> Operands => [];

    public override Expr WithOperands(EquatableArray<Expr> operands) => operands.Count == 0 ? this : throw LeafHasNoOperands();
}

/// <summary>$n; its value comes with each execution.</summary>
public sealed record Parameter(int Number, SqlType Of) : Expr(Of)
{
    /// <summary>
    /// The value during an execution, when it is too large for a <see cref="Constant"/>, which rules compute with and copy.
    /// </summary>
    public LargeValue? Value { get; init; }

    public override EquatableArray<Expr> Operands => [];

    public override Expr WithOperands(EquatableArray<Expr> operands) => operands.Count == 0 ? this : throw LeafHasNoOperands();
}

/// <summary>A column of the input, or of an outer query when the input has no such column.</summary>
public sealed record ColumnRef(Column Column) : Expr(Column.Type)
{
    public override EquatableArray<Expr> Operands => [];

    public override Expr WithOperands(EquatableArray<Expr> operands) => operands.Count == 0 ? this : throw LeafHasNoOperands();
}

/// <summary>The value that a <see cref="Let"/> around it holds.</summary>
public sealed record Variable(int Number, SqlType Of) : Expr(Of)
{
    public override EquatableArray<Expr> Operands => [];

    public override Expr WithOperands(EquatableArray<Expr> operands) => operands.Count == 0 ? this : throw LeafHasNoOperands();
}

/// <summary>
/// <paramref name="Body"/> with the value of <paramref name="Value"/>, computed once, in the place of <paramref name="Name"/>. Numbers
/// follow from the content, so that equal expressions are equal; an inner name hides an outer one of the same number.
/// </summary>
public sealed record Let(Variable Name, Expr Value, Expr Body) : Expr(Body.Type)
{
    public override EquatableArray<Expr> Operands => [Value, Body];

    public override Expr WithOperands(EquatableArray<Expr> operands) => this with { Value = operands[0], Body = operands[1] };
}

/// <summary>
/// A call of a scalar function or operator. Arguments have the types of <paramref name="Function"/> (polymorphic ones resolved).
/// <paramref name="Operator"/> is the symbol when it was written as an operator.
/// </summary>
public sealed record Call(FunctionEntry Function, EquatableArray<Expr> Arguments, SqlType Result, string? Operator = null) : Expr(Result)
{
    public override EquatableArray<Expr> Operands => Arguments;

    public override Expr WithOperands(EquatableArray<Expr> operands) =>
        operands.HasSameItems(Arguments) ? this : this with { Arguments = operands };
}

/// <summary>
/// A conversion to another type or modifier. <paramref name="IsExplicit"/> as PostgreSQL means it: varchar(n) cuts instead of failing.
/// </summary>
public sealed record Cast(Expr Operand, SqlType To, bool IsExplicit = false) : Expr(To)
{
    public override EquatableArray<Expr> Operands => [Operand];

    public override Expr WithOperands(EquatableArray<Expr> operands) =>
        ReferenceEquals(operands[0], Operand) ? this : this with { Operand = operands[0] };
}

/// <summary>AND of two or more; three-valued.</summary>
public sealed record And(EquatableArray<Expr> Terms) : Expr(SqlType.Bool)
{
    public override EquatableArray<Expr> Operands => Terms;

    public override Expr WithOperands(EquatableArray<Expr> operands) => operands.HasSameItems(Terms) ? this : new And(operands);
}

/// <summary>OR of two or more; three-valued.</summary>
public sealed record Or(EquatableArray<Expr> Terms) : Expr(SqlType.Bool)
{
    public override EquatableArray<Expr> Operands => Terms;

    public override Expr WithOperands(EquatableArray<Expr> operands) => operands.HasSameItems(Terms) ? this : new Or(operands);
}

public sealed record Not(Expr Operand) : Expr(SqlType.Bool)
{
    public override EquatableArray<Expr> Operands => [Operand];

    public override Expr WithOperands(EquatableArray<Expr> operands) => ReferenceEquals(operands[0], Operand) ? this : new Not(operands[0]);
}

/// <summary>True when the operand is NULL; for a record, when every field is.</summary>
public sealed record IsNull(Expr Operand) : Expr(SqlType.Bool)
{
    /// <summary>Whether a record counts as one value: a field that is a row of NULLs is not NULL.</summary>
    public bool IsOfValue { get; init; }

    public override EquatableArray<Expr> Operands => [Operand];

    public override Expr WithOperands(EquatableArray<Expr> operands) =>
        ReferenceEquals(operands[0], Operand) ? this : this with { Operand = operands[0] };
}

/// <summary>IS TRUE or IS FALSE: never NULL.</summary>
public sealed record IsBoolean(Expr Operand, bool Value) : Expr(SqlType.Bool)
{
    public override EquatableArray<Expr> Operands => [Operand];

    public override Expr WithOperands(EquatableArray<Expr> operands) =>
        ReferenceEquals(operands[0], Operand) ? this : this with { Operand = operands[0] };
}

/// <summary>IS DISTINCT FROM by the equality operator <paramref name="Equality"/>.</summary>
public sealed record IsDistinct(FunctionEntry Equality, Expr Left, Expr Right) : Expr(SqlType.Bool)
{
    public override EquatableArray<Expr> Operands => [Left, Right];

    public override Expr WithOperands(EquatableArray<Expr> operands) => this with { Left = operands[0], Right = operands[1] };
}

public sealed record CaseWhen(Expr Condition, Expr Result);

/// <summary>CASE with boolean conditions; the first true one gives the result. Branches that are not taken raise no error.</summary>
public sealed record Case(EquatableArray<CaseWhen> Whens, Expr Else, SqlType Result) : Expr(Result)
{
    public override EquatableArray<Expr> Operands =>
        Whens.SelectMany(when => new[] { when.Condition, when.Result }).Append(Else).ToEquatableArray();

    public override Expr WithOperands(EquatableArray<Expr> operands)
    {
        var whens = new CaseWhen[Whens.Count];
        for (var i = 0; i < whens.Length; i++) whens[i] = new CaseWhen(operands[2 * i], operands[(2 * i) + 1]);
        return this with { Whens = new EquatableArray<CaseWhen>(whens), Else = operands[operands.Count - 1] };
    }
}

public sealed record Coalesce(EquatableArray<Expr> Arguments, SqlType Result) : Expr(Result)
{
    public override EquatableArray<Expr> Operands => Arguments;

    public override Expr WithOperands(EquatableArray<Expr> operands) => this with { Arguments = operands };
}

/// <summary>GREATEST or LEAST: NULLs are ignored.</summary>
public sealed record Extreme(bool IsGreatest, EquatableArray<Expr> Arguments, SqlType Result) : Expr(Result)
{
    public override EquatableArray<Expr> Operands => Arguments;

    public override Expr WithOperands(EquatableArray<Expr> operands) => this with { Arguments = operands };
}

/// <summary>NULLIF by an equality operator: NULL when it is true, else <paramref name="Left"/>.</summary>
public sealed record NullIf(FunctionEntry Equality, Expr Left, Expr Right) : Expr(Left.Type)
{
    public override EquatableArray<Expr> Operands => [Left, Right];

    public override Expr WithOperands(EquatableArray<Expr> operands) => this with { Left = operands[0], Right = operands[1] };
}

/// <summary>operand = ANY (constants or expressions) by one equality operator; NULL as PostgreSQL has it.</summary>
public sealed record InList(FunctionEntry Equality, Expr Operand, EquatableArray<Expr> Items) : Expr(SqlType.Bool)
{
    public override EquatableArray<Expr> Operands => Items.Prepend(Operand).ToEquatableArray();

    public override Expr WithOperands(EquatableArray<Expr> operands) =>
        this with { Operand = operands[0], Items = operands.Skip(1).ToEquatableArray() };
}

/// <summary>operand op ANY|ALL (array).</summary>
public sealed record Quantified(FunctionEntry Function, string Operator, bool IsAll, Expr Operand, Expr Array) : Expr(SqlType.Bool)
{
    public override EquatableArray<Expr> Operands => [Operand, Array];

    public override Expr WithOperands(EquatableArray<Expr> operands) => this with { Operand = operands[0], Array = operands[1] };
}

public sealed record ArrayOf(EquatableArray<Expr> Items, SqlType Of) : Expr(Of)
{
    public override EquatableArray<Expr> Operands => Items;

    public override Expr WithOperands(EquatableArray<Expr> operands) => this with { Items = operands };
}

public sealed record RowOf(EquatableArray<Expr> Items, SqlType Of) : Expr(Of)
{
    public override EquatableArray<Expr> Operands => Items;

    public override Expr WithOperands(EquatableArray<Expr> operands) => this with { Items = operands };
}

/// <summary>A field of a record by its index in the record type.</summary>
public sealed record FieldOf(Expr Operand, int Index, SqlType Of) : Expr(Of)
{
    public override EquatableArray<Expr> Operands => [Operand];

    public override Expr WithOperands(EquatableArray<Expr> operands) => this with { Operand = operands[0] };
}

/// <summary>An item of an array; NULL outside its bounds.</summary>
public sealed record ItemOf(Expr Operand, Expr Index, SqlType Of) : Expr(Of)
{
    public override EquatableArray<Expr> Operands => [Operand, Index];

    public override Expr WithOperands(EquatableArray<Expr> operands) => this with { Operand = operands[0], Index = operands[1] };
}

/// <summary>The places of one dimension that a slice takes; null bounds are open.</summary>
public sealed record SliceBounds(Expr? Low, Expr? High);

/// <summary>A slice of an array, from the outermost dimension on; dimensions without bounds are whole.</summary>
public sealed record SliceOf(Expr Operand, EquatableArray<SliceBounds> Bounds) : Expr(Operand.Type)
{
    public override EquatableArray<Expr> Operands =>
        Bounds.SelectMany(bounds => new[] { bounds.Low, bounds.High }).Where(item => item is not null).Select(item => item!)
            .Prepend(Operand).ToEquatableArray();

    public override Expr WithOperands(EquatableArray<Expr> operands)
    {
        var next = 1;
        return this with
        {
            Operand = operands[0],
            Bounds = Bounds.Select(bounds => new SliceBounds(
                bounds.Low is null ? null : operands[next++], bounds.High is null ? null : operands[next++])).ToEquatableArray(),
        };
    }
}

public enum SubqueryKind
{
    /// <summary>The one column of the one row, NULL for no row, 21000 for more.</summary>
    Scalar,
    Exists,

    /// <summary>operand op ANY (query); IN is = ANY.</summary>
    Any,

    /// <summary>operand op ALL (query)</summary>
    All,

    /// <summary>ARRAY(query): items in the query's order.</summary>
    Array,
}

/// <summary>
/// A subquery used as a value; it may name columns of the queries around it. For Any and All <paramref name="Comparisons"/> compares each
/// item of <paramref name="Left"/> with the matching column of the query, the right side standing as a reference to that column. Rows of
/// several items are less or greater by the first pair that is not equal: each item but the last is then compared twice, by the strict
/// operator and by equality.
/// </summary>
public sealed record Subquery(SubqueryKind Kind, LogicalPlan Plan, SqlType Of) : Expr(Of)
{
    public EquatableArray<Expr> Left { get; init; }

    public string? Operator { get; init; }

    public EquatableArray<Call> Comparisons { get; init; }

    /// <summary>Whether <see cref="Comparisons"/> are those of an order of rows.</summary>
    public bool ComparesRowOrder => Comparisons.Count > 1 && Operator is "<" or "<=" or ">" or ">=";

    public override EquatableArray<Expr> Operands => Left;

    public override Expr WithOperands(EquatableArray<Expr> operands)
    {
        if (operands == Left) return this;
        var comparisons = Comparisons.Select((call, i) => call with { Arguments = call.Arguments.With(0, operands[i]) }).ToEquatableArray();
        return this with { Left = operands, Comparisons = comparisons };
    }
}

public sealed record SortKey(Expr Expression, bool IsDescending, bool NullsFirst);

/// <summary>
/// Bytes, never NULL, whose order is the order that the keys ask for; made by the planner where sorted streams are merged.
/// </summary>
public sealed record OrderBytes(EquatableArray<SortKey> Keys) : Expr(SqlType.Bytea)
{
    public override EquatableArray<Expr> Operands => Keys.Select(key => key.Expression).ToEquatableArray();

    public override Expr WithOperands(EquatableArray<Expr> operands) =>
        new OrderBytes(Keys.Select((key, i) => key with { Expression = operands[i] }).ToEquatableArray());
}

/// <summary>A call of an aggregate; stands in Aggregate nodes only, and in Window nodes within a <see cref="WindowCall"/>.</summary>
public sealed record AggregateCall(FunctionEntry Function, EquatableArray<Expr> Arguments, SqlType Result) : Expr(Result)
{
    public bool IsStar { get; init; }

    public bool IsDistinct { get; init; }

    /// <summary>ORDER BY in the call; for ordered-set aggregates WITHIN GROUP.</summary>
    public EquatableArray<SortKey> OrderBy { get; init; }

    public Expr? Filter { get; init; }

    public override EquatableArray<Expr> Operands =>
        Arguments.Concat(OrderBy.Select(key => key.Expression)).Concat(Filter is null ? [] : [Filter]).ToEquatableArray();

    public override Expr WithOperands(EquatableArray<Expr> operands)
    {
        var keys = OrderBy.Select((key, i) => key with { Expression = operands[Arguments.Count + i] }).ToEquatableArray();
        return this with
        {
            Arguments = operands.Take(Arguments.Count).ToEquatableArray(),
            OrderBy = keys,
            Filter = Filter is null ? null : operands[operands.Count - 1],
        };
    }
}

public enum FrameUnit
{
    Range,
    Rows,
    Groups,
}

public enum FrameEdge
{
    UnboundedPreceding,
    Preceding,
    CurrentRow,
    Following,
    UnboundedFollowing,
}

public enum FrameExclude
{
    None,
    CurrentRow,
    Group,
    Ties,
}

public sealed record Frame(FrameUnit Unit, FrameEdge Start, Expr? StartOffset, FrameEdge End, Expr? EndOffset, FrameExclude Exclude);

/// <summary>A window function, or an aggregate over a window; stands in Window nodes only.</summary>
public sealed record WindowCall(
    AggregateCall Function,
    EquatableArray<Expr> PartitionBy,
    EquatableArray<SortKey> OrderBy,
    Frame? Frame) : Expr(Function.Type)
{
    public override EquatableArray<Expr> Operands =>
        Function.Operands.Concat(PartitionBy).Concat(OrderBy.Select(key => key.Expression))
            .Concat(Frame?.StartOffset is { } start ? [start] : [])
            .Concat(Frame?.EndOffset is { } end ? [end] : [])
            .ToEquatableArray();

    public override Expr WithOperands(EquatableArray<Expr> operands)
    {
        var next = 0;
        EquatableArray<Expr> Take(int count)
        {
            var taken = operands.Skip(next).Take(count).ToEquatableArray();
            next += count;
            return taken;
        }

        var function = (AggregateCall)Function.WithOperands(Take(Function.Operands.Count));
        var partition = Take(PartitionBy.Count);
        var keys = Take(OrderBy.Count);
        var frame = Frame;
        if (frame?.StartOffset is not null) frame = frame with { StartOffset = Take(1)[0] };
        if (frame?.EndOffset is not null) frame = frame with { EndOffset = Take(1)[0] };
        return new WindowCall(function, partition, OrderBy.Select((key, i) => key with { Expression = keys[i] }).ToEquatableArray(), frame);
    }
}

/// <summary>GROUPING(…): a bit per argument, 1 when it is not part of the row's grouping set. Arguments are grouping columns.</summary>
public sealed record Grouping(EquatableArray<Expr> Arguments) : Expr(SqlType.Int4)
{
    public override EquatableArray<Expr> Operands => Arguments;

    public override Expr WithOperands(EquatableArray<Expr> operands) => new Grouping(operands);
}

/// <summary>A call of a set-returning function in a select list; stands in ProjectSet nodes only.</summary>
public sealed record SetCall(FunctionEntry Function, EquatableArray<Expr> Arguments, SqlType Result) : Expr(Result)
{
    public override EquatableArray<Expr> Operands => Arguments;

    public override Expr WithOperands(EquatableArray<Expr> operands) => this with { Arguments = operands };
}
