using System.Text.Json;
using System.Text.Json.Serialization;
using Federation.Connectors.Spi;

namespace Federation.Connectors.Tpch;

/// <summary>A table of a schema; <paramref name="Limit"/> is the number of rows wanted at most.</summary>
internal sealed record TpchTableHandle(string Schema, string Table, long Limit = long.MaxValue) : ITableHandle;

/// <summary>What a split's payload says.</summary>
/// <param name="First">First unit of the range (a row, for lineitem an order), counted from 0.</param>
/// <param name="Limit">Rows at most, of the whole range.</param>
/// <param name="Columns">The table's names of the columns wanted.</param>
internal sealed record TpchScan(string Schema, string Table, long First, long Units, long Limit, string[] Columns)
{
    public string ToJson() => JsonSerializer.Serialize(this, TpchScanJson.Default.TpchScan);

    public static TpchScan FromJson(string json) =>
        JsonSerializer.Deserialize(json, TpchScanJson.Default.TpchScan) ?? throw new JsonException("a scan is expected");
}

[JsonSerializable(typeof(TpchScan))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class TpchScanJson : JsonSerializerContext;
