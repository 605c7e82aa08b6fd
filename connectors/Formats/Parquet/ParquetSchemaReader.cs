namespace Federation.Connectors.Formats.Parquet;

/// <summary>
/// Rebuilds the schema tree from its depth-first list. SchemaElement: 1 type, 2 type_length, 3 repetition_type, 4 name, 5 num_children,
/// 6 converted_type, 7 scale, 8 precision, 9 field_id, 10 logicalType (parquet.thrift).
/// </summary>
internal sealed class ParquetSchemaReader(string path)
{
    private const int MaxDepth = 64;

    public ParquetField Read(ref ThriftReader reader)
    {
        var count = reader.ReadList(out var itemType);
        if (itemType != ThriftReader.Struct || count == 0) throw FormatErrors.Corrupt(path, "the Parquet footer has no schema");
        var elements = new Queue<Element>(count);
        for (var i = 0; i < count; i++) elements.Enqueue(ReadElement(ref reader));
        var root = Build(elements, 0);
        return elements.Count == 0 ? root : throw Malformed();
    }

    private ParquetField Build(Queue<Element> elements, int depth)
    {
        if (depth > MaxDepth) throw FormatErrors.Corrupt(path, "the Parquet schema is nested too deeply");
        if (!elements.TryDequeue(out var element)) throw Malformed();
        var field = element.ToField();
        if (element.ChildCount < 0 || element.ChildCount > elements.Count) throw Malformed();
        if (field.IsLeaf && element.ChildCount > 0) throw Malformed();
        if (field.Physical is { } physical && !Enum.IsDefined(physical))
            throw FormatErrors.Unsupported(path, $"column \"{field.Name}\" has an unknown type");
        if (field.Physical == PhysicalType.FixedLenByteArray && field.TypeLength < 0) throw Malformed();
        var children = new ParquetField[element.ChildCount];
        for (var i = 0; i < children.Length; i++) children[i] = Build(elements, depth + 1);
        field.Children = children;
        return field;
    }

    private Exception Malformed() => FormatErrors.Corrupt(path, "the Parquet schema is malformed");

    private static Element ReadElement(ref ThriftReader reader)
    {
        var element = new Element();
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            switch (id, type)
            {
                case (1, ThriftReader.I32): element.Physical = (PhysicalType)reader.ReadInt32(); break;
                case (2, ThriftReader.I32): element.TypeLength = reader.ReadInt32(); break;
                case (3, ThriftReader.I32): element.Repetition = (Repetition)reader.ReadInt32(); break;
                case (4, ThriftReader.Binary): element.Name = reader.ReadString(); break;
                case (5, ThriftReader.I32): element.ChildCount = reader.ReadInt32(); break;
                case (6, ThriftReader.I32): element.Converted = reader.ReadInt32(); break;
                case (7, ThriftReader.I32): element.Scale = reader.ReadInt32(); break;
                case (8, ThriftReader.I32): element.Precision = reader.ReadInt32(); break;
                case (9, ThriftReader.I32): element.FieldId = reader.ReadInt32(); break;
                case (10, ThriftReader.Struct): ReadLogicalType(ref reader, ref element); break;
                default: reader.Skip(type); break;
            }
        }

        return element;
    }

    /// <summary>LogicalType is a union: the number of its one field says which type it is.</summary>
    private static void ReadLogicalType(ref ThriftReader reader, ref Element element)
    {
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            if (type != ThriftReader.Struct)
            {
                reader.Skip(type);
                continue;
            }

            element.HasLogicalType = true;
            switch (id)
            {
                case 5: ReadDecimal(ref reader, ref element); break;
                case 7 or 8: ReadTime(ref reader, ref element, isTimestamp: id == 8); break;
                case 10: ReadInteger(ref reader, ref element); break;
                default:
                    element.Meaning = id switch
                    {
                        1 => ParquetMeaning.String,
                        2 => ParquetMeaning.Map,
                        3 => ParquetMeaning.List,
                        4 => ParquetMeaning.Enum,
                        6 => ParquetMeaning.Date,
                        12 => ParquetMeaning.Json,
                        13 => ParquetMeaning.Bson,
                        14 => ParquetMeaning.Uuid,
                        15 => ParquetMeaning.Float16,
                        16 => ParquetMeaning.Variant,
                        17 => ParquetMeaning.Geometry,
                        18 => ParquetMeaning.Geography,
                        _ => ParquetMeaning.Unknown,
                    };
                    reader.Skip(type);
                    break;
            }
        }
    }

    private static void ReadDecimal(ref ThriftReader reader, ref Element element)
    {
        element.Meaning = ParquetMeaning.Decimal;
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            if ((id, type) == (1, ThriftReader.I32)) element.Scale = reader.ReadInt32();
            else if ((id, type) == (2, ThriftReader.I32)) element.Precision = reader.ReadInt32();
            else reader.Skip(type);
        }
    }

    private static void ReadTime(ref ThriftReader reader, ref Element element, bool isTimestamp)
    {
        var unit = 2;
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            if (id == 1) element.IsAdjustedToUtc = ThriftReader.Boolean(type);
            if ((id, type) == (2, ThriftReader.Struct))
            {
                var unitId = 0;
                while (reader.NextField(ref unitId, out var unitType))
                {
                    unit = unitId;
                    reader.Skip(unitType);
                }
            }
            else
            {
                reader.Skip(type);
            }
        }

        element.Meaning = (isTimestamp, unit) switch
        {
            (false, 1) => ParquetMeaning.TimeMillis,
            (false, 2) => ParquetMeaning.TimeMicros,
            (false, _) => ParquetMeaning.TimeNanos,
            (true, 1) => ParquetMeaning.TimestampMillis,
            (true, 2) => ParquetMeaning.TimestampMicros,
            (true, _) => ParquetMeaning.TimestampNanos,
        };
    }

    private static void ReadInteger(ref ThriftReader reader, ref Element element)
    {
        element.Meaning = ParquetMeaning.UnsignedInteger;
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            if ((id, type) == (1, ThriftReader.Byte)) element.BitWidth = reader.ReadByte();
            else if (id == 2 && ThriftReader.Boolean(type)) element.Meaning = ParquetMeaning.Integer;
            else reader.Skip(type);
        }
    }

    private struct Element
    {
        public string Name;
        public PhysicalType? Physical;
        public int TypeLength;
        public Repetition Repetition;
        public int ChildCount;
        public int? Converted;
        public int Scale;
        public int Precision;
        public int? FieldId;
        public bool HasLogicalType;
        public ParquetMeaning Meaning;
        public int BitWidth;
        public bool IsAdjustedToUtc;

        public readonly ParquetField ToField()
        {
            var meaning = HasLogicalType ? Meaning : ConvertedMeaning();
            // Some writers give one annotation for maps and lists, some the other.
            if (!HasLogicalType && Converted is 1 or 2) meaning = ParquetMeaning.Map;
            return new ParquetField
            {
                Name = Name ?? "",
                FieldId = FieldId ?? -1,
                Repetition = Repetition,
                Physical = Physical,
                TypeLength = TypeLength,
                Meaning = meaning,
                HasLogicalType = HasLogicalType,
                BitWidth = HasLogicalType ? BitWidth : Converted is >= 11 and <= 14 ? 8 << (Converted.Value - 11)
                    : Converted is >= 15 and <= 18 ? 8 << (Converted.Value - 15) : 0,
                Precision = Precision,
                Scale = Scale,
                // Converted timestamps and times are instants by definition (LogicalTypes.md).
                IsAdjustedToUtc = HasLogicalType ? IsAdjustedToUtc : Converted is 7 or 8 or 9 or 10,
            };
        }

        private readonly ParquetMeaning ConvertedMeaning() => Converted switch
        {
            0 => ParquetMeaning.String,
            1 or 2 => ParquetMeaning.Map,
            3 => ParquetMeaning.List,
            4 => ParquetMeaning.Enum,
            5 => ParquetMeaning.Decimal,
            6 => ParquetMeaning.Date,
            7 => ParquetMeaning.TimeMillis,
            8 => ParquetMeaning.TimeMicros,
            9 => ParquetMeaning.TimestampMillis,
            10 => ParquetMeaning.TimestampMicros,
            >= 11 and <= 14 => ParquetMeaning.UnsignedInteger,
            >= 15 and <= 18 => ParquetMeaning.Integer,
            19 => ParquetMeaning.Json,
            20 => ParquetMeaning.Bson,
            21 => ParquetMeaning.Interval,
            _ => ParquetMeaning.None,
        };
    }
}
