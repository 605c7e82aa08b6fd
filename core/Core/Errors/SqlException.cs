namespace Federation.Core.Errors;

/// <summary>Who has to act on an error; decides retries and log levels.</summary>
public enum Blame
{
    /// <summary>The statement or its data is at fault; running it again gives the same error.</summary>
    User,

    /// <summary>A limit of memory, disk, time or connections was reached.</summary>
    Resource,

    /// <summary>A source or another node failed.</summary>
    External,

    /// <summary>A defect of ours.</summary>
    Internal,
}

/// <summary>
/// The one exception type that crosses layers. Messages follow PostgreSQL: lower case, no final stop; detail and hint are full sentences.
/// </summary>
public sealed class SqlException : Exception
{
    public SqlException(SqlState state, string message, Exception? inner = null)
        : base(message, inner) => State = state;

    public SqlState State { get; }

    /// <summary>ERROR ends the statement; FATAL ends the session.</summary>
    public bool IsFatal { get; init; }

    public string? Detail { get; init; }

    public string? Hint { get; init; }

    /// <summary>1-based character position in the statement's text; 0 when there is none.</summary>
    public int Position { get; init; }

    /// <summary>The context (field W), for instance the fragment or the file that failed.</summary>
    public string? Where { get; init; }

    public string? SchemaName { get; init; }

    public string? TableName { get; init; }

    public string? ColumnName { get; init; }

    public string? DataTypeName { get; init; }

    public string? ConstraintName { get; init; }

    /// <summary>Field R. Drivers retry on some routine names, for instance <c>RevalidateCachedQuery</c>.</summary>
    public string? Routine { get; init; }

    /// <summary>
    /// Set when a worker cannot be reached or has lost what it spooled: its address, as <c>host:port</c>. What was on it can be run again
    /// elsewhere.
    /// </summary>
    public string? LostWorker { get; init; }

    /// <summary>
    /// Set when a numeric did not fit in the kernel's 38 digits, or may not have: the same query with numerics of any length may succeed.
    /// </summary>
    public bool NeedsWideNumerics { get; init; }

    public Blame Blame => State.Class switch
    {
        "53" or "54" => Blame.Resource,
        "08" or "57" or "58" or "HV" => Blame.External,
        "XX" => Blame.Internal,
        _ => Blame.User,
    };

    /// <summary>The same error with a position, unless it already has one.</summary>
    public SqlException At(int position) => Position > 0 || position <= 0 ? this : Copy(position: position);

    /// <summary>The same error at another position.</summary>
    public SqlException Moved(int position) => Copy(position: position);

    /// <summary>The same error with a context line, unless it already has one.</summary>
    public SqlException In(string where) => Where is not null ? this : Copy(where: where);

    /// <summary>The same error with a hint, unless it already has one.</summary>
    public SqlException WithHint(string hint) => Hint is not null ? this : Copy(hint: hint);

    /// <summary>The same error as FATAL.</summary>
    public SqlException Fatal() => Copy(isFatal: true);

    private SqlException Copy(int? position = null, string? where = null, string? hint = null, bool? isFatal = null) =>
        new(State, Message, InnerException)
        {
            IsFatal = isFatal ?? IsFatal,
            Detail = Detail,
            Hint = hint ?? Hint,
            Position = position ?? Position,
            Where = where ?? Where,
            SchemaName = SchemaName,
            TableName = TableName,
            ColumnName = ColumnName,
            DataTypeName = DataTypeName,
            ConstraintName = ConstraintName,
            Routine = Routine,
            LostWorker = LostWorker,
            NeedsWideNumerics = NeedsWideNumerics,
        };
}
