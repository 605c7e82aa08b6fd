using Federation.ObjectStorage;

namespace Federation.Connectors.Formats.Parquet;

/// <summary>Footers of files that the kernel can read safely, cached. Thread-safe; one per process is enough.</summary>
/// <param name="store">Where the files lie; local disks when it is not given.</param>
public sealed class ParquetFooters(IObjectStore? store = null)
{
    // A parsed footer takes about four times its bytes.
    private const long MaxBytes = 32 << 20;
    private const int Overhead = 512;

    private readonly FileCache<ParquetFooter> _cache = new(store ?? LocalStore.Instance, MaxBytes,
        path => Read(store ?? LocalStore.Instance, path), footer => footer.Length + Overhead);

    /// <summary>The footer of a file; 0A000 when the kernel must not see it, XX001 when it is corrupt, 58P01 when it is missing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="version">See <see cref="FileCache{T}.Get"/>.</param>
    public ParquetFooter Get(string path, string? version = null) => _cache.Get(path, version);

    private static ParquetFooter Read(IObjectStore store, string path)
    {
        var footer = ParquetFooterReader.Read(store, path);
        ParquetSafety.Demand(footer, path);
        return footer;
    }
}
