using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Federation.DuckDb;

/// <summary>
/// Managed objects behind the kernel's void pointers. The kernel gives each back through <see cref="Release"/>, on any thread.
/// </summary>
internal static class Callbacks
{
    public static nint Keep(object target)
    {
        KernelObjects.Add();
        return GCHandle.ToIntPtr(GCHandle.Alloc(target));
    }

    public static T Target<T>(nint pointer)
        where T : class => Unsafe.As<T>(GCHandle.FromIntPtr(pointer).Target!);

    public static void Free(nint pointer)
    {
        if (pointer == 0) return;
        var handle = GCHandle.FromIntPtr(pointer);
        var target = handle.Target;
        handle.Free();
        KernelObjects.Remove();
        (target as IDisposable)?.Dispose();
    }

    /// <summary>A second pointer to the same object.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static nint Copy(nint pointer) => Keep(GCHandle.FromIntPtr(pointer).Target!);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void Release(nint pointer) => Free(pointer);
}
