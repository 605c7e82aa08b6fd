using System.Buffers;
using System.Collections.Concurrent;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.DuckDb;

/// <summary>
/// Values that a statement reads where they are: a bound value is copied when it is bound, and for each thread and chunk again. They are
/// pinned until the reader of the result and all of its batches are disposed, as vectors of the kernel point at them. Thread-safe but for
/// <see cref="Borrow"/>.
/// </summary>
internal sealed unsafe class BorrowedValues
{
    /// <summary>
    /// The value of a handle. Volatile, lest the kernel folds it into a constant, which is a copy.
    /// </summary>
    public static readonly ScalarFunction[] Functions =
    [
        new(LargeValue.TextFunction, [SqlType.Int8], SqlType.Text, Read) { IsVolatile = true },
        new(LargeValue.ByteaFunction, [SqlType.Int8], SqlType.Bytea, Read) { IsVolatile = true },
    ];

    private static readonly ConcurrentDictionary<long, StringView> s_views = new();
    private static long s_last;

    private readonly List<(long Handle, MemoryHandle Pin)> _values = [];
    private int _users = 1;

    /// <summary>The handle of a value, valid until the last user has let go.</summary>
    public long Borrow(ReadOnlyMemory<byte> bytes)
    {
        var pin = bytes.Pin();
        var handle = Interlocked.Increment(ref s_last);
        _values.Add((handle, pin));
        s_views[handle] = StringView.Of((byte*)pin.Pointer, bytes.Length);
        return handle;
    }

    /// <summary>One more user, which is not the last one's successor.</summary>
    public void AddUser() => Interlocked.Increment(ref _users);

    /// <summary>A user lets go; the first one is who made this.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _users) > 0) return;
        foreach (var (handle, pin) in _values)
        {
            s_views.TryRemove(handle, out _);
            pin.Dispose();
        }
    }

    private static void Read(in FunctionChunk chunk)
    {
        var handles = chunk.Argument<long>(0);
        var results = chunk.Result<StringView>();
        for (var i = 0; i < handles.Length; i++)
        {
            results[i] = i > 0 && handles[i] == handles[i - 1] ? results[i - 1]
                : s_views.TryGetValue(handles[i], out var view) ? view
                : throw new SqlException(SqlState.InternalError, "a value of the statement is gone");
        }
    }
}
