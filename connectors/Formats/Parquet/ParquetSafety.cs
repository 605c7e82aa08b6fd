namespace Federation.Connectors.Formats.Parquet;

/// <summary>
/// Refuses files that the kernel cannot read, or whose reading it does not survive: a shredded VARIANT group without its value column
/// ends the whole kernel instance (parquet-testing shredded_variant case-041, -131, -138).
/// </summary>
public static class ParquetSafety
{
    private const int CodecLzo = 3, CodecLz4 = 5, CodecLast = 7;
    private const int EncodingByteStreamSplit = 9, EncodingLast = 9;

    public static void Demand(ParquetFooter footer, string path)
    {
        if (footer.IsEncrypted) throw FormatErrors.Unsupported(path, "it is encrypted");
        foreach (var column in footer.Columns) DemandField(column, column.Name, path);
        foreach (var group in footer.RowGroups)
        {
            foreach (var chunk in group.Columns) DemandChunk(chunk, path);
        }
    }

    private static void DemandChunk(ColumnChunk chunk, string path)
    {
        if (chunk.IsEncrypted) throw Refused(path, chunk, "is encrypted");
        switch (chunk.Codec)
        {
            case CodecLz4: throw Refused(path, chunk, "uses the deprecated LZ4 codec");
            case CodecLzo: throw Refused(path, chunk, "uses the LZO codec");
            case < 0 or > CodecLast: throw Refused(path, chunk, $"uses the unknown codec {chunk.Codec}");
        }

        if (chunk.HasEncoding(EncodingByteStreamSplit) && chunk.Physical is not (PhysicalType.Float or PhysicalType.Double))
            throw Refused(path, chunk, "uses the encoding BYTE_STREAM_SPLIT for a type other than float and double");
        if (chunk.EncodingBits >> (EncodingLast + 1) != 0) throw Refused(path, chunk, "uses an unknown encoding");
    }

    private static void DemandField(ParquetField field, string name, string path)
    {
        var isVariant = field.Meaning == ParquetMeaning.Variant
            || (!field.IsLeaf && Has(field, "metadata") && (Has(field, "typed_value") || Has(field, "value")) && field.Children.Count <= 3);
        if (isVariant)
        {
            if (!Has(field, "value")) throw Refused(path, name, "is a shredded variant without its value column");
            if (field.Meaning == ParquetMeaning.Variant) throw Refused(path, name, "is of type variant");
        }

        if (field.Meaning == ParquetMeaning.Map && field.Children is [{ Children.Count: not 2 }])
            throw Refused(path, name, "is a map without values");
        foreach (var child in field.Children) DemandField(child, $"{name}.{child.Name}", path);
    }

    private static bool Has(ParquetField field, string name) => field.Children.Any(child => child.Name == name);

    private static Exception Refused(string path, ColumnChunk chunk, string problem) =>
        Refused(path, string.Join('.', chunk.Path), problem);

    private static Exception Refused(string path, string column, string problem) =>
        FormatErrors.Unsupported(path, $"column \"{column}\" {problem}");
}
