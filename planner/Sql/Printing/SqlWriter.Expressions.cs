using System.Diagnostics;
using System.Globalization;
using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>
/// Expressions. Operands are put in parentheses unless they are atoms, so that no precedence rule is needed to read the text back;
/// parentheses leave no trace in a tree.
/// </summary>
internal sealed partial class SqlWriter
{
    private void Expression(Expression expression)
    {
        switch (expression)
        {
            case ColumnReference column:
                Names(column.Parts, ".");
                break;
            case Star star:
                Names(star.Qualifier, ".");
                Write(star.Qualifier.Count > 0 ? ".*" : "*");
                break;
            case ParameterReference parameter:
                Write("$" + ((uint)parameter.Number).ToString(CultureInfo.InvariantCulture));
                break;
            case NumberLiteral number:
                Write(number.Text);
                break;
            case StringLiteral text:
                Literal(text.Value);
                break;
            case DefaultValue:
                Write("default");
                break;
            case BitStringLiteral bits:
                Write($"{(bits.IsHex ? "x" : "b")}'{bits.Digits}'");
                break;
            case BooleanLiteral boolean:
                Write(boolean.Value ? "true" : "false");
                break;
            case NullLiteral:
                Write("null");
                break;
            case CastExpression cast:
                Write("cast(");
                Expression(cast.Operand);
                Write(" as ");
                Type(cast.Type);
                Write(")");
                break;
            case OperatorExpression or LogicalExpression or NotExpression or TestExpression or DistinctExpression or BetweenExpression
                or InListExpression or InQueryExpression or QuantifiedArrayExpression or QuantifiedQueryExpression or CollateExpression:
                OperatorForm(expression);
                break;
            default:
                OtherForm(expression);
                break;
        }
    }

    private void OtherForm(Expression expression)
    {
        switch (expression)
        {
            case CaseExpression choice:
                Case(choice);
                break;
            case BuiltinExpression builtin:
                Write(builtin.Form.ToString().ToLowerInvariant());
                Parenthesised(builtin.Arguments, Expression);
                break;
            case SqlValueFunction function:
                Write(function.Keyword);
                if (function.Precision is { } precision) Write($"({precision.ToString(CultureInfo.InvariantCulture)})");
                break;
            case FunctionCall call:
                Call(call);
                break;
            case GroupingExpression grouping:
                Write("grouping");
                Parenthesised(grouping.Arguments, Expression);
                break;
            case ArrayExpression array:
                Write("array");
                ArrayItems(array);
                break;
            case ArrayQueryExpression array:
                Write("array");
                QueryInParentheses(array.Query);
                break;
            case RowExpression row:
                if (row.IsExplicit) Write("row");
                Parenthesised(row.Items, Expression);
                break;
            case SubscriptExpression or FieldExpression or FieldStar:
                Indirection(expression);
                break;
            case ScalarQueryExpression scalar:
                QueryInParentheses(scalar.Query);
                break;
            case ExistsExpression exists:
                Write("exists ");
                QueryInParentheses(exists.Query);
                break;
            case CurrentOfCursor current:
                Write("current of ");
                Identifier(current.Cursor);
                break;
            default:
                throw new UnreachableException(expression.GetType().Name);
        }
    }

    private void OperatorForm(Expression expression)
    {
        switch (expression)
        {
            case OperatorExpression operation:
                Operation(operation);
                break;
            case LogicalExpression logical:
                // A first operand of the same kind cannot come from the parser, which flattens it.
                List(logical.Operands, operand => Operand(operand), logical.Operator == LogicalOperator.And ? " and " : " or ");
                break;
            case NotExpression not:
                Write("not ");
                Operand(not.Operand);
                break;
            case TestExpression test:
                Operand(test.Operand);
                Write($" is {Not(test.IsNegated)}{test.Test.ToString().ToLowerInvariant()}");
                break;
            case DistinctExpression distinct:
                Operand(distinct.Left);
                Write($" is {Not(distinct.IsNegated)}distinct from ");
                Operand(distinct.Right);
                break;
            case BetweenExpression between:
                Operand(between.Operand);
                Write($" {Not(between.IsNegated)}between {(between.IsSymmetric ? "symmetric " : "")}");
                Operand(between.Low);
                Write(" and ");
                Operand(between.High);
                break;
            case InListExpression list:
                Operand(list.Operand);
                Write($" {Not(list.IsNegated)}in (");
                List(list.Items, Expression);
                Write(")");
                break;
            case InQueryExpression query:
                Operand(query.Operand);
                Write($" {Not(query.IsNegated)}in ");
                QueryInParentheses(query.Query);
                break;
            case QuantifiedArrayExpression quantified:
                Quantifier(quantified.Operand, quantified.Operator, quantified.IsAll);
                Write("(");
                Expression(quantified.Array);
                Write(")");
                break;
            case QuantifiedQueryExpression quantified:
                Quantifier(quantified.Operand, quantified.Operator, quantified.IsAll);
                QueryInParentheses(quantified.Query);
                break;
            case CollateExpression collate:
                Operand(collate.Operand);
                Write(" collate ");
                Name(collate.Collation);
                break;
            default:
                throw new UnreachableException(expression.GetType().Name);
        }
    }

    private void Operation(OperatorExpression operation)
    {
        if (operation.Left is not null)
        {
            Operand(operation.Left);
            Write(" ");
        }

        var symbol = operation.Operator.Symbol;
        // Some symbols are a prefix only in this spelling, and a minus sign would be read as part of a number.
        var needsWord = operation.Left is null && operation.Operator.Schema is null
            && (symbol is "*" or "/" or "%" or "^" or "<" or ">" or "=" or "<=" or ">=" or "<>"
                || (symbol == "-" && operation.Right is NumberLiteral));
        if (needsWord) Write($"operator({symbol})");
        else Operator(operation.Operator);
        Write(" ");
        Operand(operation.Right);
    }

    private static string Not(bool isNegated) => isNegated ? "not " : "";

    private void Quantifier(Expression operand, OperatorName name, bool isAll)
    {
        Operand(operand);
        Write(" ");
        Operator(name);
        Write(isAll ? " all " : " any ");
    }

    private void Operator(OperatorName name)
    {
        // LIKE and its kin are operators that a quantifier can follow only by their symbols, which parse to the same name.
        if (name.Schema is null)
        {
            Write(name.Symbol);
            return;
        }

        Write("operator(");
        Identifier(name.Schema);
        Write("." + name.Symbol + ")");
    }

    /// <summary>An operand of an operator: as it is when nothing in it can be taken apart, else in parentheses.</summary>
    private void Operand(Expression operand)
    {
        var isAtom = operand is ColumnReference or Star or ParameterReference or StringLiteral or BitStringLiteral or BooleanLiteral
            or NullLiteral
            or CastExpression or FunctionCall or BuiltinExpression or SqlValueFunction or CaseExpression or ArrayExpression
            or ArrayQueryExpression or ScalarQueryExpression or ExistsExpression or GroupingExpression or RowExpression
            or SubscriptExpression or FieldExpression or FieldStar
            || operand is NumberLiteral { Text: [not '-', ..] };
        if (isAtom)
        {
            Expression(operand);
            return;
        }

        Write("(");
        Expression(operand);
        Write(")");
    }

    private void Case(CaseExpression choice)
    {
        Write("case");
        if (choice.Operand is not null)
        {
            Write(" ");
            Expression(choice.Operand);
        }

        foreach (var when in choice.Whens)
        {
            Write(" when ");
            Expression(when.Condition);
            Write(" then ");
            Expression(when.Result);
        }

        if (choice.Else is not null)
        {
            Write(" else ");
            Expression(choice.Else);
        }

        Write(" end");
    }

    /// <summary>Nested brackets need no word ARRAY as long as every item is an array of brackets.</summary>
    private void ArrayItems(ArrayExpression array)
    {
        Write("[");
        List(array.Items, Expression);
        Write("]");
    }

    /// <summary>Only names and parameters take a subscript or a field without parentheses.</summary>
    private void Indirection(Expression expression)
    {
        var operand = expression switch
        {
            SubscriptExpression subscript => subscript.Operand,
            FieldExpression field => field.Operand,
            FieldStar star => star.Operand,
            _ => throw new UnreachableException(expression.GetType().Name),
        };
        var isChain = operand is SubscriptExpression or FieldExpression or ParameterReference or ScalarQueryExpression
            || (operand is ColumnReference && expression is SubscriptExpression);
        if (!isChain) Write("(");
        Expression(operand);
        if (!isChain) Write(")");
        switch (expression)
        {
            case FieldExpression field:
                Write(".");
                Identifier(field.Field);
                break;
            case FieldStar:
                Write(".*");
                break;
            case SubscriptExpression subscript:
                Subscript(subscript);
                break;
        }
    }

    private void Subscript(SubscriptExpression subscript)
    {
        Write("[");
        if (subscript.IsSlice)
        {
            if (subscript.Low is not null) Expression(subscript.Low);
            Write(" : ");
            if (subscript.High is not null) Expression(subscript.High);
        }
        else if (subscript.Index is not null)
        {
            Expression(subscript.Index);
        }

        Write("]");
    }
}
