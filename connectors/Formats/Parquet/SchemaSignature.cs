using System.Globalization;
using System.Text;

namespace Federation.Connectors.Formats.Parquet;

/// <summary>Writes a schema tree as text.</summary>
internal static class SchemaSignature
{
    public static string Of(ParquetField root)
    {
        var text = new StringBuilder();
        foreach (var column in root.Children) Append(text, column);
        return text.ToString();
    }

    private static void Append(StringBuilder text, ParquetField field)
    {
        // The length before the name keeps names with punctuation apart.
        text.Append(CultureInfo.InvariantCulture, $"{field.Name.Length}:{field.Name}#{field.FieldId} {(int)field.Repetition}");
        if (field.Physical is { } physical)
        {
            text.Append(CultureInfo.InvariantCulture, $" {physical} {field.Meaning} {field.TypeLength} {field.BitWidth} ");
            text.Append(CultureInfo.InvariantCulture, $"{field.Precision} {field.Scale} {field.IsAdjustedToUtc} {field.HasLogicalType};");
            return;
        }

        text.Append(CultureInfo.InvariantCulture, $" {field.Meaning}{{");
        foreach (var child in field.Children) Append(text, child);
        text.Append('}');
    }
}
