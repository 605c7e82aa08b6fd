namespace Federation.Connectors.Formats.Parquet;

/// <summary>Decodes FileMetaData and what hangs below it, except the schema. Field numbers are those of parquet.thrift.</summary>
internal sealed class FileMetadataReader(string path)
{
    public ParquetFooter Read(ReadOnlySpan<byte> footer)
    {
        var reader = new ThriftReader(footer, path);
        ParquetField? root = null;
        List<RowGroup> rowGroups = [];
        long? rows = null;
        string? createdBy = null;
        var isEncrypted = false;
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            switch (id, type)
            {
                case (2, ThriftReader.List): root = new ParquetSchemaReader(path).Read(ref reader); break;
                case (3, ThriftReader.I64): rows = reader.ReadInteger(); break;
                case (4, ThriftReader.List): ReadRowGroups(ref reader, rowGroups); break;
                case (6, ThriftReader.Binary): createdBy = reader.ReadString(); break;
                case (8, _):
                    isEncrypted = true;
                    reader.Skip(type);
                    break;
                default: reader.Skip(type); break;
            }
        }

        if (root is null || rows is not >= 0) throw FormatErrors.Corrupt(path, "the Parquet footer lacks its schema or row count");
        return new ParquetFooter(root, rows.Value, rowGroups, isEncrypted, createdBy);
    }

    private void ReadRowGroups(ref ThriftReader reader, List<RowGroup> rowGroups)
    {
        var count = reader.ReadList(out var itemType);
        Demand(itemType == ThriftReader.Struct || count == 0);
        for (var i = 0; i < count; i++) rowGroups.Add(ReadRowGroup(ref reader));
    }

    /// <summary>RowGroup: 1 columns, 2 total_byte_size, 3 num_rows.</summary>
    private RowGroup ReadRowGroup(ref ThriftReader reader)
    {
        List<ColumnChunk> columns = [];
        long rows = 0;
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            switch (id, type)
            {
                case (1, ThriftReader.List):
                    var count = reader.ReadList(out var itemType);
                    Demand(itemType == ThriftReader.Struct || count == 0);
                    for (var i = 0; i < count; i++) columns.Add(ReadColumnChunk(ref reader));
                    break;
                case (3, ThriftReader.I64): rows = reader.ReadInteger(); break;
                default: reader.Skip(type); break;
            }
        }

        return new RowGroup(rows, columns);
    }

    /// <summary>ColumnChunk: 1 file_path, 3 meta_data, 8 crypto_metadata, 9 encrypted_column_metadata.</summary>
    private ColumnChunk ReadColumnChunk(ref ThriftReader reader)
    {
        ColumnChunk? chunk = null;
        var isEncrypted = false;
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            if ((id, type) == (3, ThriftReader.Struct))
            {
                chunk = ReadColumnMetadata(ref reader);
                continue;
            }

            if (id is 8 or 9) isEncrypted = true;
            if (id == 1 && type == ThriftReader.Binary && !reader.ReadBinary().IsEmpty)
                throw FormatErrors.Unsupported(path, "a column of it lies in another file");
            if (id != 1 || type != ThriftReader.Binary) reader.Skip(type);
        }

        chunk ??= new ColumnChunk([], PhysicalType.ByteArray, 0, 0, 0, 0, null, null, null, isEncrypted);
        return isEncrypted ? chunk with { IsEncrypted = true } : chunk;
    }

    /// <summary>
    /// ColumnMetaData: 1 type, 2 encodings, 3 path_in_schema, 4 codec, 5 num_values, 7 total_compressed_size, 9 data_page_offset,
    /// 11 dictionary_page_offset, 12 statistics.
    /// </summary>
    private ColumnChunk ReadColumnMetadata(ref ThriftReader reader)
    {
        var physical = PhysicalType.ByteArray;
        uint encodings = 0;
        List<string> names = [];
        var codec = 0;
        long values = 0, size = 0, pages = 0, dictionary = 0;
        var statistics = default(Statistics);
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            switch (id, type)
            {
                case (1, ThriftReader.I32): physical = (PhysicalType)reader.ReadInt32(); break;
                case (2, ThriftReader.List):
                    var encodingCount = reader.ReadList(out var encodingType);
                    Demand(encodingType == ThriftReader.I32 || encodingCount == 0);
                    for (var i = 0; i < encodingCount; i++)
                        if (reader.ReadInt32() is >= 0 and < 32 and var encoding)
                            encodings |= 1u << encoding;
                        else
                            throw FormatErrors.Unsupported(path, "a column has an unknown encoding");
                    break;
                case (3, ThriftReader.List):
                    var nameCount = reader.ReadList(out var nameType);
                    Demand(nameType == ThriftReader.Binary || nameCount == 0);
                    for (var i = 0; i < nameCount; i++) names.Add(reader.ReadString());
                    break;
                case (4, ThriftReader.I32): codec = reader.ReadInt32(); break;
                case (5, ThriftReader.I64): values = reader.ReadInteger(); break;
                case (7, ThriftReader.I64): size = reader.ReadInteger(); break;
                case (9, ThriftReader.I64): pages = reader.ReadInteger(); break;
                case (11, ThriftReader.I64): dictionary = reader.ReadInteger(); break;
                case (12, ThriftReader.Struct): statistics = ReadStatistics(ref reader); break;
                default: reader.Skip(type); break;
            }
        }

        return new ColumnChunk(
            names, physical, codec, encodings, values, size, statistics.Min, statistics.Max, statistics.NullCount, false)
        {
            Offset = dictionary > 0 && dictionary < pages ? dictionary : pages,
        };
    }

    /// <summary>
    /// Statistics: 3 null_count, 5 max_value, 6 min_value. The older 1 max and 2 min have no defined order for most types and are not
    /// believed.
    /// </summary>
    private static Statistics ReadStatistics(ref ThriftReader reader)
    {
        var statistics = default(Statistics);
        var id = 0;
        while (reader.NextField(ref id, out var type))
        {
            switch (id, type)
            {
                case (3, ThriftReader.I64): statistics.NullCount = reader.ReadInteger(); break;
                case (5, ThriftReader.Binary): statistics.Max = reader.ReadBinary().ToArray(); break;
                case (6, ThriftReader.Binary): statistics.Min = reader.ReadBinary().ToArray(); break;
                default: reader.Skip(type); break;
            }
        }

        return statistics;
    }

    private void Demand(bool condition)
    {
        if (!condition) throw FormatErrors.Corrupt(path, "the Parquet footer has a list of the wrong type");
    }

    private struct Statistics
    {
        public byte[]? Min;
        public byte[]? Max;
        public long? NullCount;
    }
}
