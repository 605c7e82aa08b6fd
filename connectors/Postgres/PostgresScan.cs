using System.Text.Json;
using System.Text.Json.Serialization;

namespace Federation.Connectors.Postgres;

/// <summary>What a split's payload says: the query, and the columns that it was written for.</summary>
/// <param name="Snapshot">The exported snapshot that the splits of one scan read together; null for a scan of one split.</param>
internal sealed record PostgresScan(string Sql, ScannedTable[] Tables, string? Snapshot = null)
{
    /// <summary>
    /// The same query for a few rows, as a statement that is prepared at the source: it gives each row as the bytes of a record. Null for a
    /// scan that is read by COPY.
    /// </summary>
    public string? Statement { get; init; }

    /// <summary>Text forms of the parameters of <see cref="Statement"/>; empty for those that <see cref="Open"/> names.</summary>
    public string[] Values { get; init; } = [];

    /// <summary>Values that are known only when the statement is run.</summary>
    public OpenValue[] Open { get; init; } = [];

    public string ToJson() => JsonSerializer.Serialize(this, PostgresScanJson.Default.PostgresScan);

    public static PostgresScan FromJson(string json) =>
        JsonSerializer.Deserialize(json, PostgresScanJson.Default.PostgresScan) ?? throw new JsonException("a scan is expected");
}

/// <param name="Place">Index in <see cref="PostgresScan.Values"/>.</param>
/// <param name="Number">The parameter of the query that gives the value, counted from one.</param>
internal sealed record OpenValue(int Place, int Number);

/// <param name="Columns">Name and expression of each column that the query reads with its type, as it was when the scan was
/// planned.</param>
internal sealed record ScannedTable(string Schema, string Table, string[] Columns);

[JsonSerializable(typeof(PostgresScan))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class PostgresScanJson : JsonSerializerContext;
