using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// What changes of columns make of table metadata (spec, "Schema Evolution"): another schema in the list, and the properties that say of
/// columns what the format does not. Columns are told apart by field ids, which are never given twice. The document is read, not changed.
/// </summary>
internal sealed class SchemaChanges
{
    private readonly TableMetadata _table;
    private readonly JsonObject _schema;
    private readonly JsonArray _fields;
    private readonly JsonObject _declared;
    private readonly JsonObject _defaults;
    private readonly JsonArray _notNull;
    private readonly bool _hasRows;
    private readonly MetadataDocument _document;
    private readonly List<MetadataUpdate> _layouts = [];
    private PartitionSpecs? _partitions;
    private int _lastId;

    public SchemaChanges(MetadataDocument document, TableMetadata table, bool hasTail)
    {
        (_document, _table, _hasRows) = (document, table, hasTail || table.CurrentSnapshotId is not null);
        var schemas = document.Array("schemas").OfType<JsonObject>().ToArray();
        _schema = (JsonObject)schemas.First(schema => (int)schema["schema-id"]! == table.CurrentSchemaId).DeepClone();
        _schema["schema-id"] = schemas.Max(schema => (int)schema["schema-id"]!) + 1;
        _fields = (JsonArray)_schema["fields"]!;
        _lastId = (int)document.Long("last-column-id", 0);
        var properties = document.Object("properties");
        _declared = Parse<JsonObject>(properties, WrittenTypes.Property) ?? [];
        _defaults = Parse<JsonObject>(properties, AddedColumns.DefaultsProperty) ?? [];
        _notNull = Parse<JsonArray>(properties, AddedColumns.NotNullProperty) ?? [];
    }

    public IReadOnlyList<MetadataUpdate> Apply(EquatableArray<ColumnChange> changes)
    {
        foreach (var change in changes)
        {
            switch (change)
            {
                case ColumnChange.Add add: Add(add); break;
                case ColumnChange.Drop drop: Drop(drop.Name); break;
                case ColumnChange.Rename rename: Field(rename.Name)["name"] = rename.NewName; break;
                case ColumnChange.Widen widen: Widen(widen); break;
                case ColumnChange.Retype retype: Retype(retype); break;
                case ColumnChange.SetNullable set: SetNullable(Field(set.Name), set.IsNullable); break;
                case ColumnChange.KeepRows: break;
                case ColumnChange.SetPartitioning set: Partitions().Replace(set.Terms); break;
                case ColumnChange.AddPartitionField add: Partitions().Add(add.Term, add.Name); break;
                case ColumnChange.DropPartitionField drop: Partitions().Drop(drop.Term); break;
                case ColumnChange.SetOrder set: _layouts.Add(SortOrders.Update(_document, set.Terms, Columns())); break;
                default: throw new System.Diagnostics.UnreachableException(change.GetType().Name);
            }
        }

        IEnumerable<MetadataUpdate> layouts = _partitions is null ? _layouts : [.. _layouts, _partitions.Update()];
        // Rows that others write for the same columns can follow.
        return changes.All(IsLayout) ? [.. layouts] : [new MetadataUpdate.SetSchema(_schema, _lastId), .. Properties(), .. layouts];
    }

    private static bool IsLayout(ColumnChange change) => change is ColumnChange.SetPartitioning or ColumnChange.AddPartitionField
        or ColumnChange.DropPartitionField or ColumnChange.SetOrder;

    private PartitionSpecs Partitions() => _partitions ??= PartitionSpecs.Open(_document, Columns());

    /// <summary>The columns as the changes so far have left them.</summary>
    private IReadOnlyList<IcebergField> Columns()
    {
        using var document = JsonDocument.Parse(_schema.ToJsonString());
        return [.. SchemaReader.Read(new MetadataJson(_table.Path, document.RootElement, "the schema")).Fields];
    }

    private void Add(ColumnChange.Add add)
    {
        var field = WrittenTypes.Field(add.Column, ref _lastId);
        var json = NewTableMetadata.Field(field);
        _fields.Add(json);
        WrittenTypes.Declare(_declared, field.Id, field.Name, add.Column.Type);
        // Without rows there is nothing that the value would be for.
        if (add.Initial is null || !_hasRows) return;
        var value = field.Type is IcebergType.Primitive primitive
            ? SingleValue.ToJson(StoredForms.ToMetadata(add.Initial, add.Column.Type), primitive)
            : null;
        _defaults[Key(field.Id)] = value
            ?? throw new SqlException(SqlState.FeatureNotSupported,
                $"column \"{field.Name}\" cannot be added with this default to a table that has rows")
                    { Detail = "The table's format has no form for the value." };
        SetNullable(json, add.Column.IsNullable);
    }

    private void Drop(string name)
    {
        var field = Field(name);
        var id = Id(field);
        RequireNotLaidOut(id, name, "drop");
        _fields.Remove(field);
        if (_schema["identifier-field-ids"] is not JsonArray identifiers) return;
        foreach (var identifier in identifiers.Where(item => (int)item! == id).ToArray()) identifiers.Remove(identifier);
    }

    /// <summary>Files are not laid out by the values of a column that are no more.</summary>
    private void RequireNotLaidOut(int id, string name, string verb)
    {
        if (_table.Specs[_table.DefaultSpecId].Fields.Any(part => part.SourceId == id && part.Transform.Kind != TransformKind.Void))
            throw new SqlException(SqlState.InvalidTableDefinition,
                $"cannot {verb} column \"{name}\" because it is part of the partition key");
        if (_table.SortOrder.Fields.Any(part => part.SourceId == id))
            throw new SqlException(SqlState.InvalidTableDefinition, $"cannot {verb} column \"{name}\" because the table is sorted by it")
                { Hint = "ALTER TABLE … WRITE UNORDERED takes the order away." };
    }

    /// <summary>A type that is no promotion needs a new field: files that hold the former one are read without it.</summary>
    private void Retype(ColumnChange.Retype retype)
    {
        var present = Field(retype.Name);
        var id = Id(present);
        RequireNotLaidOut(id, retype.Name, "alter");
        var isRequired = (bool)present["required"]! || _notNull.Any(item => (int)item! == id);
        var field = WrittenTypes.Field(new NewColumn(retype.Name, retype.Type, !isRequired), ref _lastId);
        var json = NewTableMetadata.Field(field);
        if (present["doc"] is { } comment) json["doc"] = comment.DeepClone();
        _fields[_fields.IndexOf(present)] = json;
        WrittenTypes.Declare(_declared, field.Id, field.Name, retype.Type);
        if (_schema["identifier-field-ids"] is not JsonArray identifiers) return;
        foreach (var identifier in identifiers.Where(item => (int)item! == id).ToArray())
            identifiers[identifiers.IndexOf(identifier)] = JsonValue.Create(field.Id);
    }

    private void Widen(ColumnChange.Widen widen)
    {
        var field = Field(widen.Name);
        var present = _table.CurrentSchema.Find(Id(field))?.Type;
        var wanted = WrittenTypes.TypeOf(widen.Type, widen.Name);
        if (present != wanted && !IsPromotion(present, wanted))
            throw new SqlException(SqlState.FeatureNotSupported, $"column \"{widen.Name}\" cannot be changed to type {widen.Type}")
                { Detail = $"The table holds it as {present}, which cannot become {wanted} without writing all rows again." };
        field["type"] = NewTableMetadata.Type(wanted);
        WrittenTypes.Declare(_declared, Id(field), widen.Name, widen.Type);
    }

    /// <summary>Spec, "Schema Evolution": what version 2 allows.</summary>
    private static bool IsPromotion(IcebergType? from, IcebergType to) => (from, to) switch
    {
        (IcebergType.Primitive { Kind: IcebergKind.Int }, IcebergType.Primitive { Kind: IcebergKind.Long }) => true,
        (IcebergType.Primitive { Kind: IcebergKind.Float }, IcebergType.Primitive { Kind: IcebergKind.Double }) => true,
        (IcebergType.Primitive { Kind: IcebergKind.Decimal } before, IcebergType.Primitive { Kind: IcebergKind.Decimal } after) =>
            after.Scale == before.Scale && after.Precision >= before.Precision,
        _ => false,
    };

    /// <summary>A field whose older rows have a value of ours alone stays optional for other engines, which read NULL there.</summary>
    private void SetNullable(JsonObject field, bool isNullable)
    {
        var id = Id(field);
        var isOurs = _defaults.ContainsKey(Key(id));
        field["required"] = !isNullable && !isOurs;
        foreach (var known in _notNull.Where(item => (int)item! == id).ToArray()) _notNull.Remove(known);
        if (!isNullable && isOurs) _notNull.Add(id);
    }

    private IEnumerable<MetadataUpdate> Properties()
    {
        var named = new Dictionary<string, JsonNode>
        {
            [WrittenTypes.Property] = _declared,
            [AddedColumns.DefaultsProperty] = _defaults,
            [AddedColumns.NotNullProperty] = _notNull,
        };
        yield return new MetadataUpdate.SetProperties(
            named.Where(item => !IsEmpty(item.Value)).ToDictionary(item => item.Key, item => item.Value.ToJsonString()));
        yield return new MetadataUpdate.RemoveProperties([.. named.Where(item => IsEmpty(item.Value)).Select(item => item.Key)]);
    }

    private JsonObject Field(string name) => _fields.OfType<JsonObject>().FirstOrDefault(field => (string?)field["name"] == name)
        ?? throw new SqlException(SqlState.UndefinedColumn, $"column \"{name}\" does not exist");

    private static bool IsEmpty(JsonNode node) => node is JsonObject { Count: 0 } or JsonArray { Count: 0 };

    private static int Id(JsonObject field) => (int)field["id"]!;

    private static string Key(int id) => id.ToString(CultureInfo.InvariantCulture);

    /// <summary>A property of ours; null where it is missing or another engine has written something else there.</summary>
    private static T? Parse<T>(JsonObject properties, string name)
        where T : JsonNode
    {
        try
        {
            return properties[name] is JsonValue value && value.TryGetValue<string>(out var text) ? JsonNode.Parse(text) as T : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
