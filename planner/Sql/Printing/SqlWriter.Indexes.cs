using Federation.Core;
using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>CREATE INDEX.</summary>
internal sealed partial class SqlWriter
{
    private void CreateIndex(CreateIndexStatement index)
    {
        Write(index.IsUnique ? "create unique index " : "create index ");
        if (index.IsConcurrent) Write("concurrently ");
        if (index.IfNotExists) Write("if not exists ");
        if (index.Name is { } name) Words("", name, " ");
        Write("on ");
        Name(index.Table);
        Words(" using ", index.Method, " (");
        List(index.Elements, IndexElement);
        Write(")");
        if (index.Included.Count > 0)
        {
            Write(" include");
            ColumnList(index.Included);
        }

        Clause(" where ", index.Where);
    }

    private void IndexElement(IndexElement element)
    {
        if (element.Key is ColumnReference or FunctionCall)
        {
            Expression(element.Key);
        }
        else
        {
            Write("(");
            Expression(element.Key);
            Write(")");
        }

        if (element.Collation is { } collation)
        {
            Write(" collate ");
            Name(collation);
        }

        if (element.OperatorClass is { } operatorClass)
        {
            Write(" ");
            Name(operatorClass);
        }

        if (element.IsDescending) Write(" desc");
        if (element.NullsFirst is { } first) Write(first ? " nulls first" : " nulls last");
    }
}
