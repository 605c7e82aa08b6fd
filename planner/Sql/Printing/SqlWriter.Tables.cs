using Federation.Core;
using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>CREATE TABLE.</summary>
internal sealed partial class SqlWriter
{
    private void CreateTable(CreateTableStatement table)
    {
        TableHead(table.Name, table.IfNotExists, table.Temporary is not null);
        Write(" (");
        List(table.Columns, ColumnOf);
        foreach (var constraint in table.Constraints)
        {
            Write(", ");
            Constraint(constraint, ofColumn: false);
        }

        Write(")");
        Layout(table.Layout);
        OnCommitOf(table.Temporary);
    }

    private void ColumnOf(TableColumn column)
    {
        Identifier(column.Name);
        Write(" ");
        Type(column.Type);
        if (column.Identity is { } identity)
        {
            Write(" ");
            Identity(identity);
        }

        if (column.Generated is { } generated)
        {
            Write(" generated always as (");
            Expression(generated);
            Write(") stored");
        }

        if (column.IsNotNull) Write(" not null");
        if (column.Default is not null)
        {
            Write(" default (");
            Expression(column.Default);
            Write(")");
        }

        foreach (var constraint in column.Constraints)
        {
            Write(" ");
            Constraint(constraint, ofColumn: true);
        }
    }

    private void CreateTableAs(CreateTableAsStatement table)
    {
        TableHead(table.Name, table.IfNotExists, table.Temporary is not null);
        ColumnList(table.Columns);
        Layout(table.Layout);
        OnCommitOf(table.Temporary);
        Write(" as ");
        Query(table.Query);
        if (!table.WithData) Write(" with no data");
    }

    private void TableHead(QualifiedName name, bool ifNotExists, bool isTemporary)
    {
        Write(isTemporary ? "create temporary table " : "create table ");
        if (ifNotExists) Write("if not exists ");
        Name(name);
    }

    private void OnCommitOf(TemporaryTable? temporary) => Write(temporary?.OnCommit switch
    {
        OnCommit.PreserveRows => " on commit preserve rows",
        OnCommit.DeleteRows => " on commit delete rows",
        OnCommit.Drop => " on commit drop",
        _ => "",
    });

    private void ColumnList(EquatableArray<string> columns)
    {
        if (columns.Count == 0) return;
        Write(" (");
        List(columns, Identifier);
        Write(")");
    }
}
