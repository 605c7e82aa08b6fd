using System.Diagnostics;
using Federation.Core;
using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>INSERT, UPDATE, DELETE, MERGE and TRUNCATE.</summary>
internal sealed partial class SqlWriter
{
    private void Insert(InsertStatement insert)
    {
        var source = insert.Source;
        if (source?.With is { } with) With(with);
        Write("insert into ");
        Name(insert.Table);
        TargetAlias(insert.Alias);
        InsertColumns(insert.Columns);
        Overriding(insert.Overriding);
        Write(" ");
        if (source is null) Write("default values");
        else Query(source with { With = null });
        if (insert.OnConflict is { } conflict) OnConflict(conflict);
        Returning(insert.Returning);
    }

    private void OnConflict(OnConflictClause conflict)
    {
        Write(" on conflict ");
        if (conflict.Target is { } target) ConflictTarget(target);
        if (!conflict.IsUpdate)
        {
            Write("do nothing");
            return;
        }

        Write("do update");
        Set(conflict.Set);
        Clause(" where ", conflict.Where);
    }

    private void ConflictTarget(ConflictTarget target)
    {
        if (target.Constraint is not null)
        {
            Write("on constraint ");
            Identifier(target.Constraint);
        }
        else
        {
            Parenthesised(target.Elements, ConflictElement);
            Clause(" where ", target.Where);
        }

        Write(" ");
    }

    /// <summary>A column; anything else stands in parentheses.</summary>
    private void ConflictElement(Expression element)
    {
        if (element is ColumnReference { Parts.Count: 1 } column)
        {
            Identifier(column.Name);
            return;
        }

        Write("(");
        Expression(element);
        Write(")");
    }

    private void DataChange(DataChangeStatement change)
    {
        if (change.With is not null) With(change.With);
        Write(change switch
        {
            UpdateStatement => "update ",
            DeleteStatement => "delete from ",
            MergeStatement => "merge into ",
            _ => throw new UnreachableException(change.GetType().Name),
        });
        if (change.IsOnly) Write("only ");
        Name(change.Table);
        TargetAlias(change.Alias);
        switch (change)
        {
            case UpdateStatement update:
                Set(update.Set);
                Tables(" from ", update.From);
                Clause(" where ", update.Where);
                break;
            case DeleteStatement delete:
                Tables(" using ", delete.Using);
                Clause(" where ", delete.Where);
                break;
            case MergeStatement merge:
                Write(" using ");
                Table(merge.Source);
                Clause(" on ", merge.On);
                foreach (var clause in merge.Clauses) MergeWhen(clause);
                break;
        }

        Returning(change.Returning);
    }

    private void MergeWhen(MergeClause clause)
    {
        Write(clause.Match switch
        {
            MergeMatch.Matched => " when matched",
            MergeMatch.NotMatchedByTarget => " when not matched",
            MergeMatch.NotMatchedBySource => " when not matched by source",
            _ => throw new UnreachableException(clause.Match.ToString()),
        });
        Clause(" and ", clause.Condition);
        Write(" then ");
        switch (clause.Action)
        {
            case MergeUpdate update:
                Write("update");
                Set(update.Set);
                break;
            case MergeInsert { Values.Count: 0 }:
                Write("insert default values");
                break;
            case MergeInsert insert:
                Write("insert");
                InsertColumns(insert.Columns);
                Overriding(insert.Overriding);
                Write(" values ");
                Parenthesised(insert.Values, Expression);
                break;
            case MergeDelete:
                Write("delete");
                break;
            case MergeDoNothing:
                Write("do nothing");
                break;
            default:
                throw new UnreachableException(clause.Action.GetType().Name);
        }
    }

    private void Set(EquatableArray<SetClause> clauses)
    {
        Write(" set ");
        List(clauses, clause =>
        {
            if (clause.IsRow) Write("(");
            TargetColumns(clause.Columns);
            if (clause.IsRow) Write(")");
            Write(" = ");
            Expression(clause.Value);
        });
    }

    private void InsertColumns(EquatableArray<ColumnReference> columns)
    {
        if (columns.Count == 0) return;
        Write(" (");
        TargetColumns(columns);
        Write(")");
    }

    private void TargetColumns(EquatableArray<ColumnReference> columns) => List(columns, column => Names(column.Parts, "."));

    private void TargetAlias(string? alias)
    {
        if (alias is null) return;
        Write(" as ");
        Identifier(alias);
    }

    private void Overriding(string? overriding)
    {
        if (overriding is not null) Write($" overriding {overriding.ToLowerInvariant()}");
    }

    private void Tables(string word, EquatableArray<TableReference> tables)
    {
        if (tables.Count == 0) return;
        Write(word);
        List(tables, Table);
    }

    private void Returning(EquatableArray<SelectItem> items)
    {
        if (items.Count == 0) return;
        Write(" returning ");
        List(items, Item);
    }

    private void Truncate(TruncateStatement truncate)
    {
        Write("truncate table ");
        List(truncate.Tables, Name);
        if (truncate.RestartsIdentity) Write(" restart identity");
        if (truncate.IsCascade) Write(" cascade");
    }
}
