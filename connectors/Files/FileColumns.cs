using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Files;

/// <summary>A table column as files have it.</summary>
internal sealed record FileColumn(string Name, SqlType Type)
{
    /// <summary>Between what the values lie; null when the files do not say.</summary>
    public ColumnStatistics? Statistics { get; init; }

    /// <summary>Why the column cannot be read; null for those that can.</summary>
    public string? Refusal { get; init; }
}

/// <summary>Merges the columns of files by name, in order of first appearance.</summary>
internal static class FileColumns
{
    public static EquatableArray<FileColumn> Union(
        IEnumerable<IEnumerable<FileColumn>> files, Func<FileColumn, FileColumn, FileColumn> merge)
    {
        var columns = new List<FileColumn>();
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var column in files.SelectMany(file => file))
        {
            if (places.TryGetValue(column.Name, out var place))
            {
                columns[place] = merge(columns[place], column);
                continue;
            }

            places.Add(column.Name, columns.Count);
            columns.Add(column);
        }

        return columns.ToEquatableArray();
    }
}
