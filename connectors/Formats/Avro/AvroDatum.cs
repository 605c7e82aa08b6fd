namespace Federation.Connectors.Formats.Avro;

/// <summary>Encodes values as <see cref="AvroDecoder"/> gives them, so that records can be copied from file to file.</summary>
public static class AvroDatum
{
    /// <summary>Writes a value of a schema. Raises <see cref="InvalidCastException"/> for a value of another type.</summary>
    public static void Write(AvroEncoder encoder, AvroSchema schema, object? value)
    {
        switch (schema)
        {
            case AvroSchema.Primitive primitive:
                Write(encoder, primitive.Kind, value);
                break;
            case AvroSchema.Record record:
                var values = ((AvroRecord)value!).Values;
                for (var i = 0; i < values.Count; i++) Write(encoder, record.Fields[i].Type, values[i]);
                break;
            case AvroSchema.Union union:
                var branch = BranchOf(union, value);
                encoder.Long(branch);
                Write(encoder, union.Branches[branch], value);
                break;
            case AvroSchema.Array array:
                encoder.Items((object?[])value!, item => Write(encoder, array.Items, item));
                break;
            case AvroSchema.Map map:
                encoder.Items((Dictionary<string, object?>)value!, item =>
                {
                    encoder.String(item.Key);
                    Write(encoder, map.Values, item.Value);
                });
                break;
            case AvroSchema.Fixed:
                encoder.Fixed((byte[])value!);
                break;
            case AvroSchema.Enumeration enumeration:
                encoder.Long(Array.IndexOf([.. enumeration.Symbols], (string)value!));
                break;
            default: throw new System.Diagnostics.UnreachableException(schema.GetType().Name);
        }
    }

    private static void Write(AvroEncoder encoder, AvroPrimitive kind, object? value)
    {
        switch (kind)
        {
            case AvroPrimitive.Null: break;
            case AvroPrimitive.Boolean: encoder.Boolean((bool)value!); break;
            case AvroPrimitive.Int or AvroPrimitive.Long:
                encoder.Long(Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture)); break;
            case AvroPrimitive.Float: encoder.Float((float)value!); break;
            case AvroPrimitive.Double: encoder.Double((double)value!); break;
            case AvroPrimitive.Bytes: encoder.Bytes((byte[])value!); break;
            default: encoder.String((string)value!); break;
        }
    }

    /// <summary>Files of tables have unions of null and one other type alone.</summary>
    private static int BranchOf(AvroSchema.Union union, object? value)
    {
        for (var i = 0; i < union.Branches.Count; i++)
            if (union.Branches[i] is AvroSchema.Primitive { Kind: AvroPrimitive.Null } == value is null)
                return i;
        throw new InvalidCastException("a union has no branch for null");
    }
}
