using Federation.Connectors.Files;
using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Lakehouse.Iceberg;
using Federation.Connectors.Postgres;
using Federation.Connectors.Spi;
using Federation.Connectors.Tpch;

namespace Federation.Host;

/// <summary>The connectors and table formats of this build.</summary>
/// <param name="allowedRoots">Folders that files named by table metadata must lie in.</param>
internal sealed class Sources(IReadOnlyList<string> allowedRoots)
{
    /// <summary>Footers are read once per file, whoever asks.</summary>
    private readonly ParquetFooters _footers = new();

    public IReadOnlyList<IConnectorFactory> Connectors() =>
    [
        new PostgresConnectorFactory(),
        new PostgresConnectorFactory(PostgresConnectorFactory.CompatibleName),
        new FilesConnectorFactory(_footers),
        new TpchConnectorFactory(),
    ];

    public IReadOnlyList<ITableFormat> Formats() => [new IcebergFormat(_footers, allowedRoots)];
}
