using System.Diagnostics;
using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>Tables, functions and joins.</summary>
internal sealed partial class SqlWriter
{
    private void Table(TableReference table)
    {
        switch (table)
        {
            case TableName name:
                NamedTable(name);
                break;
            case QueryTable query:
                if (query.IsLateral) Write("lateral ");
                QueryInParentheses(query.Query);
                Alias(query.Alias);
                break;
            case FunctionTable function:
                Function(function);
                break;
            case JoinTable { Alias: not null } join:
                Write("(");
                Join(join);
                Write(")");
                Alias(join.Alias);
                break;
            case JoinTable join:
                Join(join);
                break;
            default:
                throw new UnreachableException(table.GetType().Name);
        }
    }

    private void NamedTable(TableName table)
    {
        if (table.IsOnly) Write("only ");
        Name(table.Name);
        if (table.Changes.Count > 0) Parenthesised(table.Changes, Argument);
        Clause(" for version as of ", table.Version);
        Clause(" for timestamp as of ", table.Timestamp);
        Alias(table.Alias);
        if (table.Sample is not { } sample) return;
        Write(" tablesample ");
        Name(sample.Method);
        Parenthesised(sample.Arguments, Expression);
        if (sample.Repeatable is null) return;
        Write(" repeatable (");
        Expression(sample.Repeatable);
        Write(")");
    }

    private void Function(FunctionTable table)
    {
        if (table.IsLateral) Write("lateral ");
        if (table.IsRowsFrom)
        {
            Write("rows from ");
            Parenthesised(table.Functions, RowsFromItem);
        }
        else
        {
            FromCall(table.Functions[0].Call);
        }

        if (table.WithOrdinality) Write(" with ordinality");
        Alias(table.Alias);
    }

    private void RowsFromItem(FunctionTableItem item)
    {
        FromCall(item.Call);
        if (item.Definitions.Count == 0) return;
        Write(" as ");
        Parenthesised(item.Definitions, Definition);
    }

    private void FromCall(Expression call) => Expression(call);

    private void Alias(TableAlias? alias)
    {
        if (alias is null) return;
        Write(" as ");
        if (alias.Name is not null) Identifier(alias.Name);
        if (alias.Columns.Count > 0) ParenthesisedNames(alias.Columns);
        if (alias.Definitions.Count > 0) Parenthesised(alias.Definitions, Definition);
    }

    private void Definition(ColumnDefinition definition)
    {
        Identifier(definition.Name);
        Write(" ");
        Type(definition.Type);
        if (definition.Collation is null) return;
        Write(" collate ");
        Name(definition.Collation);
    }

    private void Join(JoinTable join)
    {
        Table(join.Left);
        if (join.IsNatural) Write(" natural");
        Write(join.Kind switch
        {
            JoinKind.Cross => " cross join ",
            JoinKind.Left => " left join ",
            JoinKind.Right => " right join ",
            JoinKind.Full => " full join ",
            _ => " join ",
        });
        // A join on the right side would otherwise take the condition of this one.
        var isNested = join.Right is JoinTable { Alias: null };
        if (isNested) Write("(");
        Table(join.Right);
        if (isNested) Write(")");
        Clause(" on ", join.On);
        if (join.Using.Count == 0) return;
        Write(" using ");
        ParenthesisedNames(join.Using);
        if (join.UsingAlias is null) return;
        Write(" as ");
        Identifier(join.UsingAlias);
    }
}
