using System.Diagnostics;
using System.Globalization;
using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>Statements other than queries.</summary>
internal sealed partial class SqlWriter
{
    private void Statement(Statement statement)
    {
        switch (statement)
        {
            case SelectStatement select:
                Query(select.Query);
                break;
            case ExplainStatement explain:
                Write("explain ");
                if (explain.Options.Count > 0) Parenthesised(explain.Options, Option);
                Write(explain.Options.Count > 0 ? " " : "");
                Statement(explain.Statement);
                break;
            case SetStatement or ResetStatement or ShowStatement:
                Setting(statement);
                break;
            case TransactionStatement transaction:
                Transaction(transaction);
                break;
            case SetTransactionStatement set:
                Write(set.IsSession ? "set session characteristics as transaction" : "set transaction");
                Modes(set.Modes);
                break;
            case PrepareStatement prepare:
                Write("prepare ");
                Identifier(prepare.Name);
                if (prepare.ParameterTypes.Count > 0) Parenthesised(prepare.ParameterTypes, Type);
                Write(" as ");
                Statement(prepare.Statement);
                break;
            case ExecuteStatement execute:
                Write("execute ");
                Identifier(execute.Name);
                if (execute.Arguments.Count > 0) Parenthesised(execute.Arguments, Expression);
                break;
            case DeallocateStatement deallocate:
                NameOrAll("deallocate ", deallocate.Name);
                break;
            case DiscardStatement discard:
                Write("discard " + discard.Target.ToString().ToLowerInvariant());
                break;
            case DeclareCursorStatement declare:
                Declare(declare);
                break;
            case FetchStatement fetch:
                Fetch(fetch);
                break;
            case CloseCursorStatement close:
                NameOrAll("close ", close.Name);
                break;
            case CopyStatement copy:
                Copy(copy);
                break;
            case InsertStatement insert:
                Insert(insert);
                break;
            case DataChangeStatement change:
                DataChange(change);
                break;
            case TruncateStatement truncate:
                Truncate(truncate);
                break;
            case CreateTableStatement table:
                CreateTable(table);
                break;
            case CreateTableAsStatement table:
                CreateTableAs(table);
                break;
            case AlterTableStatement alter:
                AlterTable(alter);
                break;
            case CreateIndexStatement index:
                CreateIndex(index);
                break;
            case CreateSequenceStatement create:
                CreateSequence(create);
                break;
            case AlterSequenceStatement alter:
                AlterSequence(alter);
                break;
            case CreateViewStatement view:
                CreateView(view);
                break;
            case CommentStatement comment:
                Comment(comment);
                break;
            case CallStatement call:
                Write("call ");
                Call(call.Call);
                break;
            case LockStatement locking:
                Write("lock table ");
                List(locking.Tables, table =>
                {
                    if (table.IsOnly) Write("only ");
                    Name(table.Name);
                });
                Write($" in {locking.Mode.ToLowerInvariant()} mode{(locking.IsNoWait ? " nowait" : "")}");
                break;
            case VacuumStatement vacuum:
                Write(vacuum.Command.ToLowerInvariant());
                if (vacuum.Options.Count > 0) Write($" ({string.Join(", ", vacuum.Options)})");
                if (vacuum.Tables.Count > 0) Write(" ");
                List(vacuum.Tables, table =>
                {
                    Name(table.Name);
                    ColumnList(table.Columns);
                });
                break;
            case NotifyStatement notify:
                Notify(notify);
                break;
            case UnsupportedStatement unsupported:
                Write(unsupported.Command);
                break;
            default:
                ServerStatement(statement);
                break;
        }
    }

    private void NameOrAll(string command, string? name)
    {
        Write(command);
        if (name is null) Write("all");
        else Identifier(name);
    }

    private void Option(OptionItem option)
    {
        Identifier(option.Name);
        if (option.Value is null) return;
        Write(" ");
        if (option.Value is ArrayExpression list) Parenthesised(list.Items, Expression);
        else Expression(option.Value);
    }

    private void SettingName(string name) => Names(name.Split('.').ToEquatableArray(), ".");

    private void Setting(Statement statement)
    {
        switch (statement)
        {
            case SetStatement set:
                Write(set.Scope == SettingScope.Local ? "set local " : "set ");
                SetValue(set);
                break;
            case ResetStatement reset:
                Write("reset ");
                if (reset.Name is null) Write("all");
                else SettingName(reset.Name);
                break;
            case ShowStatement show:
                Write("show ");
                if (show.Name is null) Write("all");
                else SettingName(show.Name);
                break;
        }
    }

    private void SetValue(SetStatement set)
    {
        // An interval is a value of SET TIME ZONE alone.
        if (set.Values.Count == 1 && set.Values[0] is CastExpression interval)
        {
            Write("time zone ");
            Constant(interval);
            return;
        }

        SettingName(set.Name);
        Write(" = ");
        if (set.Values.Count == 0) Write("default");
        List(set.Values, Expression);
    }

    private void Transaction(TransactionStatement transaction)
    {
        Write(transaction.Command switch
        {
            TransactionCommand.Begin => "begin",
            TransactionCommand.StartTransaction => "start transaction",
            TransactionCommand.Commit => "commit",
            TransactionCommand.Rollback => "rollback",
            TransactionCommand.Savepoint => "savepoint",
            TransactionCommand.Release => "release savepoint",
            TransactionCommand.RollbackTo => "rollback to savepoint",
            TransactionCommand.PrepareTransaction => "prepare transaction",
            TransactionCommand.CommitPrepared => "commit prepared",
            TransactionCommand.RollbackPrepared => "rollback prepared",
            _ => throw new UnreachableException(transaction.Command.ToString()),
        });
        if (transaction.Modes is not null) Modes(transaction.Modes);
        if (transaction.IsChain) Write(" and chain");
        if (transaction.Name is null) return;
        Write(" ");
        var isSavepoint = transaction.Command is TransactionCommand.Savepoint or TransactionCommand.Release
            or TransactionCommand.RollbackTo;
        if (isSavepoint) Identifier(transaction.Name);
        else Literal(transaction.Name);
    }

    private void Modes(TransactionModes modes)
    {
        Write(modes.Isolation switch
        {
            IsolationLevel.ReadUncommitted => " isolation level read uncommitted",
            IsolationLevel.ReadCommitted => " isolation level read committed",
            IsolationLevel.RepeatableRead => " isolation level repeatable read",
            IsolationLevel.Serializable => " isolation level serializable",
            _ => "",
        });
        if (modes.IsReadOnly is { } isReadOnly) Write(isReadOnly ? " read only" : " read write");
        if (modes.IsDeferrable is { } isDeferrable) Write(isDeferrable ? " deferrable" : " not deferrable");
    }

    private void Declare(DeclareCursorStatement declare)
    {
        Write("declare ");
        Identifier(declare.Name);
        if (declare.IsBinary) Write(" binary");
        if (declare.IsScroll is { } isScroll) Write(isScroll ? " scroll" : " no scroll");
        Write(declare.IsHold ? " cursor with hold for " : " cursor for ");
        Query(declare.Query);
    }

    private void Fetch(FetchStatement fetch)
    {
        Write(fetch.IsMove ? "move " : "fetch ");
        Write(fetch.Direction.ToString().ToLowerInvariant());
        Write(fetch.Count is { } count ? $" {count.ToString(CultureInfo.InvariantCulture)} from " : " all from ");
        Identifier(fetch.Cursor);
    }

    private void Copy(CopyStatement copy)
    {
        Write("copy ");
        if (copy.Query is not null) QueryInParentheses(copy.Query);
        else Name(copy.Table!);
        if (copy.Columns.Count > 0) ParenthesisedNames(copy.Columns);
        Write(copy.IsFrom ? " from " : " to ");
        if (copy.FileName is null)
        {
            Write(copy.IsFrom ? "stdin" : "stdout");
        }
        else
        {
            if (copy.IsProgram) Write("program ");
            Literal(copy.FileName);
        }

        if (copy.Options.Count > 0)
        {
            Write(" ");
            Parenthesised(copy.Options, Option);
        }

        Clause(" where ", copy.Where);
    }

    private void Notify(NotifyStatement notify)
    {
        Write(notify.Command.ToLowerInvariant() + " ");
        if (notify.Channel is null) Write("*");
        else Identifier(notify.Channel);
        if (notify.Payload is null) return;
        Write(", ");
        Literal(notify.Payload);
    }
}
