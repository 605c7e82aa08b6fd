using System.Globalization;
using Federation.Core;
using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>PARTITIONED BY, SORTED BY and WITH of tables.</summary>
internal sealed partial class SqlWriter
{
    private void Layout(TableLayout layout)
    {
        if (layout.PartitionedBy.Count > 0) Terms(" partitioned by (", layout.PartitionedBy);
        if (layout.SortedBy.Count > 0)
        {
            Write(" sorted by (");
            List(layout.SortedBy, Sort);
            Write(")");
        }

        if (layout.Options.Count == 0) return;
        Write(" with (");
        List(layout.Options, option =>
        {
            Names(option.Name.Split('.').ToEquatableArray(), ".");
            if (option.Value is null) return;
            Write(" = ");
            Expression(option.Value);
        });
        Write(")");
    }

    private void LayoutAction(TableAction action)
    {
        switch (action)
        {
            case TableAction.SetPartitioning set:
                Terms("set partitioned by (", set.Terms);
                break;
            case TableAction.AddPartitionField add:
                Write("add partition field ");
                Field(add.Term, add.Name);
                break;
            case TableAction.DropPartitionField drop:
                Write("drop partition field ");
                Transform(drop.Term);
                break;
            case TableAction.ReplacePartitionField replace:
                Write("replace partition field ");
                Transform(replace.Old);
                Write(" with ");
                Field(replace.Term, replace.Name);
                break;
            case TableAction.SetOrder order:
                Write("set sorted by (");
                List(order.Terms, Sort);
                Write(")");
                break;
        }
    }

    private void Field(TransformTerm term, string? name)
    {
        Transform(term);
        if (name is not null) Words(" as ", name, "");
    }

    private void Terms(string before, EquatableArray<TransformTerm> terms)
    {
        Write(before);
        List(terms, Transform);
        Write(")");
    }

    private void Transform(TransformTerm term)
    {
        if (term.Transform == "identity")
        {
            Identifier(term.Column);
            return;
        }

        Write(term.Transform + "(");
        if (term.Argument is { } argument) Write(argument.ToString(CultureInfo.InvariantCulture) + ", ");
        Identifier(term.Column);
        Write(")");
    }

    private void Sort(SortTerm term)
    {
        Transform(term.Term);
        Write(term.IsDescending ? " desc" : " asc");
        Write(term.IsNullsFirst ? " nulls first" : " nulls last");
    }
}
