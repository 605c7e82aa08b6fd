namespace Federation.Connectors.Formats.Parquet;

/// <summary>Footers of files that the kernel can read safely, cached. Thread-safe; one per process is enough.</summary>
public sealed class ParquetFooters
{
    // A parsed footer takes about four times its bytes.
    private const long MaxBytes = 32 << 20;
    private const int Overhead = 512;

    private readonly FileCache<ParquetFooter> _cache = new(MaxBytes, Read, footer => footer.Length + Overhead);

    /// <summary>The footer of a file; 0A000 when the kernel must not see it, XX001 when it is corrupt, 58P01 when it is missing.</summary>
    public ParquetFooter Get(string path) => _cache.Get(path);

    private static ParquetFooter Read(string path)
    {
        var footer = ParquetFooterReader.Read(path);
        ParquetSafety.Demand(footer, path);
        return footer;
    }
}
