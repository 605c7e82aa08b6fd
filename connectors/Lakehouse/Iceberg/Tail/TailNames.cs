using System.Globalization;
using Federation.Connectors.Spi;

namespace Federation.Connectors.Lakehouse.Iceberg.Tail;

/// <summary>What rows of a table's tail give as the file that holds them, where rows of files give the file's path.</summary>
internal static class TailNames
{
    // Paths in a table's metadata are absolute or URIs of a store; none has this scheme.
    private const string Scheme = "tail:";

    public static string Of(TailRows rows) => string.Create(CultureInfo.InvariantCulture, $"{Scheme}{rows.Id}");

    /// <summary>Parts a selection into rows of files, by path, and rows of the tail, by the id of the rows they came with.</summary>
    public static (RowSelection Files, IReadOnlyDictionary<long, PositionSet> Tail) Part(RowSelection selection)
    {
        if (!selection.Files.Keys.Any(IsTail)) return (selection, new Dictionary<long, PositionSet>());
        var tail = selection.Files.Where(item => IsTail(item.Key))
            .ToDictionary(item => long.Parse(item.Key.AsSpan(Scheme.Length), CultureInfo.InvariantCulture), item => item.Value);
        return (selection.Where(file => !IsTail(file)), tail);
    }

    private static bool IsTail(string file) => file.StartsWith(Scheme, StringComparison.Ordinal);
}
