using System.Text.Json;
using Federation.Connectors.Lakehouse.Pruning;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Lakehouse.Iceberg.Tail;

/// <summary>
/// Reads the rows of a table's tail. They were written with the columns of their time: a column that was added since has its initial
/// value, one that was widened holds the wider value, as in files (spec, "Schema Evolution").
/// </summary>
internal static class TailScan
{
    /// <param name="fields">The columns that are read, row identities among them; none for rows to be counted.</param>
    /// <param name="output">Their names and types, or one column of any value.</param>
    /// <param name="filters">Rows are left out for which these cannot be true.</param>
    public static InlineRows Plan(string inputName, TableTail tail, TableMetadata metadata, IcebergSchema schema,
        EquatableArray<IcebergField> fields, EquatableArray<RecordField> output, EquatableArray<ConnectorExpression> filters)
    {
        var predicate = new Predicate.All(filters.Select(PredicateReader.Read).ToEquatableArray());
        var rows = new List<EquatableArray<object?>>();
        foreach (var part in tail.Rows)
        {
            var columns = fields.Select(field => ReaderOf(field, part, metadata)).ToArray();
            var ranges = RangesOf(part, metadata, schema);
            foreach (var position in LivePositions(part))
                if (Pruner.MayMatch(predicate, column => ranges(column, position)))
                    rows.Add(columns.Length == 0 ? [true] : columns.Select(read => read(position)).ToEquatableArray());
        }

        return new InlineRows(inputName, output, rows.ToEquatableArray()) { EstimatedRows = rows.Count };
    }

    /// <summary>Whether some row that one of two tails has, and the other has not, may fulfil the filters.</summary>
    public static bool HasChanged(TableTail earlier, TableTail later, TableMetadata metadata,
        EquatableArray<ConnectorExpression> filters)
    {
        var predicate = new Predicate.All(filters.Select(PredicateReader.Read).ToEquatableArray());
        return Differing(earlier, later).Concat(Differing(later, earlier)).Any(item =>
        {
            var ranges = RangesOf(item.Rows, metadata, metadata.CurrentSchema);
            return item.Positions.Any(position => Pruner.MayMatch(predicate, column => ranges(column, position)));
        });
    }

    public static IEnumerable<int> LivePositions(TailRows rows)
    {
        var next = 0;
        for (var position = 0; position < rows.Count; position++)
        {
            if (next < rows.Removed.Count && rows.Removed[next] == position) next++;
            else yield return position;
        }
    }

    private static IEnumerable<(TailRows Rows, IEnumerable<int> Positions)> Differing(TableTail tail, TableTail other)
    {
        var known = other.Rows.ToDictionary(rows => rows.Id);
        foreach (var rows in tail.Rows)
        {
            if (!known.TryGetValue(rows.Id, out var same)) yield return (rows, LivePositions(rows));
            else if (!same.Equals(rows)) yield return (rows, LivePositions(rows).Except(LivePositions(same)));
        }
    }

    /// <summary>Reads a column of rows by their position.</summary>
    public static Func<int, object?> ReaderOf(IcebergField field, TailRows part, TableMetadata metadata)
    {
        var name = TailNames.Of(part);
        if (field.Name == RowIdentity.File) return _ => name;
        if (field.Name == RowIdentity.Position) return position => (long)position;
        var index = IndexOf(part, field.Id);
        var type = metadata.TypeOf(field);
        if (index >= 0) return position => Widened(part.Values[position][index], type);
        var initial = Widened(StoredForms.FromMetadata(InitialOf(field), type), type);
        return _ => initial;
    }

    /// <summary>What is known of the columns of a row: all of it.</summary>
    private static Func<string, int, IEnumerable<ColumnRange>> RangesOf(TailRows part, TableMetadata metadata, IcebergSchema schema)
    {
        var readers = new Dictionary<string, Func<int, object?>>(StringComparer.Ordinal);
        return (column, position) =>
        {
            if (!readers.TryGetValue(column, out var read))
            {
                if (schema.Find(column) is not { } field) return [];
                readers.Add(column, read = ReaderOf(field, part, metadata));
            }

            var value = read(position);
            var isNaN = value is not null && ValueOrder.IsNaN(value);
            return [isNaN || value is null ? new ColumnRange(null, null, value is null, false, isNaN)
                : new ColumnRange(value, value, false, true, false)];
        };
    }

    private static int IndexOf(TailRows part, int fieldId)
    {
        for (var i = 0; i < part.Fields.Count; i++)
            if (part.Fields[i] == fieldId)
                return i;
        return -1;
    }

    private static object? InitialOf(IcebergField field)
    {
        if (field.InitialDefault is not { } json) return null;
        try
        {
            return field.Type is IcebergType.Primitive type ? SingleValue.FromJson(json, type) : null;
        }
        catch (JsonException error)
        {
            throw new SqlException(SqlState.DataCorrupted, $"the default of column \"{field.Name}\" is no JSON", error);
        }
    }

    /// <summary>A value in the CLR form of a type that its column has now.</summary>
    private static object? Widened(object? value, SqlType type) => value switch
    {
        short number when type.HasSameBase(SqlType.Int4) => (int)number,
        short or int when type.HasSameBase(SqlType.Int8) => Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture),
        int number when type.HasSameBase(SqlType.Int2) => (short)number,
        float number when type.HasSameBase(SqlType.Float8) => (double)number,
        _ => value,
    };
}
