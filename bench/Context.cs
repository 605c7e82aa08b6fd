namespace Federation.Bench;

/// <summary>What members share. Servers are started when first asked for and stopped at the end.</summary>
internal sealed class Context(string root, string cache, int pairs) : IDisposable
{
    private PostgresProcess? _postgres;

    public int Pairs => pairs;

    /// <summary>The gateway as users run it.</summary>
    public string GatewayBinary { get; } = Path.Combine(root, "artifacts", "gateway", "federation.dll");

    /// <summary>Where data is kept between runs.</summary>
    public string Cache => cache;

    /// <summary>How the log of page views is made, and what is asked of it.</summary>
    public string HitsFolder { get; } = Path.Combine(root, "bench", "Hits");

    public string QueryFolder { get; } = Path.Combine(root, "compat-tests", "tpch", "queries");

    public PostgresProcess Postgres => _postgres ??= new DataSets(cache, GatewayBinary).Postgres();

    public string Parquet => new DataSets(cache, GatewayBinary).Parquet();

    /// <summary>The 22 queries with the parameters of scale factor 1.</summary>
    public IReadOnlyList<(string Name, string Sql)> TpchQueries() =>
        [.. Directory.GetFiles(QueryFolder, "q*.sql").Order(StringComparer.Ordinal)
            .Select(path => (Path.GetFileNameWithoutExtension(path),
                File.ReadAllText(path).Replace("0.0100000000", "0.0001000000", StringComparison.Ordinal)))];

    /// <summary>A gateway with the Parquet files as server "files".</summary>
    public GatewayProcess StartOverParquet(params string[] options)
    {
        var parquet = Parquet;
        var gateway = new GatewayProcess(GatewayBinary, ["--allow", parquet, .. options]);
        gateway.Execute($"CREATE SERVER files FOREIGN DATA WRAPPER files OPTIONS (root '{parquet}')");
        return gateway;
    }

    public void Dispose() => _postgres?.Dispose();
}
