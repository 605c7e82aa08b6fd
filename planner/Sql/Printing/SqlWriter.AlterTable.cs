using System.Diagnostics;
using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>ALTER TABLE, ALTER VIEW and COMMENT.</summary>
internal sealed partial class SqlWriter
{
    private void AlterTable(AlterTableStatement alter)
    {
        Write(alter.Kind switch { DropKind.View => "alter view ", DropKind.Sequence => "alter sequence ", _ => "alter table " });
        if (alter.IfExists) Write("if exists ");
        Name(alter.Name);
        Write(" ");
        List(alter.Actions, Action);
    }

    private void Action(TableAction action)
    {
        switch (action)
        {
            case TableAction.AddColumn add:
                Write(add.IfNotExists ? "add column if not exists " : "add column ");
                ColumnOf(add.Column);
                break;
            case TableAction.DropColumn drop:
                Words(drop.IfExists ? "drop column if exists " : "drop column ", drop.Name, drop.IsCascade ? " cascade" : "");
                break;
            case TableAction.SetType set:
                Words("alter column ", set.Column, " type ");
                Type(set.Type);
                Clause(" using ", set.Using);
                break;
            case TableAction.SetNotNull set:
                Words("alter column ", set.Column, set.IsNotNull ? " set not null" : " drop not null");
                break;
            case TableAction.SetDefault set:
                Words("alter column ", set.Column, set.Default is null ? " drop default" : " set");
                Clause(" default ", set.Default);
                break;
            case TableAction.AddConstraint add:
                Write("add ");
                Constraint(add.Constraint, ofColumn: false);
                break;
            case TableAction.DropConstraint drop:
                Words(drop.IfExists ? "drop constraint if exists " : "drop constraint ", drop.Name, drop.IsCascade ? " cascade" : "");
                break;
            case TableAction.RenameConstraint rename:
                Words("rename constraint ", rename.Name, " to ");
                Identifier(rename.NewName);
                break;
            case TableAction.OwnerTo owner:
                Words("owner to ", owner.Role, "");
                break;
            case TableAction.RenameColumn rename:
                Words("rename column ", rename.Name, " to ");
                Identifier(rename.NewName);
                break;
            case TableAction.RenameTo rename:
                Words("rename to ", rename.NewName, "");
                break;
            case TableAction.SetSchema set:
                Words("set schema ", set.Schema, "");
                break;
            case TableAction.SetPartitioning or TableAction.AddPartitionField or TableAction.DropPartitionField
                or TableAction.ReplacePartitionField or TableAction.SetOrder:
                LayoutAction(action);
                break;
            default:
                IdentityAction(action);
                break;
        }
    }

    private void Constraint(ConstraintDefinition constraint, bool ofColumn)
    {
        if (constraint.Name is { } name) Words("constraint ", name, " ");
        Write(constraint.Type switch
        {
            ConstraintType.Check => "check (",
            ConstraintType.PrimaryKey => "primary key",
            ConstraintType.Unique => "unique",
            _ => ofColumn ? "" : "foreign key",
        });
        if (constraint.Condition is { } condition)
        {
            Expression(condition);
            Write(")");
        }
        else if (!ofColumn)
        {
            ColumnList(constraint.Columns);
        }

        if (constraint.References is { } table)
        {
            Write(ofColumn ? "references " : " references ");
            Name(table);
            ColumnList(constraint.ReferencedColumns);
            References(constraint.Options);
        }

        if (constraint.IsNotValid) Write(" not valid");
    }

    private void References(ReferenceOptions options)
    {
        if (options.Match == 'f') Write(" match full");
        if (options.OnUpdate != 'a') Write(" on update " + Action(options.OnUpdate));
        if (options.OnDelete != 'a') Write(" on delete " + Action(options.OnDelete));
        ColumnList(options.SetColumns);
        if (options.IsDeferrable) Write(" deferrable");
        if (options.IsDeferred) Write(" initially deferred");

        static string Action(char letter) => letter switch
        {
            'r' => "restrict",
            'c' => "cascade",
            'n' => "set null",
            'd' => "set default",
            _ => throw new UnreachableException(letter.ToString()),
        };
    }

    private void Words(string before, string name, string after)
    {
        Write(before);
        Identifier(name);
        Write(after);
    }

    private void CreateView(CreateViewStatement view)
    {
        Write(view.IsReplace ? "create or replace " : "create ");
        Write(view.IsTemporary ? "temporary view " : "view ");
        Name(view.Name);
        ColumnList(view.Columns);
        Write(" as ");
        Query(view.Query);
        if (view.CheckOption is { } option) Write($" with {option} check option");
    }

    private void Comment(CommentStatement comment)
    {
        Write(comment.Column is not null ? "comment on column " : comment.Kind == DropKind.View ? "comment on view " : "comment on table ");
        Name(comment.Name);
        if (comment.Column is { } column) Words(".", column, "");
        Write(" is ");
        if (comment.Text is null) Write("null");
        else Literal(comment.Text);
    }
}
