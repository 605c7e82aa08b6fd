using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.RemoteSql;

/// <summary>
/// Writes expressions as SQL of a source when the source gives PostgreSQL's answer for them, and otherwise says why not. Text is compared
/// by its bytes here, so that orders get the source's byte order, and equality is left only to collations in which equal means equal bytes.
/// </summary>
public sealed class RemoteExpressionWriter
{
    private readonly SqlDialect _dialect;
    private readonly Func<string, RemoteExpression?> _findColumn;
    private readonly Func<RelationalTree, string>? _writeQuery;

    /// <summary>Constants of the condition that is written, in the order of their places.</summary>
    private readonly List<RemoteValue> _values = [];

    /// <summary>Whether constants may be sent beside the statement.</summary>
    private bool _isApart;

    public RemoteExpressionWriter(SqlDialect dialect, Func<string, RemoteColumn?> findColumn)
        : this(dialect, name => findColumn(name) is { } found ? RemoteExpression.Of(found, found.Expression) : null, null) { }

    /// <param name="writeQuery">Writes a subquery; null where none may stand.</param>
    internal RemoteExpressionWriter(
        SqlDialect dialect, Func<string, RemoteExpression?> findColumn, Func<RelationalTree, string>? writeQuery)
    {
        _dialect = dialect;
        _findColumn = findColumn;
        _writeQuery = writeQuery;
    }

    /// <summary>A condition that can stand between ANDs; null with a reason for EXPLAIN when it has to be evaluated here.</summary>
    public RemoteCondition? TryWriteCondition(ConnectorExpression condition, out string? reason)
    {
        _values.Clear();
        _isApart = true;
        try
        {
            reason = null;
            return new RemoteCondition(WriteCondition(condition), _values.ToEquatableArray())
            {
                IsPoint = condition is ConnectorExpression.Operator { Symbol: "=" } or ConnectorExpression.In && _values.Count > 0,
            };
        }
        catch (NotShippableException refusal)
        {
            reason = refusal.Message;
            return null;
        }
        finally
        {
            _isApart = false;
        }
    }

    internal string WriteCondition(ConnectorExpression condition)
    {
        var written = Write(condition);
        return written.Precedence < RemotePrecedence.And ? $"({written.Sql})" : written.Sql;
    }

    internal RemoteExpression WriteValue(ConnectorExpression expression) => Write(expression);

    /// <summary>A value by which rows are told apart: equal texts have equal bytes.</summary>
    internal RemoteExpression WriteKey(ConnectorExpression expression)
    {
        Demand("=", [expression, expression]);
        var written = WriteUse(expression);
        if (!IsText(expression.Type)) return written;
        var sql = InOrder(written.Above(RemotePrecedence.Arithmetic), written.Collations, isRange: false, isMatch: false);
        return written with { Sql = sql, IsPlain = false };
    }

    /// <summary>A value by which rows are ordered, texts by their bytes.</summary>
    internal string WriteOrdered(ConnectorExpression expression)
    {
        if (_dialect.Functions.WhyNot(RemoteFunctions.Order, [expression.Type]) is not null)
            Demand("<", [expression, expression]);
        var written = WriteUse(expression);
        if (!IsText(expression.Type)) return written.Sql;
        return InOrder(written.Above(RemotePrecedence.Arithmetic), written.Collations, isRange: true, isMatch: false);
    }

    /// <summary>A bare number in GROUP BY or ORDER BY would be the position of a column.</summary>
    private RemoteExpression WriteUse(ConnectorExpression expression) =>
        Write(expression) is { IsConstant: false } written
            ? written
            : throw new NotShippableException("rows are grouped or ordered by a constant");

    private static bool IsText(SqlType type) => !type.IsArray && type.Category == 'S';

    /// <param name="isBare">A constant may leave its type to the comparison it stands in.</param>
    /// <param name="isApart">A constant may be sent beside the statement, if the condition is written so.</param>
    private RemoteExpression Write(ConnectorExpression expression, bool isBare = false, bool isApart = false)
    {
        switch (expression)
        {
            case ConnectorExpression.Constant constant when isApart && _isApart && _dialect.Value(constant.Value, constant.Of) is { } value:
                _values.Add(value);
                return new RemoteExpression(RemoteCondition.Place.ToString(), RemotePrecedence.Atom) { IsConstant = true };
            case ConnectorExpression.Parameter parameter
                when isApart && _isApart && _dialect.Parameter(parameter.Number, parameter.Of) is { } open:
                _values.Add(open);
                return new RemoteExpression(RemoteCondition.Place.ToString(), RemotePrecedence.Atom) { IsConstant = true };
            case ConnectorExpression.Parameter:
                throw new NotShippableException("a value that is not known yet can only stand in a comparison");
            case ConnectorExpression.Column column:
                return _findColumn(column.Name) ?? throw new NotShippableException($"column {column.Name} is not a column of the source");
            case ConnectorExpression.Constant constant:
                return new RemoteExpression(
                    _dialect.Constant(constant.Value, constant.Of, isBare)
                        ?? throw new NotShippableException($"constants of type {constant.Of} stay here"),
                    RemotePrecedence.Atom) { IsConstant = true };
            case ConnectorExpression.And and: return Junction(and.Arguments, " AND ", RemotePrecedence.And);
            case ConnectorExpression.Or or: return Junction(or.Arguments, " OR ", RemotePrecedence.Or);
            case ConnectorExpression.Not { Argument: ConnectorExpression.IsNull tested }:
                return new RemoteExpression($"{Write(tested.Argument).Above(RemotePrecedence.Comparison)} IS NOT NULL",
                    RemotePrecedence.Comparison);
            case ConnectorExpression.Not not:
                return new RemoteExpression($"NOT {Write(not.Argument).Above(RemotePrecedence.Not)}", RemotePrecedence.Not);
            case ConnectorExpression.IsNull test:
                return new RemoteExpression($"{Write(test.Argument).Above(RemotePrecedence.Comparison)} IS NULL",
                    RemotePrecedence.Comparison);
            case ConnectorExpression.In list: return In(list);
            case ConnectorExpression.InQuery query: return In(query);
            case ConnectorExpression.ScalarQuery query: return Scalar(query);
            case ConnectorExpression.Case choice: return Case(choice);
            case ConnectorExpression.Cast cast: return Cast(cast);
            case ConnectorExpression.Operator call: return Operator(call);
            case ConnectorExpression.Function call: return Function(call);
            default: throw new NotShippableException($"{expression.GetType().Name} is evaluated here");
        }
    }

    private RemoteExpression Junction(Core.EquatableArray<ConnectorExpression> terms, string word, RemotePrecedence precedence) =>
        new(string.Join(word, terms.Select(term => Write(term).Above(precedence))), precedence);

    private RemoteExpression Cast(ConnectorExpression.Cast cast)
    {
        var from = cast.Argument.Type;
        var operand = Write(cast.Argument);
        // varchar is text with a limit: PostgreSQL only relabels it.
        if (from.Base == PgTypes.Varchar && cast.To is { IsArray: false, Modifier: < 0 } && cast.To.Base == PgTypes.Text && !from.IsArray)
            return operand;
        var sql = _dialect.Cast(operand.Above(RemotePrecedence.Arithmetic), from, cast.To)
            ?? throw new NotShippableException($"the cast from {from} to {cast.To} is evaluated here");
        return operand with { Sql = sql, Precedence = RemotePrecedence.Atom, IsPlain = false };
    }

    private RemoteExpression Operator(ConnectorExpression.Operator call)
    {
        Demand(call.Symbol, call.Arguments);
        var isComparison = call.Symbol is "=" or "<>" or "<" or "<=" or ">" or ">=";
        var isMatch = call.Symbol is "~~" or "!~~";
        if (isMatch && call.Arguments[1] is not ConnectorExpression.Constant)
            throw new NotShippableException("the pattern is not a constant");
        // Two constants have nothing to take their type from.
        var hasColumn = call.Arguments.Any(argument => argument is not (ConnectorExpression.Constant or ConnectorExpression.Parameter));
        var outer = isComparison || isMatch ? RemotePrecedence.Comparison : RemotePrecedence.Arithmetic;
        var operands = call.Arguments
            .Select(argument => Write(argument, hasColumn && outer == RemotePrecedence.Comparison, hasColumn && isComparison)).ToArray();
        var collations = operands.SelectMany(operand => operand.Collations).ToArray();
        if (operands.Length == 1)
            return new RemoteExpression($"{call.Symbol} {operands[0].Above(RemotePrecedence.Arithmetic)}", RemotePrecedence.Arithmetic)
                { Collations = collations };
        var right = operands[1].Above(outer);
        if (IsText(call.Arguments[0].Type)) right = InOrder(right, collations, isRange: call.Symbol is not ("=" or "<>"), isMatch);
        var symbol = call.Symbol switch { "~~" => "LIKE", "!~~" => "NOT LIKE", var other => other };
        return new RemoteExpression($"{operands[0].Above(outer)} {symbol} {right}", outer) { Collations = collations };
    }

    private RemoteExpression In(ConnectorExpression.In list)
    {
        foreach (var value in list.Values) Demand("=", [list.Argument, value]);
        var argument = Write(list.Argument);
        var isInColumn = list.Argument is not (ConnectorExpression.Constant or ConnectorExpression.Parameter);
        var values = list.Values.Select(value => Write(value, isInColumn, isInColumn)).ToArray();
        var collations = values.SelectMany(value => value.Collations).Concat(argument.Collations).ToArray();
        var left = argument.Above(RemotePrecedence.Comparison);
        if (IsText(list.Argument.Type)) left = InOrder(left, collations, isRange: false, isMatch: false);
        return new RemoteExpression($"{left} IN ({string.Join(", ", values.Select(value => value.Sql))})", RemotePrecedence.Comparison);
    }

    private RemoteExpression In(ConnectorExpression.InQuery query)
    {
        if (query.Query.Columns is not [var column]) throw new NotShippableException("the query has several columns");
        var (left, right) = (query.Argument, new ConnectorExpression.Column(column.Name, column.Type));
        Demand("=", [left, right]);
        if (IsText(column.Type)) throw new NotShippableException("texts are compared with those of a query");
        var sql = $"{Write(left).Above(RemotePrecedence.Comparison)} IN ({Query(query.Query)})";
        return new RemoteExpression(sql, RemotePrecedence.Comparison);
    }

    private RemoteExpression Scalar(ConnectorExpression.ScalarQuery query)
    {
        // The collation of a subquery's text is that of its column, which is not known here.
        if (IsText(query.Type)) throw new NotShippableException("a text comes from a subquery");
        return new RemoteExpression($"({Query(query.Query)})", RemotePrecedence.Atom);
    }

    private string Query(RelationalTree query) =>
        _writeQuery is null ? throw new NotShippableException("a subquery cannot stand here") : _writeQuery(query);

    private RemoteExpression Case(ConnectorExpression.Case choice)
    {
        // In the order in which they stand in the text: that is the order of the constants that are sent beside it.
        var branches = choice.Branches.Select(branch => (Condition: Write(branch.Condition), Result: Write(branch.Result))).ToArray();
        var last = Write(choice.Else);
        var whens = string.Concat(branches.Select(branch => $" WHEN {branch.Condition.Sql} THEN {branch.Result.Sql}"));
        return new RemoteExpression($"CASE{whens} ELSE {last.Sql} END", RemotePrecedence.Atom)
        {
            Collations = branches.SelectMany(branch => branch.Result.Collations).Concat(last.Collations).ToArray(),
        };
    }

    private RemoteExpression Function(ConnectorExpression.Function call)
    {
        Demand(call.Name, call.Arguments);
        var arguments = call.Arguments.Select(argument => Write(argument)).ToArray();
        var collations = arguments.SelectMany(argument => argument.Collations).ToArray();
        RefuseUnknownOrder(collations);
        var sql = _dialect.Call(call.Name, arguments.Select(argument => argument.Sql).ToArray())
            ?? throw new NotShippableException($"{call.Name}() of these arguments is evaluated here");
        return new RemoteExpression(sql, RemotePrecedence.Atom) { Collations = collations };
    }

    internal void Demand(string name, IReadOnlyList<ConnectorExpression> arguments)
    {
        if (_dialect.Functions.WhyNot(name, arguments.Select(argument => argument.Type).ToArray()) is { } reason)
            throw new NotShippableException(reason);
    }

    /// <summary>The operand of a text comparison, marked for the byte order where the columns' own collations would not do.</summary>
    private string InOrder(string operand, IReadOnlyList<RemoteCollation> collations, bool isRange, bool isMatch)
    {
        if (collations.FirstOrDefault(collation => !collation.IsDeterministic) is { } loose)
            throw new NotShippableException($"collation {loose.Name} holds different texts for equal");
        if (isRange || isMatch) RefuseUnknownOrder(collations);
        var isMixed = collations.Select(collation => collation.Name).Distinct().Count() > 1;
        var needsOrder = isRange && !isMatch && (collations.Count == 0 || collations.Any(collation => !collation.IsByteOrder));
        return isMixed || needsOrder ? _dialect.InByteOrder(operand) : operand;
    }

    private static void RefuseUnknownOrder(IReadOnlyList<RemoteCollation> collations)
    {
        if (collations.Any(collation => !collation.IsUnicode)) throw new NotShippableException("the source does not hold text as Unicode");
    }
}
