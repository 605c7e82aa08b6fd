using System.Text.Json;
using Federation.Connectors.Formats;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Typed access to a metadata file's JSON; what is missing or of another kind is an error that names the file and the key.
/// </summary>
internal readonly struct MetadataJson(string path, JsonElement element, string name)
{
    public string Path => path;

    public JsonElement Element => element;

    public MetadataJson Demand(string key) =>
        Find(key) ?? throw FormatErrors.Corrupt(path, $"{name} has no \"{key}\"");

    /// <summary>The member, or null when it is absent or JSON null.</summary>
    public MetadataJson? Find(string key)
    {
        if (element.ValueKind != JsonValueKind.Object) throw Wrong("an object");
        return element.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null
            ? new MetadataJson(path, value, key)
            : null;
    }

    public IEnumerable<MetadataJson> Items()
    {
        if (element.ValueKind != JsonValueKind.Array) throw Wrong("an array");
        foreach (var item in element.EnumerateArray()) yield return new MetadataJson(path, item, name);
    }

    public IEnumerable<KeyValuePair<string, MetadataJson>> Members()
    {
        if (element.ValueKind != JsonValueKind.Object) throw Wrong("an object");
        foreach (var member in element.EnumerateObject()) yield return new(member.Name, new MetadataJson(path, member.Value, member.Name));
    }

    public string Text() => element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Wrong("a string");

    public int Int32() => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var value)
        ? value
        : throw Wrong("an integer");

    public long Int64() => element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var value)
        ? value
        : throw Wrong("an integer");

    /// <summary>A 64-bit id. Some writers make them unsigned; as only equality counts, the bits are taken.</summary>
    public long Id() => element.ValueKind == JsonValueKind.Number
        ? element.TryGetInt64(out var value)
            ? value
            : element.TryGetUInt64(out var unsigned)
            ? unchecked((long)unsigned)
            : throw Wrong("an id")
        : throw Wrong("an id");

    public bool Boolean() => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong("a boolean"),
    };

    public Exception Wrong(string expected) => FormatErrors.Corrupt(path, $"{name} is not {expected}");
}
