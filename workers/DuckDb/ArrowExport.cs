using System.Runtime.InteropServices;
using Federation.Arrow;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.DuckDb;

/// <summary>
/// Exports the chunks of one result as Arrow arrays (the kernel copies) and takes them over as batches. Released on every path; not
/// thread-safe.
/// </summary>
internal sealed unsafe class ArrowExport : IDisposable
{
    private readonly SqlType[] _types;
    private readonly CArrowSchema* _schema;
    private nint _options;

    public ArrowExport(ConnectionHandle connection, ResultHandle result, SqlType[] types)
    {
        _types = types;
        _schema = (CArrowSchema*)NativeMemory.AllocZeroed((nuint)sizeof(CArrowSchema));
        NativeMethods.duckdb_connection_get_arrow_options(connection, out _options);
        var logical = new LogicalTypeHandle[types.Length];
        try
        {
            var values = stackalloc nint[Math.Max(types.Length, 1)];
            var names = stackalloc byte*[Math.Max(types.Length, 1)];
            for (var i = 0; i < types.Length; i++)
            {
                logical[i] = new LogicalTypeHandle(NativeMethods.duckdb_column_logical_type(result.Value, (ulong)i));
                values[i] = logical[i].DangerousGetHandle();
                names[i] = NativeMethods.duckdb_column_name(result.Value, (ulong)i);
            }

            Check(NativeMethods.duckdb_to_arrow_schema(_options, values, names, (ulong)types.Length, _schema));
        }
        catch
        {
            Dispose();
            throw;
        }
        finally
        {
            foreach (var type in logical) type?.Dispose();
        }
    }

    /// <summary>The chunk's rows over Arrow buffers; the chunk may go afterwards.</summary>
    public Batch Export(ChunkHandle chunk)
    {
        CArrowArray array = default;
        Check(NativeMethods.duckdb_data_chunk_to_arrow(_options, chunk.DangerousGetHandle(), &array));
        return ArrowImport.Take(&array, _schema, _types);
    }

    public void Dispose()
    {
        if (_options != 0) NativeMethods.duckdb_destroy_arrow_options(ref _options);
        _options = 0;
        if (_schema->Release is not null) _schema->Release(_schema);
        NativeMemory.Free(_schema);
    }

    private static void Check(nint error)
    {
        if (error == 0) return;
        try
        {
            if (NativeMethods.duckdb_error_data_has_error(error))
                throw new SqlException(SqlState.InternalError,
                    $"the kernel could not export to Arrow: {Marshal.PtrToStringUTF8((nint)NativeMethods.duckdb_error_data_message(error))}");
        }
        finally
        {
            NativeMethods.duckdb_destroy_error_data(ref error);
        }
    }
}
