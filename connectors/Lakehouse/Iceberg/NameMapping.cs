using System.Text.Json;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Field ids for files that were written without them (spec, "Column Projection", name mapping). Names may hold dots and are taken
/// literally; list items are called element, map parts key and value.
/// </summary>
internal sealed record NameMapping(EquatableArray<MappedName> Fields)
{
    private const int MaxDepth = 64;

    /// <summary>A mapping of one field may stand without its list.</summary>
    public static NameMapping Read(MetadataJson json) =>
        new(json.Element.ValueKind == JsonValueKind.Object ? [ReadField(json, 0)] : ReadFields(json, 0));

    /// <summary>The mapping of a child by its name in a file, or null.</summary>
    public static MappedName? Find(EquatableArray<MappedName> fields, string name)
    {
        foreach (var field in fields)
            foreach (var candidate in field.Names)
                if (candidate == name)
                    return field;
        return null;
    }

    private static EquatableArray<MappedName> ReadFields(MetadataJson json, int depth)
    {
        if (depth > MaxDepth) throw json.Wrong("a mapping of reasonable depth");
        return json.Items().Select(item => ReadField(item, depth)).ToEquatableArray();
    }

    private static MappedName ReadField(MetadataJson json, int depth) => new(
        json.Find("field-id")?.Int32() ?? -1,
        json.Demand("names").Items().Select(name => name.Text()).ToEquatableArray(),
        json.Find("fields") is { } fields ? ReadFields(fields, depth + 1) : default);
}

/// <param name="FieldId">-1 for names that stand for no field of the table.</param>
internal sealed record MappedName(int FieldId, EquatableArray<string> Names, EquatableArray<MappedName> Fields);
