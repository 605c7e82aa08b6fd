namespace Federation.Connectors.Formats.Avro;

/// <summary>
/// A decoded record. Values are null, bool, int, long, float, double, string (also of enumerations), byte[] (also of fixed types), nested
/// records, <c>object?[]</c> for arrays and <c>Dictionary&lt;string, object?&gt;</c> for maps. Logical types are left to the reader.
/// </summary>
public sealed class AvroRecord(AvroSchema.Record schema, object?[] values)
{
    public AvroSchema.Record Schema { get; } = schema;

    public IReadOnlyList<object?> Values => values;

    /// <summary>The value of the field with this id; null when the writer has no such field.</summary>
    public object? ById(int fieldId)
    {
        for (var i = 0; i < values.Length; i++)
            if (Schema.Fields[i].FieldId == fieldId)
                return values[i];
        return null;
    }

    public bool HasId(int fieldId)
    {
        foreach (var field in Schema.Fields)
            if (field.FieldId == fieldId)
                return true;
        return false;
    }

    public object? ByName(string name)
    {
        for (var i = 0; i < values.Length; i++)
            if (Schema.Fields[i].Name == name)
                return values[i];
        return null;
    }
}
