using System.Text.Json;
using System.Text.Json.Nodes;
using Federation.Connectors.Formats;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// A table metadata file as a JSON tree. Members that this version does not know stay as they are, so a table keeps what other writers have
/// said of it. Changed by <see cref="MetadataUpdates"/>, read by <see cref="TableMetadataReader"/>.
/// </summary>
internal sealed class MetadataDocument
{
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 256 };

    private MetadataDocument(JsonObject root) => Root = root;

    public JsonObject Root { get; }

    /// <summary>Raises XX001 for text that is no JSON object.</summary>
    public static MetadataDocument Parse(string path, ReadOnlySpan<byte> json)
    {
        try
        {
            return new MetadataDocument(
                JsonNode.Parse(json, null, s_options) as JsonObject ?? throw FormatErrors.Corrupt(path, "it is no JSON object"));
        }
        catch (JsonException error)
        {
            throw FormatErrors.Corrupt(path, "it is no JSON document", error);
        }
    }

    public static MetadataDocument Load(IObjectStore store, string path) => Parse(path, TableMetadataReader.ReadBytes(store, path).Span);

    public static MetadataDocument Empty() => new([]);

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(Root);

    public long Long(string name, long missing) =>
        Root[name] is JsonValue value && value.TryGetValue<long>(out var number) ? number : missing;

    public string? Text(string name) => Root[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>The array of this name, made when it is missing or null.</summary>
    public JsonArray Array(string name)
    {
        if (Root[name] is JsonArray array) return array;
        Root[name] = array = [];
        return array;
    }

    /// <summary>The object of this name, made when it is missing or null.</summary>
    public JsonObject Object(string name)
    {
        if (Root[name] is JsonObject member) return member;
        Root[name] = member = [];
        return member;
    }
}
