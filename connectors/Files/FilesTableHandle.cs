using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Tasks;

namespace Federation.Connectors.Files;

/// <summary>The files of a table as they were when it was looked up, and the columns that they have together.</summary>
/// <param name="Filters">Conjuncts that choose files; rows are filtered by the engine.</param>
internal sealed record FilesTableHandle(
    FileFormat Format, EquatableArray<PinnedFile> Files, EquatableArray<FileColumn> Columns,
    EquatableArray<ConnectorExpression> Filters = default) : ITableHandle;

/// <summary>A file that has changed since is looked at again when the scan is planned.</summary>
internal sealed record PinnedFile(string Path, long SizeBytes, string Version);
