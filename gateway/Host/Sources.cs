using Federation.Connectors.Files;
using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Lakehouse.Iceberg;
using Federation.Connectors.Postgres;
using Federation.Connectors.Spi;
using Federation.Connectors.Tpch;
using Federation.ObjectStorage;

namespace Federation.Host;

/// <summary>The connectors and table formats of this build.</summary>
/// <param name="store">Where tables and files lie.</param>
/// <param name="allowedRoots">Folders that files named by table metadata must lie in.</param>
internal sealed class Sources(IReadOnlyList<string> allowedRoots, IObjectStore store)
{
    /// <summary>Footers are read once per file, whoever asks.</summary>
    private readonly ParquetFooters _footers = new(store);

    public IReadOnlyList<IConnectorFactory> Connectors() =>
    [
        new PostgresConnectorFactory(),
        new PostgresConnectorFactory(PostgresConnectorFactory.CompatibleName),
        new FilesConnectorFactory(_footers, store),
        new TpchConnectorFactory(),
    ];

    public IReadOnlyList<ITableFormat> Formats() => [new IcebergFormat(_footers, allowedRoots, store)];
}
