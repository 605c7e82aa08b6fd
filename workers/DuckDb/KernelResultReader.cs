using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.DuckDb;

/// <summary>
/// Streams a statement's rows as batches whose columns view the kernel's vectors. Not thread-safe; the batches may be disposed on any
/// thread and may outlive the reader.
/// </summary>
public sealed unsafe class KernelResultReader : IDisposable
{
    private readonly KernelConnection _connection;
    private readonly ResultHandle _result;
    private readonly BorrowedValues? _borrowed;
    private readonly ColumnSets _sets;
    private ArrowExport? _arrow;
    private bool _isAtEnd;
    private bool _isDisposed;

    internal KernelResultReader(KernelConnection connection, ResultHandle result, EquatableArray<RecordField>? columns,
        BorrowedValues? borrowed)
    {
        _connection = connection;
        _result = result;
        Columns = Describe(columns);
        _sets = new ColumnSets([.. Columns.Select(column => column.Type)]);
        _borrowed = borrowed;
    }

    public EquatableArray<RecordField> Columns { get; }

    /// <summary>
    /// The next rows (up to the kernel's vector size), or null at the end. The calling thread works on the statement while it waits.
    /// </summary>
    public Batch? Read(CancellationToken cancellationToken)
    {
        if (Fetch(cancellationToken) is not { } chunk) return null;
        var value = chunk.DangerousGetHandle();
        var rows = (int)NativeMethods.duckdb_data_chunk_get_size(value);
        var columns = _sets.Rent();
        for (var i = 0; i < columns.Length; i++) View(columns[i], NativeMethods.duckdb_data_chunk_get_vector(value, (ulong)i), rows);
        _borrowed?.AddUser();
        return new Batch(rows, columns, new ChunkOwner(chunk, columns, _sets, _borrowed));
    }

    /// <summary>
    /// Like <see cref="Read"/>, but over Arrow buffers that need neither the chunk nor the kernel any longer. Types that Arrow holds in
    /// another form (interval, uuid, bit, time with time zone) raise 42804.
    /// </summary>
    public Batch? ReadArrow(CancellationToken cancellationToken)
    {
        if (Fetch(cancellationToken) is not { } chunk) return null;
        using (chunk)
        {
            _arrow ??= new ArrowExport(_connection.Handle, _result, [.. Columns.Select(column => column.Type)]);
            return _arrow.Export(chunk);
        }
    }

    private ChunkHandle? Fetch(CancellationToken cancellationToken)
    {
        if (_isAtEnd) return null;
        cancellationToken.ThrowIfCanceled();
        using var interrupt = new InterruptScope(_connection, cancellationToken);
        var value = NativeMethods.duckdb_fetch_chunk(*_result.Value);
        if (value == 0)
        {
            _isAtEnd = true;
            var error = NativeMethods.duckdb_result_error(_result.Value);
            if (error is not null && *error != 0) throw KernelErrors.Of(_result);
            return null;
        }

        return new ChunkHandle(value);
    }

    public void Dispose()
    {
        _arrow?.Dispose();
        _arrow = null;
        _result.Dispose();
        if (!_isDisposed) _borrowed?.Release();
        _isDisposed = true;
    }

    /// <summary>Points a column at a flat vector. A fetched chunk is flat all the way down.</summary>
    internal static void View(Column column, nint vector, int rows)
    {
        column.Length = rows;
        column.Values = NativeMethods.duckdb_vector_get_data(vector);
        column.Validity = NativeMethods.duckdb_vector_get_validity(vector);
        if (column.List == ListLayout.Entries)
        {
            View(column.Children[0], NativeMethods.duckdb_list_vector_get_child(vector),
                (int)NativeMethods.duckdb_list_vector_get_size(vector));
            return;
        }

        for (var i = 0; i < column.Children.Length; i++)
            View(column.Children[i], NativeMethods.duckdb_struct_vector_get_child(vector, (ulong)i), rows);
    }

    internal static Column CreateColumn(SqlType type)
    {
        var column = new Column(type);
        switch (type.Storage)
        {
            case Storage.Text or Storage.Bytes or Storage.Bit: column.Bytes = BytesLayout.Views; break;
            case Storage.Decimal: column.DecimalWidth = Column.KernelDecimalWidth(type.Decimal!.Value.Precision); break;
            case Storage.List:
                column.List = ListLayout.Entries;
                column.Children = [CreateColumn(type.Element!)];
                break;
            case Storage.Struct: column.Children = [.. type.Fields.Select(field => CreateColumn(field.Type))]; break;
        }

        return column;
    }

    private EquatableArray<RecordField> Describe(EquatableArray<RecordField>? declared)
    {
        var count = (int)NativeMethods.duckdb_column_count(_result.Value);
        if (declared is { } expected && expected.Count != count)
            throw new SqlException(SqlState.InternalError, $"the kernel returned {count} columns instead of {expected.Count}");
        var fields = new RecordField[count];
        for (var i = 0; i < count; i++)
        {
            using var type = new LogicalTypeHandle(NativeMethods.duckdb_column_logical_type(_result.Value, (ulong)i));
            if (declared is { } fixedColumns)
            {
                fields[i] = fixedColumns[i];
                var actual = KernelTypes.NameOf(type);
                if (actual != fields[i].Type.KernelName)
                    throw new SqlException(SqlState.InternalError,
                        $"the kernel returned {actual} for column \"{fields[i].Name}\" instead of {fields[i].Type.KernelName}");
                continue;
            }

            var name = KernelTypes.BorrowString(NativeMethods.duckdb_column_name(_result.Value, (ulong)i));
            fields[i] = new RecordField(name, KernelTypes.ToSqlType(type)
                ?? throw new SqlException(SqlState.InternalError,
                    $"column \"{name}\" of kernel type {KernelTypes.NameOf(type)} has no type here"));
        }

        return new EquatableArray<RecordField>(fields);
    }

    private sealed class ChunkOwner(ChunkHandle chunk, Column[] columns, ColumnSets sets, BorrowedValues? borrowed) : IDisposable
    {
        public void Dispose()
        {
            chunk.Dispose();
            borrowed?.Release();
            sets.Return(columns);
        }
    }

    /// <summary>Column objects of disposed batches, for the batches to come.</summary>
    private sealed class ColumnSets(SqlType[] types)
    {
        private readonly Stack<Column[]> _free = new();

        public Column[] Rent()
        {
            lock (_free)
            {
                if (_free.TryPop(out var columns)) return columns;
            }

            return [.. types.Select(CreateColumn)];
        }

        public void Return(Column[] columns)
        {
            lock (_free)
            {
                _free.Push(columns);
            }
        }
    }
}
