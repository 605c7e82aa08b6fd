using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Tasks;

namespace Federation.Connectors.Files;

/// <summary>The files of a table as they were when it was looked up, and the columns that they have together.</summary>
internal sealed record FilesTableHandle(FileFormat Format, EquatableArray<PinnedFile> Files, EquatableArray<FileColumn> Columns)
    : ITableHandle;

/// <summary>A file that has changed since is looked at again when the scan is planned.</summary>
internal sealed record PinnedFile(string Path, long SizeBytes, long WrittenTicks);
