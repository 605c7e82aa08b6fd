using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Maintenance;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>A procedure of the managed catalog.</summary>
/// <param name="Name">In lower case.</param>
/// <param name="Arguments">Those behind the name of the table, in order, with their types.</param>
/// <param name="Fields">The columns of the answer; none for a procedure that gives no rows.</param>
/// <param name="RunAsync">Gives the rows.</param>
internal sealed record Procedure(
    string Name, EquatableArray<(string Name, SqlType Type)> Arguments, EquatableArray<ResultField> Fields,
    Func<ProcedureCall, CancellationToken, ValueTask<IReadOnlyList<object?[]>>> RunAsync)
{
    /// <summary>Every procedure is about a table.</summary>
    public static readonly EquatableArray<(string Name, SqlType Type)> TableArguments =
        [("schema_name", SqlType.Text), ("table_name", SqlType.Text)];

    public static ResultField Field(string name, SqlType type) => new(name, type, default, 0);

    public override string ToString() =>
        $"lake.system.{Name}({string.Join(", ", TableArguments.Concat(Arguments).Select(item => item.Name))})";
}

/// <summary>One CALL of a <see cref="Procedure"/>.</summary>
internal sealed class ProcedureCall
{
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);
    private readonly FunctionCall _call;

    /// <summary>Raises 42883 for an argument that there is not, and PostgreSQL's errors for values that do not fit.</summary>
    public ProcedureCall(QuerySession session, SessionServices services, Procedure procedure, FunctionCall call)
    {
        (Session, Services, _call) = (session, services, call);
        var known = Procedure.TableArguments.Concat(procedure.Arguments).ToArray();
        for (var i = 0; i < call.Arguments.Count; i++)
        {
            var argument = call.Arguments[i];
            var index = argument.Name is { } name ? Array.FindIndex(known, item => item.Name == name)
                : i < known.Length ? i : -1;
            if (index < 0)
                throw new SqlException(SqlState.UndefinedFunction,
                    $"procedure {call.Name} has no argument {(argument.Name is null ? i + 1 : $"\"{argument.Name}\"")}")
                        { Position = argument.Span.Position, Hint = $"Its arguments: {procedure}." };
            if (Constants.Evaluate(session, argument.Value, known[index].Type) is { } value) _values[known[index].Name] = value;
        }
    }

    public QuerySession Session { get; }

    public SessionServices Services { get; }

    public string? Text(string name) => _values.GetValueOrDefault(name) as string;

    public long? Whole(string name) => _values.GetValueOrDefault(name) is long value ? value : null;

    public double? Number(string name) => _values.GetValueOrDefault(name) is double value ? value : null;

    public bool IsTrue(string name) => _values.GetValueOrDefault(name) is true;

    public DateTimeOffset? Time(string name) => _values.GetValueOrDefault(name) is PgTimestamp time
        ? DateTimeOffset.UnixEpoch.AddTicks(checked(time.Microseconds * TimeSpan.TicksPerMicrosecond))
        : null;

    /// <summary>Raises 22023 for a negative interval, and for one of months, which are of no certain length.</summary>
    public TimeSpan? Span(string name) => _values.GetValueOrDefault(name) is not PgInterval interval ? null
        : interval is { Months: 0, Days: >= 0, Microseconds: >= 0 }
            ? TimeSpan.FromDays(interval.Days) + TimeSpan.FromTicks(interval.Microseconds * TimeSpan.TicksPerMicrosecond)
        : throw new SqlException(SqlState.InvalidParameterValue, $"argument \"{name}\" of procedure {_call.Name} must be days and hours")
            { Position = _call.Span.Position };

    /// <summary>Raises 22023 for a value below the least.</summary>
    public long? Whole(string name, long least) => Whole(name) is not { } value ? null
        : value >= least ? value
        : throw new SqlException(SqlState.InvalidParameterValue, $"argument \"{name}\" of procedure {_call.Name} must be at least {least}")
            { Position = _call.Span.Position };

    public T Require<T>(string name)
        where T : notnull => _values.GetValueOrDefault(name) is T value ? value
        : throw new SqlException(SqlState.NullValueNotAllowed, $"argument \"{name}\" of procedure {_call.Name} must be given")
            { Position = _call.Span.Position };

    /// <summary>The table of the call, which the user must own.</summary>
    public ValueTask<TableEntry> TableAsync(CancellationToken cancellationToken) => TableAsync(mayOwnSchema: false, cancellationToken);

    /// <param name="mayOwnSchema">The owner of the table's schema may call the procedure as well.</param>
    public async ValueTask<TableEntry> TableAsync(bool mayOwnSchema, CancellationToken cancellationToken)
    {
        var catalog = await Session.Transaction.GetCatalogAsync(cancellationToken);
        var (schema, table) = (Require<string>("schema_name"), Require<string>("table_name"));
        var entry = await catalog.FindTableAsync(schema, table, cancellationToken)
            ?? throw new SqlException(SqlState.UndefinedTable, $"table \"{schema}.{table}\" does not exist");
        await SchemaStatements.RequireTableOwnerAsync(Session, entry, mayOwnSchema, cancellationToken);
        return entry;
    }

    /// <summary>What maintains the table. The steps commit by themselves, so that no transaction block may be open.</summary>
    public async ValueTask<(TableMaintainer Maintainer, TableEntry Table)> MaintainAsync(CancellationToken cancellationToken)
    {
        Session.Transaction.RequireNoBlock($"CALL {_call.Name}");
        Session.Transaction.RequireWritable("CALL");
        var table = await TableAsync(cancellationToken);
        if (table.Pointer.Metadata.Length == 0)
            throw new SqlException(SqlState.FeatureNotSupported, "a table that follows its folder cannot be maintained");
        return (new TableMaintainer(Services.Maintenance, table, null)
        {
            OnProgress = (done, all) => Session.Notify(NoticeSeverity.Info, SqlState.SuccessfulCompletion,
                $"\"{table.Schema}.{table.Name}\": {done} of {all} groups of files"),
        }, table);
    }
}
