using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Federation.Arrow;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.DuckDb;

/// <summary>
/// The table function <c>pages(handle)</c>: the one way to feed batches into the kernel. Any number of kernel threads take batches of a
/// <see cref="PageInput"/> and copy the wanted columns into the kernel's vectors, 2,048 rows a call.
/// </summary>
internal static unsafe class PagesFunction
{
    /// <summary>The kernel's vector size: no call may return more rows.</summary>
    private const int MaxRows = 2048;

    // More threads than the instance has do no harm: the kernel takes the smaller number.
    private const int MaxThreads = 64;

    public static void Register(ConnectionHandle connection, PageInputs inputs)
    {
        var function = NativeMethods.duckdb_create_table_function();
        try
        {
            using var handleType = KernelTypes.Create(SqlType.Int8);
            NativeMethods.duckdb_table_function_set_name(function, "pages");
            NativeMethods.duckdb_table_function_add_parameter(function, handleType);
            NativeMethods.duckdb_table_function_set_extra_info(function, Callbacks.Keep(inputs), &Callbacks.Release);
            NativeMethods.duckdb_table_function_set_bind(function, &Bind);
            NativeMethods.duckdb_table_function_set_init(function, &Open);
            NativeMethods.duckdb_table_function_set_local_init(function, &OpenThread);
            NativeMethods.duckdb_table_function_set_function(function, &Fill);
            NativeMethods.duckdb_table_function_supports_projection_pushdown(function, 1);
            if (NativeMethods.duckdb_register_table_function(connection, function) != 0)
                throw new SqlException(SqlState.InternalError, "the kernel refused the function pages");
        }
        finally
        {
            NativeMethods.duckdb_destroy_table_function(ref function);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Bind(nint info)
    {
        try
        {
            var value = NativeMethods.duckdb_bind_get_parameter(info, 0);
            var handle = NativeMethods.duckdb_get_int64(value);
            NativeMethods.duckdb_destroy_value(ref value);
            var input = Callbacks.Target<PageInputs>(NativeMethods.duckdb_bind_get_extra_info(info)).Find(handle)
                ?? throw new SqlException(SqlState.InternalError, $"there are no pages with handle {handle}");
            foreach (var column in input.Columns)
            {
                using var type = KernelTypes.Create(column.Type);
                NativeMethods.duckdb_bind_add_result_column(info, column.Name, type);
            }

            if (input.EstimatedRows >= 0) NativeMethods.duckdb_bind_set_cardinality(info, (ulong)input.EstimatedRows, 0);
            // The wrapper is what the kernel owns; the input belongs to whoever added it.
            NativeMethods.duckdb_bind_set_bind_data(info, Callbacks.Keep(new Bound(input)), &Callbacks.Release);
        }
        catch (Exception error)
        {
            NativeMethods.duckdb_bind_set_error(info, KernelErrors.Encode(error));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Open(nint info)
    {
        try
        {
            var input = Callbacks.Target<Bound>(NativeMethods.duckdb_init_get_bind_data(info)).Input;
            if (!input.TryOpen()) throw new SqlException(SqlState.InternalError, "a page input was read twice");
            // A projection may permute the columns; count(*) asks for column 0.
            var projection = new int[(int)NativeMethods.duckdb_init_get_column_count(info)];
            for (var i = 0; i < projection.Length; i++) projection[i] = (int)NativeMethods.duckdb_init_get_column_index(info, (ulong)i);
            NativeMethods.duckdb_init_set_max_threads(info, MaxThreads);
            NativeMethods.duckdb_init_set_init_data(info, Callbacks.Keep(new Scan(input, projection)), &Callbacks.Release);
        }
        catch (Exception error)
        {
            NativeMethods.duckdb_init_set_error(info, KernelErrors.Encode(error));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OpenThread(nint info) =>
        NativeMethods.duckdb_init_set_init_data(info, Callbacks.Keep(new Position()), &Callbacks.Release);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Fill(nint info, nint output)
    {
        try
        {
            var scan = Callbacks.Target<Scan>(NativeMethods.duckdb_function_get_init_data(info));
            var position = Callbacks.Target<Position>(NativeMethods.duckdb_function_get_local_init_data(info));
            if (!position.Advance(scan.Input))
            {
                NativeMethods.duckdb_data_chunk_set_size(output, 0);
                return;
            }

            var batch = position.Batch!;
            var rows = Math.Min(MaxRows, batch.RowCount - position.Row);
            for (var i = 0; i < scan.Projection.Length; i++)
            {
                // The row id, which count(*) may ask for, lies beyond the columns; any value will do.
                if (scan.Projection[i] < 0 || scan.Projection[i] >= batch.Columns.Length) continue;
                var column = batch.Columns[scan.Projection[i]];
                using var result = new ResultVector(NativeMethods.duckdb_data_chunk_get_vector(output, (ulong)i), column.Type, (ulong)rows);
                VectorCopy.Copy(column, position.Row, rows, result.Vector, 0);
            }

            NativeMethods.duckdb_data_chunk_set_size(output, (ulong)rows);
            position.Row += rows;
        }
        catch (Exception error)
        {
            NativeMethods.duckdb_function_set_error(info, KernelErrors.Encode(error));
        }
    }

    private sealed record Bound(PageInput Input);

    /// <summary>One scan of the statement, shared by its threads. The kernel destroys it early when LIMIT is satisfied.</summary>
    private sealed record Scan(PageInput Input, int[] Projection) : IDisposable
    {
        public void Dispose() => Input.Cancel();
    }

    /// <summary>The batch that one task of the scan is copying. Tasks move between threads but run on one at a time.</summary>
    private sealed class Position : IDisposable
    {
        public Batch? Batch { get; private set; }

        public int Row { get; set; }

        /// <summary>False at the end. Batches without rows are skipped: a call that returns no row ends the task's scan.</summary>
        public bool Advance(PageInput input)
        {
            while (Batch is null || Row >= Batch.RowCount)
            {
                Batch?.Dispose();
                Batch = null;
                Row = 0;
                Batch = input.Take();
                if (Batch is null) return false;
            }

            return true;
        }

        public void Dispose() => Batch?.Dispose();
    }
}
