using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.Core.Types;

namespace Federation.DuckDb;

/// <summary>Computes one row; called for many rows in turn on any kernel thread. Errors are <see cref="SqlException"/>s.</summary>
public delegate void ScalarBody(ref FunctionRow row);

/// <summary>Computes the rows of a chunk at once; called on any kernel thread. Errors are <see cref="SqlException"/>s.</summary>
public delegate void ChunkBody(in FunctionChunk chunk);

/// <summary>A function that kernel SQL may call, by rows or by chunks. Functions of one name are overloads.</summary>
public sealed record ScalarFunction
{
    public ScalarFunction(string name, SqlType[] parameters, SqlType result, ScalarBody body)
        : this(name, parameters, result) => Body = body;

    /// <summary>A strict function that computes whole chunks.</summary>
    public ScalarFunction(string name, SqlType[] parameters, SqlType result, ChunkBody chunk)
        : this(name, parameters, result) => Chunk = chunk;

    private ScalarFunction(string name, SqlType[] parameters, SqlType result) => (Name, Parameters, Result) = (name, parameters, result);

    public string Name { get; }

    public SqlType[] Parameters { get; }

    public SqlType Result { get; }

    /// <summary>Set unless <see cref="Chunk"/> is.</summary>
    public ScalarBody? Body { get; }

    /// <summary>Set unless <see cref="Body"/> is.</summary>
    public ChunkBody? Chunk { get; }

    /// <summary>Returns NULL without a call when an argument is NULL.</summary>
    public bool IsStrict { get; init; } = true;

    /// <summary>Reads <see cref="FunctionRow.Session"/>: the session's settings are looked up when a statement is bound.</summary>
    public bool UsesSession { get; init; }

    /// <summary>May give another result for the same arguments, so that calls are not folded or shared.</summary>
    public bool IsVolatile { get; init; }
}

/// <summary>What a function may know of the session that runs it.</summary>
/// <param name="TimeZone">The kernel's name of the zone.</param>
/// <param name="BoundAt">When the statement was bound.</param>
/// <param name="Cancellation">Of the statement.</param>
public sealed record FunctionSession(string TimeZone, DateTimeOffset BoundAt, CancellationToken Cancellation);

/// <summary>
/// The tokens of the statements that run on an instance, by the numbers of their connections: callbacks of the kernel know no more of a
/// statement. Thread-safe.
/// </summary>
internal sealed class RunningStatements
{
    private readonly ConcurrentDictionary<ulong, CancellationToken> _tokens = new();

    public void Begin(ulong connection, CancellationToken cancellationToken) => _tokens[connection] = cancellationToken;

    public void End(ulong connection) => _tokens.TryRemove(connection, out _);

    public CancellationToken Find(ulong connection) => _tokens.GetValueOrDefault(connection);
}

/// <summary>A function of one instance.</summary>
internal sealed record RegisteredFunction(ScalarFunction Definition, RunningStatements Statements);

/// <summary>Puts <see cref="ScalarFunction"/>s behind the kernel's callbacks.</summary>
internal static unsafe class ScalarFunctionHost
{
    public static void Register(ConnectionHandle connection, string name, ScalarFunction[] overloads, RunningStatements statements)
    {
        var set = NativeMethods.duckdb_create_scalar_function_set(name);
        try
        {
            foreach (var overload in overloads) Add(set, overload, statements);
            if (NativeMethods.duckdb_register_scalar_function_set(connection, set) != 0)
                throw new SqlException(SqlState.InternalError, $"the kernel refused the function {name}");
        }
        finally
        {
            NativeMethods.duckdb_destroy_scalar_function_set(ref set);
        }
    }

    private static void Add(nint set, ScalarFunction definition, RunningStatements statements)
    {
        var function = NativeMethods.duckdb_create_scalar_function();
        try
        {
            NativeMethods.duckdb_scalar_function_set_name(function, definition.Name);
            foreach (var parameter in definition.Parameters)
            {
                using var type = KernelTypes.Create(parameter);
                NativeMethods.duckdb_scalar_function_add_parameter(function, type);
            }

            using var result = KernelTypes.Create(definition.Result);
            NativeMethods.duckdb_scalar_function_set_return_type(function, result);
            // Otherwise the kernel folds calls with a constant NULL away.
            if (!definition.IsStrict) NativeMethods.duckdb_scalar_function_set_special_handling(function);
            if (definition.IsVolatile) NativeMethods.duckdb_scalar_function_set_volatile(function);
            NativeMethods.duckdb_scalar_function_set_extra_info(function, Callbacks.Keep(new RegisteredFunction(definition, statements)),
                &Callbacks.Release);
            NativeMethods.duckdb_scalar_function_set_bind(function, &Bind);
            NativeMethods.duckdb_scalar_function_set_function(function, &Call);
            if (NativeMethods.duckdb_add_scalar_function_to_set(set, function) != 0)
                throw new SqlException(SqlState.InternalError, $"the kernel refused an overload of {definition.Name}");
        }
        finally
        {
            NativeMethods.duckdb_destroy_scalar_function(ref function);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Bind(nint info)
    {
        try
        {
            NativeMethods.duckdb_scalar_function_get_client_context(info, out var context);
            var function = Callbacks.Target<RegisteredFunction>(NativeMethods.duckdb_scalar_function_bind_get_extra_info(info));
            var cancellation = function.Statements.Find(NativeMethods.duckdb_client_context_get_connection_id(context));
            var zone = "";
            if (function.Definition.UsesSession)
            {
                var value = NativeMethods.duckdb_client_context_get_config_option(context, "TimeZone", out _);
                if (value == 0) throw new SqlException(SqlState.InternalError, "the kernel has no time zone");
                zone = KernelTypes.TakeString(NativeMethods.duckdb_get_varchar(value));
                NativeMethods.duckdb_destroy_value(ref value);
            }

            NativeMethods.duckdb_destroy_client_context(ref context);
            var session = new FunctionSession(zone, TimeProvider.System.GetUtcNow(), cancellation);
            NativeMethods.duckdb_scalar_function_set_bind_data(info, Callbacks.Keep(session), &Callbacks.Release);
            NativeMethods.duckdb_scalar_function_set_bind_data_copy(info, &Callbacks.Copy);
        }
        catch (Exception error)
        {
            NativeMethods.duckdb_scalar_function_bind_set_error(info, KernelErrors.Encode(error));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Call(nint info, nint input, nint output)
    {
        try
        {
            var function = Callbacks.Target<RegisteredFunction>(NativeMethods.duckdb_scalar_function_get_extra_info(info)).Definition;
            var count = function.Parameters.Length;
            var arguments = stackalloc VectorView[count];
            for (var i = 0; i < count; i++) arguments[i] = new VectorView(NativeMethods.duckdb_data_chunk_get_vector(input, (ulong)i));
            var rows = (int)NativeMethods.duckdb_data_chunk_get_size(input);
            using var result = new ResultVector(output, function.Result, (ulong)rows);
            if (function.Chunk is { } chunk)
            {
                chunk(new FunctionChunk(arguments, rows, result.Vector));
                return;
            }

            var row = new FunctionRow(arguments, count, result.Vector);
            var session = Callbacks.Target<FunctionSession>(NativeMethods.duckdb_scalar_function_get_bind_data(info));
            row.Session = session;

            // A call works on thousands of rows, and one row may take long: both ask.
            using var scope = StatementGuard.Enter(session.Cancellation);
            var body = function.Body!;
            for (var i = 0; i < rows; i++)
            {
                session.Cancellation.ThrowIfCancellationRequested();
                row.ArgumentRow = i;
                row.ResultRow = i;
                if (function.IsStrict && AnyNull(arguments, count, i)) row.SetNull();
                else body(ref row);
                if (ValueMemory.IsHeld) ValueMemory.Release();
            }
        }
        catch (Exception error)
        {
            NativeMethods.duckdb_scalar_function_set_error(info, KernelErrors.Encode(error));
        }
        finally
        {
            ValueMemory.Release();
        }
    }

    private static bool AnyNull(VectorView* arguments, int count, int row)
    {
        for (var i = 0; i < count; i++)
            if (arguments[i].IsNull(row))
                return true;
        return false;
    }
}
