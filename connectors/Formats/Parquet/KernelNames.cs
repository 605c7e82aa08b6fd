using System.Globalization;

namespace Federation.Connectors.Formats.Parquet;

/// <summary>
/// What the kernel's Parquet reader calls the columns of a file. Names are not case-sensitive there; of those that clash the later ones get
/// a number: a, A, a_1 become a, A_1, a_1_1.
/// </summary>
public static class KernelNames
{
    public static IReadOnlyDictionary<ParquetField, string> Of(ParquetFooter footer)
    {
        var names = new Dictionary<ParquetField, string>(ReferenceEqualityComparer.Instance);
        var taken = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var column in footer.Columns)
        {
            var name = column.Name;
            while (taken.TryGetValue(name, out var count))
            {
                taken[name] = ++count;
                name += "_" + count.ToString(CultureInfo.InvariantCulture);
            }

            taken[name] = 0;
            names[column] = name;
        }

        return names;
    }
}
