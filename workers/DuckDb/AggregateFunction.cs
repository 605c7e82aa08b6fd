using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.DuckDb;

/// <summary>What an aggregate has seen of one group. Used by one thread at a time.</summary>
public interface IAggregateState
{
    /// <summary>Adds a row without NULL arguments.</summary>
    void Add(ref FunctionRow row);

    /// <summary>Adds what another state has seen, and leaves that state as it is: the kernel may merge it again.</summary>
    void Merge(IAggregateState other);

    /// <summary>Sets the result; may be called more than once, also when nothing was added.</summary>
    void Finish(ref FunctionRow row);
}

/// <summary>An aggregate that kernel SQL may call. Rows with a NULL argument are skipped.</summary>
public sealed record AggregateFunction(string Name, SqlType[] Parameters, SqlType Result, Func<IAggregateState> Create);

/// <summary>
/// Puts <see cref="AggregateFunction"/>s behind the kernel's callbacks. The kernel's state is one pointer to the managed state, null until
/// the group has seen a row.
/// </summary>
internal static unsafe class AggregateFunctionHost
{
    public static void Register(ConnectionHandle connection, AggregateFunction definition)
    {
        var function = NativeMethods.duckdb_create_aggregate_function();
        try
        {
            NativeMethods.duckdb_aggregate_function_set_name(function, definition.Name);
            foreach (var parameter in definition.Parameters)
            {
                using var type = KernelTypes.Create(parameter);
                NativeMethods.duckdb_aggregate_function_add_parameter(function, type);
            }

            using var result = KernelTypes.Create(definition.Result);
            NativeMethods.duckdb_aggregate_function_set_return_type(function, result);
            NativeMethods.duckdb_aggregate_function_set_extra_info(function, Callbacks.Keep(definition), &Callbacks.Release);
            NativeMethods.duckdb_aggregate_function_set_functions(function, &StateSize, &Initialise, &Update, &Combine, &Finish);
            NativeMethods.duckdb_aggregate_function_set_destructor(function, &Destroy);
            if (NativeMethods.duckdb_register_aggregate_function(connection, function) != 0)
                throw new SqlException(SqlState.InternalError, $"the kernel refused the aggregate {definition.Name}");
        }
        finally
        {
            NativeMethods.duckdb_destroy_aggregate_function(ref function);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static ulong StateSize(nint info) => (ulong)sizeof(nint);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Initialise(nint info, nint* state) => *state = 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Update(nint info, nint input, nint** states)
    {
        try
        {
            var function = Definition(info);
            var count = function.Parameters.Length;
            var arguments = stackalloc VectorView[count];
            for (var i = 0; i < count; i++) arguments[i] = new VectorView(NativeMethods.duckdb_data_chunk_get_vector(input, (ulong)i));
            var rows = (int)NativeMethods.duckdb_data_chunk_get_size(input);
            var row = new FunctionRow(arguments, count, 0);
            for (var i = 0; i < rows; i++)
            {
                var isNull = false;
                for (var argument = 0; argument < count; argument++) isNull |= arguments[argument].IsNull(i);
                if (isNull) continue;
                row.ArgumentRow = i;
                StateOf(function, states[i]).Add(ref row);
            }
        }
        catch (Exception error)
        {
            NativeMethods.duckdb_aggregate_function_set_error(info, KernelErrors.Encode(error));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Combine(nint info, nint** sources, nint** targets, ulong count)
    {
        try
        {
            var function = Definition(info);
            for (ulong i = 0; i < count; i++)
                if (*sources[i] != 0)
                    StateOf(function, targets[i]).Merge(Callbacks.Target<IAggregateState>(*sources[i]));
        }
        catch (Exception error)
        {
            NativeMethods.duckdb_aggregate_function_set_error(info, KernelErrors.Encode(error));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Finish(nint info, nint** states, nint result, ulong count, ulong offset)
    {
        try
        {
            var function = Definition(info);

            // Rows behind others go into the vector that those have brought. Only a window over whole partitions, which none of these
            // functions gets, has more.
            if (offset + count > ResultVector.LeastCapacity && offset > 0 && ResultVector.HasHeap(function.Result))
                throw new SqlException(SqlState.InternalError, $"{function.Name} has more results than a vector");
            using var own = offset == 0 ? new ResultVector(result, function.Result, count) : default;
            var row = new FunctionRow(null, 0, offset == 0 ? own.Vector : result);
            for (ulong i = 0; i < count; i++)
            {
                row.ResultRow = (int)(offset + i);
                var state = *states[i] == 0 ? function.Create() : Callbacks.Target<IAggregateState>(*states[i]);
                state.Finish(ref row);
            }
        }
        catch (Exception error)
        {
            NativeMethods.duckdb_aggregate_function_set_error(info, KernelErrors.Encode(error));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Destroy(nint** states, ulong count)
    {
        for (ulong i = 0; i < count; i++)
        {
            Callbacks.Free(*states[i]);
            *states[i] = 0;
        }
    }

    private static AggregateFunction Definition(nint info) =>
        Callbacks.Target<AggregateFunction>(NativeMethods.duckdb_aggregate_function_get_extra_info(info));

    private static IAggregateState StateOf(AggregateFunction function, nint* state)
    {
        if (*state == 0) *state = Callbacks.Keep(function.Create());
        return Callbacks.Target<IAggregateState>(*state);
    }
}
