using System.Globalization;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.DuckDb;

/// <summary>Runs one statement at a time. Not thread-safe but for <see cref="Interrupt"/>.</summary>
public sealed unsafe class KernelConnection : IDisposable
{
    /// <summary>
    /// Statements of more characters are prepared a few at a time: the kernel plans one on one thread, and cannot be interrupted
    /// everywhere.
    /// </summary>
    private const int LongStatement = 64 << 10;

    private static readonly SemaphoreSlim s_longPlans = new(Environment.ProcessorCount);

    private readonly RunningStatements _statements;
    private readonly ulong _number;

    internal KernelConnection(ConnectionHandle handle, RunningStatements statements)
    {
        Handle = handle;
        _statements = statements;
        NativeMethods.duckdb_connection_get_client_context(handle, out var context);
        _number = NativeMethods.duckdb_client_context_get_connection_id(context);
        NativeMethods.duckdb_destroy_client_context(ref context);
    }

    /// <summary>
    /// The first common table expression of a statement that reads files or has values. A statement that reads files is planned when it is
    /// prepared and again when it starts, as the files may have changed. A parameter whose type nothing tells makes the kernel put the
    /// first planning off, so that values are there as constants; nobody reads the expression, so it is not computed.
    /// </summary>
    public const string Unsettled = "\"federation_unsettled\" AS MATERIALIZED (SELECT abs($1))";

    internal ConnectionHandle Handle { get; }

    /// <summary>Runs a statement whose rows do not matter.</summary>
    public void Execute(string sql)
    {
        using var result = new ResultHandle();
        if (NativeMethods.duckdb_query(Handle, sql, result.Value) != 0) throw KernelErrors.Of(result);
    }

    /// <summary>
    /// Starts a statement and returns when its first rows are there. Blocks the calling thread, which works on the statement itself: not
    /// for threads of the pool. The reader must be disposed before the connection.
    /// </summary>
    /// <param name="sql">Its $1 is 0 and has no other use than <see cref="Unsettled"/>'s.</param>
    /// <param name="columns">The declared columns; a result of other types is an internal error. Null takes what comes.</param>
    /// <param name="values">$2, $3, …</param>
    public KernelResultReader Query(string sql, EquatableArray<RecordField>? columns, CancellationToken cancellationToken,
        EquatableArray<LargeValue> values = default)
    {
        cancellationToken.ThrowIfCanceled();
        using var interrupt = new InterruptScope(this, cancellationToken);
        _statements.Begin(_number, cancellationToken);
        var state = Prepare(sql, out var preparedValue, cancellationToken);
        using var prepared = new PreparedHandle(preparedValue);
        if (state != 0) throw KernelErrors.ToException(KernelTypes.BorrowString(NativeMethods.duckdb_prepare_error(prepared)), 0);
        if (NativeMethods.duckdb_nparams(prepared) > 0) NativeMethods.duckdb_bind_int32(prepared, 1, 0);
        var borrowed = values.Any(value => value.IsBorrowed) ? new BorrowedValues() : null;
        try
        {
            for (var i = 0; i < values.Count; i++) Bind(prepared, (ulong)i + 2, values[i], borrowed);
            return Start(prepared, columns, borrowed);
        }
        catch
        {
            borrowed?.Release();
            throw;
        }
    }

    /// <summary>The reader lets go of what is borrowed.</summary>
    private KernelResultReader Start(PreparedHandle prepared, EquatableArray<RecordField>? columns, BorrowedValues? borrowed)
    {
        var state = NativeMethods.duckdb_pending_prepared_streaming(prepared, out var pendingValue);
        using var pending = new PendingHandle(pendingValue);
        if (state != 0) throw KernelErrors.ToException(KernelTypes.BorrowString(NativeMethods.duckdb_pending_error(pending)), 0);
        var result = new ResultHandle();
        try
        {
            if (NativeMethods.duckdb_execute_pending(pending, result.Value) != 0) throw KernelErrors.Of(result);
            return new KernelResultReader(this, result, columns, borrowed);
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    private static void Bind(PreparedHandle prepared, ulong index, LargeValue value, BorrowedValues? borrowed)
    {
        using var pinned = value.Bytes.Pin();
        var state = value.IsBorrowed ? NativeMethods.duckdb_bind_int64(prepared, index, borrowed!.Borrow(value.Bytes))
            : value.IsText
            ? NativeMethods.duckdb_bind_varchar_length(prepared, index, (byte*)pinned.Pointer, (ulong)value.Bytes.Length)
            : NativeMethods.duckdb_bind_blob(prepared, index, (byte*)pinned.Pointer, (ulong)value.Bytes.Length);
        if (state != 0)
            throw new SqlException(SqlState.InternalError,
                $"the kernel does not take parameter ${index.ToString(CultureInfo.InvariantCulture)}");
    }

    private int Prepare(string sql, out nint prepared, CancellationToken cancellationToken)
    {
        if (sql.Length <= LongStatement) return NativeMethods.duckdb_prepare(Handle, sql, out prepared);
        s_longPlans.Wait(cancellationToken);
        try
        {
            return NativeMethods.duckdb_prepare(Handle, sql, out prepared);
        }
        finally
        {
            s_longPlans.Release();
        }
    }

    /// <summary>Stops the running statement; it fails with 57014. Does not wake page inputs that wait: they have their own token.</summary>
    public void Interrupt() => NativeMethods.duckdb_interrupt(Handle);

    public void Dispose()
    {
        _statements.End(_number);
        Handle.Dispose();
    }
}

internal static class Cancellation
{
    public static SqlException Canceled() => new(SqlState.QueryCanceled, "canceling statement due to user request");

    public static void ThrowIfCanceled(this CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) throw Canceled();
    }
}

/// <summary>
/// Interrupts a connection from the moment its token is cancelled until the call inside the scope returns. The kernel forgets an
/// interrupt that arrives before the statement begins, hence the repetition.
/// </summary>
internal sealed class InterruptScope : IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(10);

    private readonly KernelConnection _connection;
    private readonly CancellationTokenRegistration _registration;
    private readonly Lock _lock = new();
    private Timer? _timer;
    private bool _ended;

    public InterruptScope(KernelConnection connection, CancellationToken cancellationToken)
    {
        _connection = connection;
        if (cancellationToken.CanBeCanceled)
            _registration = cancellationToken.UnsafeRegister(static scope => ((InterruptScope)scope!).Begin(), this);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
            _timer?.Dispose();
        }

        _registration.Dispose();
    }

    private void Begin()
    {
        lock (_lock)
        {
            if (_ended) return;
            _connection.Interrupt();
            _timer = new Timer(static scope => ((InterruptScope)scope!).Repeat(), this, s_period, s_period);
        }
    }

    private void Repeat()
    {
        lock (_lock)
        {
            if (!_ended) _connection.Interrupt();
        }
    }
}
