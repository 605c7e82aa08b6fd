using System.Runtime.InteropServices;

namespace Federation.Arrow;

// The Arrow C data interface (arrow.apache.org/docs/format/CDataInterface.html): two structs by which libraries of one process hand arrays
// over without a copy. Whoever holds a struct whose release is not null owns what it points to, and calls release once.

/// <summary>ArrowSchema: the type of an array.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CArrowSchema
{
    public byte* Format;
    public byte* Name;
    public byte* Metadata;
    public long Flags;
    public long ChildCount;
    public CArrowSchema** Children;
    public CArrowSchema* Dictionary;
    public delegate* unmanaged[Cdecl]<CArrowSchema*, void> Release;
    public void* PrivateData;
}

/// <summary>ArrowArray: the buffers of an array.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CArrowArray
{
    public long Length;
    public long NullCount;
    public long Offset;
    public long BufferCount;
    public long ChildCount;
    public void** Buffers;
    public CArrowArray** Children;
    public CArrowArray* Dictionary;
    public delegate* unmanaged[Cdecl]<CArrowArray*, void> Release;
    public void* PrivateData;
}
