using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// Columns that were added with a default to a table that had rows. Format version 2 has no place for the value of the older rows, so it is
/// kept in table properties by field id. Such a field stays optional for other engines, which find no value in older files and read NULL;
/// that it takes no NULL is kept in a property too.
/// </summary>
internal sealed record AddedColumns(IReadOnlyDictionary<int, string> Defaults, IReadOnlySet<int> NotNull)
{
    /// <summary>Holds a JSON object: field id to the value (spec, appendix D, "JSON single-value serialization").</summary>
    public const string DefaultsProperty = "federation.initial-defaults";

    /// <summary>Holds a JSON array of field ids.</summary>
    public const string NotNullProperty = "federation.not-null";

    private static readonly AddedColumns s_none = new(new Dictionary<int, string>(), new HashSet<int>());

    public bool IsEmpty => Defaults.Count == 0 && NotNull.Count == 0;

    /// <summary>None for text that is not of this form, which another engine may have written.</summary>
    public static AddedColumns Read(string? defaults, string? notNull)
    {
        if (defaults is null && notNull is null) return s_none;
        try
        {
            var values = (JsonNode.Parse(defaults ?? "{}") as JsonObject ?? []).Where(item => item.Value is not null)
                .ToDictionary(item => int.Parse(item.Key, CultureInfo.InvariantCulture), item => item.Value!.ToJsonString());
            return new AddedColumns(values, (JsonNode.Parse(notNull ?? "[]") as JsonArray ?? []).Select(id => (int)id!).ToHashSet());
        }
        catch (Exception error) when (error is JsonException or FormatException or OverflowException or InvalidOperationException
            or ArgumentException or NullReferenceException)
        {
            return s_none;
        }
    }

    public IcebergSchema Apply(IcebergSchema schema) => schema with
    {
        Fields = schema.Fields.Select(field => field with
        {
            InitialDefault = field.InitialDefault ?? Defaults.GetValueOrDefault(field.Id),
            IsRequired = field.IsRequired || NotNull.Contains(field.Id),
        }).ToEquatableArray(),
    };
}
