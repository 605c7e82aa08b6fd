using System.Text.Json;
using System.Text.Json.Serialization;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>Objects as JSON, the form in which stores hold them, with the options of user mappings encrypted. Thread-safe.</summary>
internal sealed class CatalogCodec(CatalogKeyring keys)
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        Converters = { new OidConverter(), new ArrayConverterFactory() },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public string Write(CatalogObject entry)
    {
        if (entry is UserMappingEntry mapping) entry = mapping with { Options = Options(mapping, keys.Encrypt) };
        return JsonSerializer.Serialize(entry, entry.GetType(), s_options);
    }

    /// <summary>
    /// Raises XX001 for a body that is no object of its kind, and 28000 when its secrets were encrypted with another key.
    /// </summary>
    public CatalogObject Read(StoredObject stored)
    {
        var type = ObjectKinds.Of(stored.Key.Kind).Type;
        try
        {
            var entry = (CatalogObject?)JsonSerializer.Deserialize(stored.Body, type, s_options) ?? throw new JsonException("null");
            entry = entry with { Oid = stored.Oid, ChangedAt = stored.ChangedAt };
            return entry is UserMappingEntry mapping ? mapping with { Options = Options(mapping, keys.Decrypt) } : entry;
        }
        catch (JsonException error)
        {
            throw new SqlException(SqlState.DataCorrupted, $"the catalog holds a damaged {type.Name}", error) { Detail = error.Message };
        }
    }

    /// <summary>A value is bound to its mapping and option, so that it means nothing elsewhere.</summary>
    private static EquatableArray<KeyValuePair<string, string>> Options(UserMappingEntry mapping, Func<string, string, string> convert) =>
        mapping.Options
            .Select(option =>
                KeyValuePair.Create(option.Key, convert(option.Value, $"{mapping.Server}\n{mapping.Oid.Value}\n{option.Key}")))
            .ToEquatableArray();

    private sealed class OidConverter : JsonConverter<Oid>
    {
        public override Oid Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetUInt32());

        public override void Write(Utf8JsonWriter writer, Oid value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
    }

    private sealed class ArrayConverterFactory : JsonConverterFactory
    {
        public override bool CanConvert(Type typeToConvert) =>
            typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(EquatableArray<>);

        public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
            (JsonConverter)Activator.CreateInstance(typeof(ArrayConverter<>).MakeGenericType(typeToConvert.GetGenericArguments()[0]))!;
    }

    private sealed class ArrayConverter<T> : JsonConverter<EquatableArray<T>>
    {
        public override EquatableArray<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            (JsonSerializer.Deserialize<T[]>(ref reader, options) ?? []).ToEquatableArray();

        public override void Write(Utf8JsonWriter writer, EquatableArray<T> value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value.ToArray(), options);
    }
}
