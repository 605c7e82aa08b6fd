using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.RemoteSql;

/// <summary>
/// Writes expressions as SQL of a source when the source gives PostgreSQL's answer for them, and otherwise says why not. Text is compared
/// by its bytes here, so that orders get the source's byte order, and equality is left only to collations in which equal means equal bytes.
/// </summary>
public sealed class RemoteExpressionWriter(SqlDialect dialect, Func<string, RemoteColumn?> findColumn)
{
    /// <summary>Constants of the condition that is written, in the order of their places.</summary>
    private readonly List<RemoteValue> _values = [];

    /// <summary>A condition that can stand between ANDs; null with a reason for EXPLAIN when it has to be evaluated here.</summary>
    public RemoteCondition? TryWriteCondition(ConnectorExpression condition, out string? reason)
    {
        _values.Clear();
        try
        {
            var written = Write(condition);
            reason = null;
            return new RemoteCondition(written.Precedence < Precedence.And ? $"({written.Sql})" : written.Sql, _values.ToEquatableArray())
            {
                IsPoint = condition is ConnectorExpression.Operator { Symbol: "=" } or ConnectorExpression.In && _values.Count > 0,
            };
        }
        catch (NotShippableException refusal)
        {
            reason = refusal.Message;
            return null;
        }
    }

    private enum Precedence
    {
        Or,
        And,
        Not,
        Comparison,
        Arithmetic,
        Atom,
    }

    private readonly record struct Written(string Sql, Precedence Precedence)
    {
        /// <summary>Collations of the columns it is made of, for text.</summary>
        public IReadOnlyList<RemoteCollation> Collations { get; init; } = [];

        public string Above(Precedence outer) => Precedence > outer ? Sql : $"({Sql})";
    }

    private static bool IsText(SqlType type) => !type.IsArray && type.Category == 'S';

    /// <param name="isBare">A constant may leave its type to the comparison it stands in.</param>
    /// <param name="isApart">A constant may be sent beside the statement.</param>
    private Written Write(ConnectorExpression expression, bool isBare = false, bool isApart = false)
    {
        switch (expression)
        {
            case ConnectorExpression.Constant constant when isApart && dialect.Value(constant.Value, constant.Of) is { } value:
                _values.Add(value);
                return new Written(RemoteCondition.Place.ToString(), Precedence.Atom);
            case ConnectorExpression.Column column:
                var found = findColumn(column.Name) ?? throw new NotShippableException($"column {column.Name} is not a column of the source");
                return new Written(found.Expression, Precedence.Atom) { Collations = found.Collation is { } collation ? [collation] : [] };
            case ConnectorExpression.Constant constant:
                return new Written(
                    dialect.Constant(constant.Value, constant.Of, isBare) ?? throw new NotShippableException($"constants of type {constant.Of} stay here"),
                    Precedence.Atom);
            case ConnectorExpression.And and: return Junction(and.Arguments, " AND ", Precedence.And);
            case ConnectorExpression.Or or: return Junction(or.Arguments, " OR ", Precedence.Or);
            case ConnectorExpression.Not { Argument: ConnectorExpression.IsNull tested }:
                return new Written($"{Write(tested.Argument).Above(Precedence.Comparison)} IS NOT NULL", Precedence.Comparison);
            case ConnectorExpression.Not not: return new Written($"NOT {Write(not.Argument).Above(Precedence.Not)}", Precedence.Not);
            case ConnectorExpression.IsNull test:
                return new Written($"{Write(test.Argument).Above(Precedence.Comparison)} IS NULL", Precedence.Comparison);
            case ConnectorExpression.In list: return In(list);
            case ConnectorExpression.Cast cast: return Cast(cast);
            case ConnectorExpression.Operator call: return Operator(call);
            case ConnectorExpression.Function call: return Function(call);
            default: throw new NotShippableException($"{expression.GetType().Name} is evaluated here");
        }
    }

    private Written Junction(Core.EquatableArray<ConnectorExpression> terms, string word, Precedence precedence) =>
        new(string.Join(word, terms.Select(term => Write(term).Above(precedence))), precedence);

    private Written Cast(ConnectorExpression.Cast cast)
    {
        var from = cast.Argument.Type;
        var operand = Write(cast.Argument);
        // varchar is text with a limit: PostgreSQL only relabels it.
        if (from.Base == PgTypes.Varchar && cast.To is { IsArray: false, Modifier: < 0 } && cast.To.Base == PgTypes.Text && !from.IsArray) return operand;
        var sql = dialect.Cast(operand.Above(Precedence.Arithmetic), from, cast.To)
            ?? throw new NotShippableException($"the cast from {from} to {cast.To} is evaluated here");
        return operand with { Sql = sql, Precedence = Precedence.Atom };
    }

    private Written Operator(ConnectorExpression.Operator call)
    {
        Demand(call.Symbol, call.Arguments);
        var isComparison = call.Symbol is "=" or "<>" or "<" or "<=" or ">" or ">=";
        var isMatch = call.Symbol is "~~" or "!~~";
        if (isMatch && call.Arguments[1] is not ConnectorExpression.Constant) throw new NotShippableException("the pattern is not a constant");
        // Two constants have nothing to take their type from.
        var hasColumn = call.Arguments.Any(argument => argument is not ConnectorExpression.Constant);
        var outer = isComparison || isMatch ? Precedence.Comparison : Precedence.Arithmetic;
        var operands = call.Arguments.Select(argument => Write(argument, hasColumn && outer == Precedence.Comparison, hasColumn && isComparison)).ToArray();
        var collations = operands.SelectMany(operand => operand.Collations).ToArray();
        if (operands.Length == 1)
            return new Written($"{call.Symbol} {operands[0].Above(Precedence.Arithmetic)}", Precedence.Arithmetic) { Collations = collations };
        var right = operands[1].Above(outer);
        if (IsText(call.Arguments[0].Type)) right = InOrder(right, collations, isRange: call.Symbol is not ("=" or "<>"), isMatch);
        var symbol = call.Symbol switch { "~~" => "LIKE", "!~~" => "NOT LIKE", var other => other };
        return new Written($"{operands[0].Above(outer)} {symbol} {right}", outer) { Collations = collations };
    }

    private Written In(ConnectorExpression.In list)
    {
        foreach (var value in list.Values) Demand("=", [list.Argument, value]);
        var argument = Write(list.Argument);
        var isInColumn = list.Argument is not ConnectorExpression.Constant;
        var values = list.Values.Select(value => Write(value, isInColumn, isInColumn)).ToArray();
        var collations = values.SelectMany(value => value.Collations).Concat(argument.Collations).ToArray();
        var left = argument.Above(Precedence.Comparison);
        if (IsText(list.Argument.Type)) left = InOrder(left, collations, isRange: false, isMatch: false);
        return new Written($"{left} IN ({string.Join(", ", values.Select(value => value.Sql))})", Precedence.Comparison);
    }

    private Written Function(ConnectorExpression.Function call)
    {
        Demand(call.Name, call.Arguments);
        var arguments = call.Arguments.Select(argument => Write(argument)).ToArray();
        var collations = arguments.SelectMany(argument => argument.Collations).ToArray();
        RefuseUnknownOrder(collations);
        var sql = dialect.Call(call.Name, arguments.Select(argument => argument.Sql).ToArray())
            ?? throw new NotShippableException($"{call.Name}() of these arguments is evaluated here");
        return new Written(sql, Precedence.Atom) { Collations = collations };
    }

    private void Demand(string name, IReadOnlyList<ConnectorExpression> arguments)
    {
        if (dialect.Functions.WhyNot(name, arguments.Select(argument => argument.Type).ToArray()) is { } reason) throw new NotShippableException(reason);
    }

    /// <summary>The operand of a text comparison, marked for the byte order where the columns' own collations would not do.</summary>
    private string InOrder(string operand, RemoteCollation[] collations, bool isRange, bool isMatch)
    {
        if (Array.Find(collations, collation => !collation.IsDeterministic) is { } loose)
            throw new NotShippableException($"collation {loose.Name} holds different texts for equal");
        if (isRange || isMatch) RefuseUnknownOrder(collations);
        var isMixed = collations.Select(collation => collation.Name).Distinct().Count() > 1;
        var needsOrder = isRange && !isMatch && (collations.Length == 0 || collations.Any(collation => !collation.IsByteOrder));
        return isMixed || needsOrder ? dialect.InByteOrder(operand) : operand;
    }

    private static void RefuseUnknownOrder(RemoteCollation[] collations)
    {
        if (Array.Exists(collations, collation => !collation.IsUnicode)) throw new NotShippableException("the source does not hold text as Unicode");
    }

    /// <summary>Unwinds to the condition, which is then evaluated here as a whole.</summary>
    private sealed class NotShippableException(string reason) : Exception(reason);
}
