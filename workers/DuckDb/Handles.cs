using System.Runtime.InteropServices;

namespace Federation.DuckDb;

/// <summary>A native object that this process owns and destroys once. Borrowed objects travel as plain <c>nint</c>.</summary>
internal abstract class KernelHandle : SafeHandle
{
    protected KernelHandle(nint value)
        : base(0, ownsHandle: true)
    {
        SetHandle(value);
        if (value != 0) KernelObjects.Add();
    }

    public override bool IsInvalid => handle == 0;

    protected abstract void Destroy(ref nint value);

    protected sealed override bool ReleaseHandle()
    {
        Destroy(ref handle);
        KernelObjects.Remove();
        return true;
    }
}

internal sealed class DatabaseHandle(nint value) : KernelHandle(value)
{
    protected override void Destroy(ref nint value) => NativeMethods.duckdb_close(ref value);
}

internal sealed class ConnectionHandle(nint value) : KernelHandle(value)
{
    protected override void Destroy(ref nint value) => NativeMethods.duckdb_disconnect(ref value);
}

internal sealed class PreparedHandle(nint value) : KernelHandle(value)
{
    protected override void Destroy(ref nint value) => NativeMethods.duckdb_destroy_prepare(ref value);
}

internal sealed class PendingHandle(nint value) : KernelHandle(value)
{
    protected override void Destroy(ref nint value) => NativeMethods.duckdb_destroy_pending(ref value);
}

internal sealed class LogicalTypeHandle(nint value) : KernelHandle(value)
{
    protected override void Destroy(ref nint value) => NativeMethods.duckdb_destroy_logical_type(ref value);
}

/// <summary>A chunk fetched from a result; its vectors live as long as it does.</summary>
internal sealed class ChunkHandle(nint value) : KernelHandle(value)
{
    public nint Value => handle;

    protected override void Destroy(ref nint value) => NativeMethods.duckdb_destroy_data_chunk(ref value);
}

/// <summary>A duckdb_result at a fixed address; destroyed with its native part.</summary>
internal sealed unsafe class ResultHandle() : KernelHandle((nint)NativeMemory.AllocZeroed((nuint)sizeof(NativeResult)))
{
    public NativeResult* Value => (NativeResult*)handle;

    protected override void Destroy(ref nint value)
    {
        NativeMethods.duckdb_destroy_result((NativeResult*)value);
        NativeMemory.Free((void*)value);
        value = 0;
    }
}
