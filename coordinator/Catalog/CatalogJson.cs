using System.Text.Json;
using System.Text.Json.Serialization;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>Entries as JSON, the form in which objects.body holds them.</summary>
internal static class CatalogJson
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        Converters = { new OidConverter(), new ArrayConverterFactory() },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static string Write<T>(T entry) => JsonSerializer.Serialize(entry, s_options);

    public static T Read<T>(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, s_options) ?? throw new JsonException("null");
        }
        catch (JsonException error)
        {
            throw new SqlException(SqlState.DataCorrupted, $"the catalog holds a damaged {typeof(T).Name}", error) { Detail = error.Message };
        }
    }

    private sealed class OidConverter : JsonConverter<Oid>
    {
        public override Oid Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetUInt32());

        public override void Write(Utf8JsonWriter writer, Oid value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
    }

    private sealed class ArrayConverterFactory : JsonConverterFactory
    {
        public override bool CanConvert(Type typeToConvert) => typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(EquatableArray<>);

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
