using System.Text.Json;
using Federation.Core.Errors;

namespace Federation.Core.Tasks.Json;

/// <summary>Rows of values in the CLR forms of Values.cs as JSON: an array of arrays, with the values as tasks have them.</summary>
public static class RowsJson
{
    private static readonly JsonSerializerOptions s_options = new() { MaxDepth = 64, Converters = { new ValueConverter() } };

    public static byte[] Write(EquatableArray<EquatableArray<object?>> rows)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartArray();
            foreach (var row in rows)
            {
                writer.WriteStartArray();
                foreach (var value in row) JsonSerializer.Serialize(writer, value, s_options);
                writer.WriteEndArray();
            }

            writer.WriteEndArray();
        }

        return bytes.ToArray();
    }

    /// <summary>Raises XX001 for what was not written here.</summary>
    public static EquatableArray<EquatableArray<object?>> Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize<object?[][]>(json, s_options)!.Select(row => row.ToEquatableArray()).ToEquatableArray();
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or FormatException or OverflowException
            or InvalidOperationException or ArgumentException or NullReferenceException)
        {
            throw new SqlException(SqlState.DataCorrupted, $"rows that the catalog keeps are damaged: {error.Message}", error);
        }
    }
}
