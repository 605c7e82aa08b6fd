using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Spi;

namespace Federation.Connectors.Files;

/// <summary>Makes connectors of the wrapper <c>files</c>: folders of Parquet, CSV and JSON-lines files.</summary>
/// <param name="footers">Shared with other readers of Parquet files.</param>
public sealed class FilesConnectorFactory(ParquetFooters footers) : IConnectorFactory
{
    public string WrapperName => "files";

    public IReadOnlyList<ConnectorOption> Options => FileOptions.All;

    public IConnector Create(ConnectorDefinition definition)
    {
        var options = FileOptions.Read(definition);
        // The folders that the operator allows hold for the root; the root holds for every file.
        new LocalPaths(definition.AllowedRoots).Demand(options.Root);
        return new FilesConnector(definition.ServerName, options, footers);
    }
}
