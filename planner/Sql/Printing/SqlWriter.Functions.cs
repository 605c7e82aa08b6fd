using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>Calls, windows and type names.</summary>
internal sealed partial class SqlWriter
{
    private void Call(FunctionCall call)
    {
        Name(call.Name);
        Write("(");
        if (call.IsStar) Write("*");
        if (call.IsDistinct) Write("distinct ");
        for (var i = 0; i < call.Arguments.Count; i++)
        {
            if (i > 0) Write(", ");
            if (call.IsVariadic && i == call.Arguments.Count - 1) Write("variadic ");
            Argument(call.Arguments[i]);
        }

        OrderBy(call.OrderBy);
        Write(")");
        if (call.WithinGroup.Count > 0)
        {
            Write(" within group (");
            Write("order by ");
            List(call.WithinGroup, Sort);
            Write(")");
        }

        if (call.Filter is not null)
        {
            Write(" filter (where ");
            Expression(call.Filter);
            Write(")");
        }

        if (call.Over is null) return;
        Write(" over ");
        Window(call.Over);
    }

    private void Argument(Argument argument)
    {
        if (argument.Name is not null)
        {
            Identifier(argument.Name);
            Write(" => ");
        }

        Expression(argument.Value);
    }

    private void OrderBy(EquatableArray<SortItem> items)
    {
        if (items.Count == 0) return;
        Write(" order by ");
        List(items, Sort);
    }

    private void Sort(SortItem item)
    {
        Expression(item.Expression);
        if (item.Using is not null)
        {
            Write(" using ");
            Operator(item.Using);
        }

        if (item.IsDescending) Write(" desc");
        if (item.NullsFirst is { } nullsFirst) Write(nullsFirst ? " nulls first" : " nulls last");
    }

    private void Window(WindowDefinition window)
    {
        if (window.IsReference)
        {
            Identifier(window.Name!);
            return;
        }

        Write("(");
        if (window.Name is not null) Identifier(window.Name);
        if (window.PartitionBy.Count > 0)
        {
            Write(" partition by ");
            List(window.PartitionBy, Expression);
        }

        OrderBy(window.OrderBy);
        if (window.Frame is not null) Frame(window.Frame);
        Write(")");
    }

    private void Frame(WindowFrame frame)
    {
        Write($" {frame.Mode.ToString().ToLowerInvariant()} ");
        if (frame.End is not null) Write("between ");
        Bound(frame.Start);
        if (frame.End is not null)
        {
            Write(" and ");
            Bound(frame.End);
        }

        Write(frame.Exclusion switch
        {
            FrameExclusion.CurrentRow => " exclude current row",
            FrameExclusion.Group => " exclude group",
            FrameExclusion.Ties => " exclude ties",
            _ => "",
        });
    }

    private void Bound(FrameBound bound)
    {
        if (bound.Offset is not null)
        {
            Expression(bound.Offset);
            Write(bound.Kind == FrameBoundKind.Preceding ? " preceding" : " following");
            return;
        }

        Write(bound.Kind switch
        {
            FrameBoundKind.UnboundedPreceding => "unbounded preceding",
            FrameBoundKind.UnboundedFollowing => "unbounded following",
            _ => "current row",
        });
    }

    /// <summary>A type by its catalog name; only an interval's fields need the standard's spelling.</summary>
    private void Type(TypeName type)
    {
        if (type.IsSetOf) Write("setof ");
        if (type.IntervalFields is { } fields)
        {
            Write("interval " + fields);
            if (type.Modifiers.Count > 0) Parenthesised(type.Modifiers, Expression);
        }
        else
        {
            Name(type.Name);
            if (type.Modifiers.Count > 0) Parenthesised(type.Modifiers, Expression);
        }

        for (var i = 0; i < type.ArrayDimensions; i++) Write("[]");
    }
}
