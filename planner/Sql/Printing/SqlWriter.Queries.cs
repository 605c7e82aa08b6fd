using System.Diagnostics;
using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>Queries and FROM.</summary>
internal sealed partial class SqlWriter
{
    private void QueryInParentheses(Query query)
    {
        Write("(");
        Query(query);
        Write(")");
    }

    private void Query(Query query)
    {
        if (query.With is not null) With(query.With);
        Body(query.Body);
        OrderBy(query.OrderBy);
        if (query.Offset is not null)
        {
            Write(" offset ");
            Expression(query.Offset);
        }

        if (query.Limit is not null) Limit(query.Limit, query.WithTies);
        foreach (var locking in query.Locking) Locking(locking);
    }

    private void Limit(Expression limit, bool withTies)
    {
        if (!withTies)
        {
            Write(" limit ");
            Expression(limit);
            return;
        }

        Write(" fetch first (");
        Expression(limit);
        Write(") rows with ties");
    }

    private void Locking(LockingClause locking)
    {
        Write(" for " + locking.Strength.ToLowerInvariant());
        if (locking.Of.Count > 0)
        {
            Write(" of ");
            List(locking.Of, Name);
        }

        if (locking.Wait is not null) Write(" " + locking.Wait.ToLowerInvariant());
    }

    private void With(WithClause with)
    {
        Write(with.IsRecursive ? "with recursive " : "with ");
        List(with.Tables, CommonTable);
        Write(" ");
    }

    private void CommonTable(CommonTableExpression table)
    {
        Identifier(table.Name);
        if (table.Columns.Count > 0) ParenthesisedNames(table.Columns);
        Write(table.IsMaterialized switch { true => " as materialized (", false => " as not materialized (", null => " as (" });
        Statement(table.Statement);
        Write(")");
        if (table.Search is { } search)
        {
            Write(search.IsBreadthFirst ? " search breadth first by " : " search depth first by ");
            Names(search.Columns);
            Write(" set ");
            Identifier(search.Sequence);
        }

        if (table.Cycle is { } cycle) Cycle(cycle);
    }

    private void Cycle(CycleClause cycle)
    {
        Write(" cycle ");
        Names(cycle.Columns);
        Write(" set ");
        Identifier(cycle.Mark);
        if (cycle.Value is not null && cycle.Default is not null)
        {
            Write(" to ");
            Constant(cycle.Value);
            Write(" default ");
            Constant(cycle.Default);
        }

        Write(" using ");
        Identifier(cycle.Path);
    }

    /// <summary>A constant where CAST is not allowed: a typed literal keeps its type in front.</summary>
    private void Constant(Expression constant)
    {
        if (constant is not CastExpression { Operand: StringLiteral text } cast)
        {
            Expression(constant);
            return;
        }

        if (cast.Type.Name is { Name: "interval", Qualifier: "pg_catalog" })
        {
            Interval(cast.Type, text.Value);
            return;
        }

        Type(cast.Type);
        Write(" ");
        Literal(text.Value);
    }

    /// <summary>The precision stands behind the fields when there are any, else behind the word.</summary>
    private void Interval(TypeName type, string value)
    {
        Write("interval");
        if (type.IntervalFields is null && type.Modifiers.Count > 0) Parenthesised(type.Modifiers, Expression);
        Write(" ");
        Literal(value);
        if (type.IntervalFields is null) return;
        Write(" " + type.IntervalFields);
        if (type.Modifiers.Count > 0) Parenthesised(type.Modifiers, Expression);
    }

    private void Body(QueryBody body)
    {
        switch (body)
        {
            case SelectBody select:
                Select(select);
                break;
            case ValuesBody values:
                Write("values ");
                List(values.Rows, row => Parenthesised(row, Expression));
                break;
            case TableCommand command:
                Write("table ");
                Table(command.Table);
                break;
            case NestedQuery nested:
                QueryInParentheses(nested.Query);
                break;
            case SetOperation operation:
                SetOperation(operation);
                break;
            default:
                throw new UnreachableException(body.GetType().Name);
        }
    }

    /// <summary>
    /// The parser nests to the left and marks every other nesting, so that the text reads back without parentheses of its own.
    /// </summary>
    private void SetOperation(SetOperation operation)
    {
        Body(operation.Left);
        Write($" {operation.Operator.ToString().ToLowerInvariant()}{(operation.IsAll ? " all " : " ")}");
        Body(operation.Right);
    }

    private void Select(SelectBody select)
    {
        Write("select");
        if (select.IsDistinct) Write(" distinct");
        if (select.DistinctOn.Count > 0)
        {
            Write(" on ");
            Parenthesised(select.DistinctOn, Expression);
        }

        if (select.Items.Count > 0) Write(" ");
        List(select.Items, Item);
        if (select.Into is { } into)
        {
            Write(into.IsTemporary ? " into temporary " : " into ");
            Name(into.Name);
        }

        if (select.From.Count > 0)
        {
            Write(" from ");
            List(select.From, Table);
        }

        Clause(" where ", select.Where);
        if (select.GroupBy.Count > 0)
        {
            Write(select.IsGroupByDistinct ? " group by distinct " : " group by ");
            List(select.GroupBy, Grouping);
        }

        Clause(" having ", select.Having);
        if (select.Windows.Count == 0) return;
        Write(" window ");
        List(select.Windows, NamedWindow);
    }

    private void NamedWindow(NamedWindow window)
    {
        Identifier(window.Name);
        Write(" as ");
        Window(window.Definition);
    }

    private void Clause(string word, Expression? expression)
    {
        if (expression is null) return;
        Write(word);
        Expression(expression);
    }

    private void Item(SelectItem item)
    {
        Expression(item.Expression);
        if (item.Alias is null) return;
        Write(" as ");
        Identifier(item.Alias);
    }

    private void Grouping(GroupingElement element)
    {
        switch (element.Kind)
        {
            case GroupingKind.Empty:
                Write("()");
                break;
            case GroupingKind.Sets:
                Write("grouping sets ");
                Parenthesised(element.Sets, Grouping);
                break;
            case GroupingKind.Expression:
                Expression(element.Expressions[0]);
                break;
            case GroupingKind.Rollup or GroupingKind.Cube:
                Write(element.Kind == GroupingKind.Rollup ? "rollup " : "cube ");
                Parenthesised(element.Expressions, Expression);
                break;
            default:
                throw new UnreachableException(element.Kind.ToString());
        }
    }
}
