using System.Text.Json.Nodes;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// Partition specs as metadata holds them, and how one becomes another (spec, "Partition Evolution"): ids of fields are never given twice,
/// but a field of the same source and transform has the id that it had, and a spec that was there before is used again.
/// </summary>
internal sealed class PartitionSpecs
{
    public const int FirstFieldId = 1000;

    private readonly JsonObject[] _specs;
    private readonly IReadOnlyList<IcebergField> _columns;
    private readonly List<JsonObject> _fields;
    private int _lastFieldId;

    private PartitionSpecs(JsonObject[] specs, IEnumerable<JsonObject> fields, int lastFieldId, IReadOnlyList<IcebergField> columns)
    {
        (_specs, _lastFieldId, _columns) = (specs, lastFieldId, columns);
        _fields = [.. fields.Select(field => (JsonObject)field.DeepClone())];
    }

    /// <summary>The fields of a new table's spec.</summary>
    public static JsonArray Of(EquatableArray<TableTransform> terms, IReadOnlyList<IcebergField> columns)
    {
        var specs = new PartitionSpecs([], [], FirstFieldId - 1, columns);
        specs.Replace(terms);
        return new JsonArray([.. specs._fields]);
    }

    /// <summary>The table's present spec, to be changed.</summary>
    public static PartitionSpecs Open(MetadataDocument document, IReadOnlyList<IcebergField> columns)
    {
        var specs = document.Array("partition-specs").OfType<JsonObject>().ToArray();
        var present = specs.First(spec => (int)spec["spec-id"]! == document.Long("default-spec-id", 0));
        return new PartitionSpecs(specs, ((JsonArray)present["fields"]!).OfType<JsonObject>(),
            (int)document.Long("last-partition-id", FirstFieldId - 1), columns);
    }

    public void Replace(EquatableArray<TableTransform> terms)
    {
        _fields.Clear();
        foreach (var term in terms) Add(term, null);
    }

    /// <param name="name">Null for the name that readers expect.</param>
    public void Add(TableTransform given, string? name)
    {
        var term = LayoutTerm.Make(_columns, given);
        if (_fields.Find(field => IsOf(field, term)) is { } present)
            throw new SqlException(SqlState.DuplicateObject,
                $"partition field \"{(string)present["name"]!}\" of column \"{given.Column}\" is there already");
        var known = _specs.SelectMany(spec => ((JsonArray)spec["fields"]!).OfType<JsonObject>()).Where(field => IsOf(field, term))
            .Where(field => field["field-id"] is not null).ToArray();
        name ??= known.Length > 0 ? (string)known[^1]["name"]! : Free(term);
        if (_fields.Exists(field => (string?)field["name"] == name)
            || (_columns.Any(column => column.Name == name) && !IsPlain(term, name)))
            throw new SqlException(SqlState.DuplicateObject, $"partition field \"{name}\" cannot be added: the name is taken");
        _fields.Add(new JsonObject
        {
            ["source-id"] = term.Source.Id,
            ["field-id"] = known.Length > 0 ? (int)known[^1]["field-id"]! : ++_lastFieldId,
            ["name"] = name,
            ["transform"] = term.Text,
        });
    }

    /// <summary>Takes away the field of a name, or of a term.</summary>
    public void Drop(TableTransform given)
    {
        var isName = given.Transform == "identity";
        var index = _fields.FindIndex(field => isName && (string?)field["name"] == given.Column);
        if (index < 0 && _columns.Any(column => column.Name == given.Column))
            index = _fields.FindIndex(field => IsOf(field, LayoutTerm.Make(_columns, given)));
        if (index < 0)
            throw new SqlException(SqlState.UndefinedObject, isName
                ? $"partition field \"{given.Column}\" does not exist"
                : $"partition field {given.Transform} of column \"{given.Column}\" does not exist");
        _fields.RemoveAt(index);
    }

    /// <summary>Makes these fields those of new files.</summary>
    public MetadataUpdate Update()
    {
        var equal = _specs.FirstOrDefault(spec => JsonNode.DeepEquals(spec["fields"], new JsonArray([.. _fields.Select(Clone)])));
        var spec = equal?.DeepClone() as JsonObject ?? new JsonObject
        {
            ["spec-id"] = _specs.Max(known => (int)known["spec-id"]!) + 1,
            ["fields"] = new JsonArray([.. _fields.Select(Clone)]),
        };
        return new MetadataUpdate.SetPartitionSpec(spec, _lastFieldId);

        static JsonNode Clone(JsonObject field) => field.DeepClone();
    }

    private static bool IsOf(JsonObject field, LayoutTerm term) =>
        field["source-id"] is JsonValue source && (int)source == term.Source.Id && (string?)field["transform"] == term.Text;

    private static bool IsPlain(LayoutTerm term, string name) => term.Transform.Kind == TransformKind.Identity && term.Source.Name == name;

    /// <summary>The name of the field, told from those of columns and other fields.</summary>
    private string Free(LayoutTerm term)
    {
        var name = term.FieldName;
        if (IsPlain(term, name)) return name;
        while (_columns.Any(column => column.Name == name) || _fields.Exists(field => (string?)field["name"] == name)) name += "_";
        return name;
    }
}
