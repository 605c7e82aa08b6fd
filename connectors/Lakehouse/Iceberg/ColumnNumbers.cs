namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// The numbers that PostgreSQL would give to columns: in the order in which they were added, those that were dropped among them.
/// </summary>
internal static class ColumnNumbers
{
    /// <summary>One for each field; all zero, which stands for positions, if the fields are not in the order of their ids.</summary>
    public static short[] Of(TableMetadata metadata, IcebergSchema schema)
    {
        var numbers = new short[schema.Fields.Count];
        if (metadata.Schemas.Count == 1) return numbers;
        for (var i = 1; i < numbers.Length; i++)
            if (schema.Fields[i].Id < schema.Fields[i - 1].Id)
                return numbers;
        // The list of schemas is the table's history.
        var ids = new SortedSet<int>(metadata.Schemas.Values.SelectMany(known => known.Fields).Select(field => field.Id));
        if (ids.Count > short.MaxValue) return numbers;
        var number = (short)0;
        var next = 0;
        foreach (var id in ids)
        {
            number++;
            if (next < numbers.Length && schema.Fields[next].Id == id) numbers[next++] = number;
        }

        return numbers;
    }
}
