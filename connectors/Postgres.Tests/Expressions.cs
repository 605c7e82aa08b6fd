using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Postgres.Tests;

/// <summary>Short forms of bound expressions, as the planner offers them: casts are explicit.</summary>
internal static class Expressions
{
    public static ConnectorExpression Column(string name, SqlType type) => new ConnectorExpression.Column(name, type);

    public static ConnectorExpression Constant(object? value, SqlType type) => new ConnectorExpression.Constant(value, type);

    public static ConnectorExpression Text(string? value) => Constant(value, SqlType.Text);

    public static ConnectorExpression Int(int value) => Constant(value, SqlType.Int4);

    public static ConnectorExpression Compare(string symbol, ConnectorExpression left, ConnectorExpression right) =>
        new ConnectorExpression.Operator(symbol, [left, right], SqlType.Bool);

    public static ConnectorExpression Operator(string symbol, SqlType result, params ConnectorExpression[] arguments) =>
        new ConnectorExpression.Operator(symbol, [.. arguments], result);

    public static ConnectorExpression Function(string name, SqlType result, params ConnectorExpression[] arguments) =>
        new ConnectorExpression.Function(name, [.. arguments], result);

    public static ConnectorExpression Cast(ConnectorExpression argument, SqlType to) => new ConnectorExpression.Cast(argument, to);

    public static ConnectorExpression In(ConnectorExpression argument, params ConnectorExpression[] values) =>
        new ConnectorExpression.In(argument, [.. values]);

    public static ConnectorExpression IsNull(ConnectorExpression argument) => new ConnectorExpression.IsNull(argument);

    public static ConnectorExpression Not(ConnectorExpression argument) => new ConnectorExpression.Not(argument);

    public static ConnectorExpression And(params ConnectorExpression[] arguments) => new ConnectorExpression.And([.. arguments]);

    public static ConnectorExpression Or(params ConnectorExpression[] arguments) => new ConnectorExpression.Or([.. arguments]);

    public static FilterPushdown Push(this IConnector connector, ITableHandle handle, params ConnectorExpression[] conjuncts) =>
        ((IFilterPushdown)connector).PushFilter(handle, new EquatableArray<ConnectorExpression>(conjuncts));
}
