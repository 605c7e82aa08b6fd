using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Spi;
using Federation.ObjectStorage;

namespace Federation.Connectors.Files;

/// <summary>Makes connectors of the wrapper <c>files</c>: folders of Parquet, CSV and JSON-lines files.</summary>
/// <param name="footers">Shared with other readers of Parquet files of the store.</param>
/// <param name="store">Where files of servers lie that have no store of their own; local disks when it is not given.</param>
public sealed class FilesConnectorFactory(ParquetFooters footers, IObjectStore? store = null) : IConnectorFactory
{
    public string WrapperName => "files";

    public IReadOnlyList<ConnectorOption> Options => FileOptions.All;

    public IConnector Create(ConnectorDefinition definition)
    {
        var options = FileOptions.Read(definition);
        if (S3ServerOptions.Open(definition, options.Root) is { } own)
            return new FilesConnector(definition, options, own, new ParquetFooters(own)) { HasOwnStore = true };

        // The folders that the operator allows hold for the root; the root holds for every file.
        new AllowedPaths(definition.AllowedRoots).Demand(options.Root);
        return new FilesConnector(definition, options, store ?? LocalStore.Instance, footers);
    }
}
