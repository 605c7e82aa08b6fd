using System.Globalization;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Formats.Parquet;

/// <summary>
/// A column of a Parquet file as SQL sees it, for files without a table format that says more: its type and how the kernel reads it without
/// loss. Timestamps and times keep microseconds. Maps are jsonb, lists arrays, groups records.
/// </summary>
public sealed class ParquetColumn
{
    private readonly Func<string, int, string> _write;

    private ParquetColumn(SqlType type, Func<string, int, string>? write = null)
    {
        Type = type;
        _write = write ?? (static (text, _) => text);
    }

    public SqlType Type { get; }

    /// <summary>The expression over an expression of the raw column; the worker casts it to the type.</summary>
    public string Write(string text, int depth = 0) => _write(text, depth);

    /// <summary>0A000 for what has no SQL type.</summary>
    public static ParquetColumn Of(ParquetField field, string path)
    {
        // In lists of two levels the repeated field is the item itself.
        if (field.ListItem is { } item)
            return List(item.Repetition != Repetition.Repeated || item.ListItem is not null
                ? Of(item, path)
                : item.IsLeaf ? Leaf(item, path) : Group(item, path));
        if (field.MapEntry is var (key, value)) return Map(Of(key, path), Of(value, path));
        if (field.Repetition == Repetition.Repeated)
            return List(field.IsLeaf ? Leaf(field, path) : Group(field, path));
        return field.IsLeaf ? Leaf(field, path) : Group(field, path);
    }

    private static ParquetColumn List(ParquetColumn item) => new(SqlType.Array(item.Type), (text, depth) =>
    {
        var variable = "e" + depth.ToString(CultureInfo.InvariantCulture);
        var written = item.Write(variable, depth + 1);
        return written == variable ? text : $"list_transform({text}, lambda {variable}: {written})";
    });

    private static ParquetColumn Map(ParquetColumn key, ParquetColumn value) => new(SqlType.Jsonb, (text, depth) => KernelJson.Map(
        text, raw => key.Write(raw, depth + 1), key.Type, raw => value.Write(raw, depth + 1), value.Type, depth));

    private static ParquetColumn Group(ParquetField field, string path)
    {
        var members = field.Children.Select(child => (child.Name, Column: Of(child, path))).ToArray();
        if (members.Length == 0) throw Unsupported(field, path);
        var type = SqlType.Record([.. members.Select(member => new RecordField(member.Name, member.Column.Type))]);
        return new ParquetColumn(type, (text, depth) =>
        {
            var sources = members.Select(member => $"struct_extract({text}, {KernelText.Literal(member.Name)})").ToArray();
            var written = members.Select((member, index) => member.Column.Write(sources[index], depth)).ToArray();
            if (written.SequenceEqual(sources)) return text;
            return $"CASE WHEN {text} IS NOT NULL THEN struct_pack("
                + string.Join(", ", members.Select(
                    (member, index) => $"{KernelText.Identifier(member.Name)} := {written[index]}")) + ") END";
        });
    }

    private static ParquetColumn Leaf(ParquetField field, string path)
    {
        var isInstant = field is { HasLogicalType: true, IsAdjustedToUtc: true };
        switch (field.Meaning)
        {
            case ParquetMeaning.String or ParquetMeaning.Enum: return new ParquetColumn(SqlType.Text);
            case ParquetMeaning.Json: return new ParquetColumn(SqlType.Jsonb, static (text, _) => $"pg_jsonb_in(CAST({text} AS VARCHAR))");
            case ParquetMeaning.Uuid: return new ParquetColumn(SqlType.Uuid);
            case ParquetMeaning.Date: return new ParquetColumn(SqlType.Date);
            case ParquetMeaning.TimeMillis or ParquetMeaning.TimeMicros or ParquetMeaning.TimeNanos: return new ParquetColumn(SqlType.Time);
            case ParquetMeaning.TimestampMillis or ParquetMeaning.TimestampMicros:
                return new ParquetColumn(isInstant ? SqlType.Timestamptz : SqlType.Timestamp);
            case ParquetMeaning.TimestampNanos:
                return new ParquetColumn(
                    isInstant ? SqlType.Timestamptz : SqlType.Timestamp, (text, _) => KernelText.CutNanoseconds(text, isInstant));
            case ParquetMeaning.Interval: return new ParquetColumn(SqlType.Of(PgTypes.Interval));
            case ParquetMeaning.Float16: return new ParquetColumn(SqlType.Float4);
            case ParquetMeaning.Decimal when field.Precision is > 0 and <= DecimalShape.MaxPrecision && field.Scale >= 0
                && field.Scale <= field.Precision:
                return new ParquetColumn(new SqlType(PgTypes.Numeric, ((field.Precision << 16) | field.Scale) + 4));
            case ParquetMeaning.Integer or ParquetMeaning.UnsignedInteger: return new ParquetColumn(Integer(field));
            case ParquetMeaning.Bson or ParquetMeaning.None: break;
            default: throw Unsupported(field, path);
        }

        return field.Physical switch
        {
            PhysicalType.Boolean => new ParquetColumn(SqlType.Bool),
            PhysicalType.Int32 => new ParquetColumn(SqlType.Int4),
            PhysicalType.Int64 => new ParquetColumn(SqlType.Int8),
            PhysicalType.Int96 => new ParquetColumn(SqlType.Timestamp),
            PhysicalType.Float => new ParquetColumn(SqlType.Float4),
            PhysicalType.Double => new ParquetColumn(SqlType.Float8),
            _ => new ParquetColumn(SqlType.Bytea),
        };
    }

    private static SqlType Integer(ParquetField field) => (field.Meaning, field.BitWidth) switch
    {
        (ParquetMeaning.Integer, 8 or 16) or (ParquetMeaning.UnsignedInteger, 8) => SqlType.Int2,
        (ParquetMeaning.Integer, 64) or (ParquetMeaning.UnsignedInteger, 32) => SqlType.Int8,
        (ParquetMeaning.UnsignedInteger, 64) => SqlType.NumericOf(20, 0),
        _ => SqlType.Int4,
    };

    private static Exception Unsupported(ParquetField field, string path) =>
        FormatErrors.Unsupported(path, $"column \"{field.Name}\" is of a type without an equal in SQL");
}
