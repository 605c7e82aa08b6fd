using System.Globalization;
using System.IO.Compression;
using System.Numerics;
using System.Text.Json;
using Federation.Core;
using Federation.Core.Values;

namespace Federation.Arrow.Tests.Ipc;

/// <summary>
/// The JSON twin of a golden stream (Arrow's integration testing format): each value in the CLR form that the column of its type should
/// give.
/// </summary>
internal sealed class GoldenJson
{
    private readonly JsonElement _root;

    private GoldenJson(JsonElement root) => _root = root;

    public int BatchCount => _root.GetProperty("batches").GetArrayLength();

    public static GoldenJson Read(string streamFile)
    {
        using var file = File.OpenRead(Path.ChangeExtension(streamFile, ".json.gz"));
        using var zip = new GZipStream(file, CompressionMode.Decompress);
        return new GoldenJson(JsonDocument.Parse(zip).RootElement);
    }

    /// <summary>The rows of a batch, column by column.</summary>
    public List<object?[]> Batch(int index)
    {
        var columns = _root.GetProperty("batches")[index].GetProperty("columns");
        return [.. _root.GetProperty("schema").GetProperty("fields").EnumerateArray().Select((field, i) => Column(field, columns[i]))];
    }

    private object?[] Column(JsonElement field, JsonElement column)
    {
        var count = column.GetProperty("count").GetInt32();
        var values = field.TryGetProperty("dictionary", out var dictionary)
            ? FromDictionary(field, dictionary, column, count)
            : Values(field, column, count);
        if (column.TryGetProperty("VALIDITY", out var validity))
            for (var i = 0; i < count; i++)
                if (validity[i].GetInt32() == 0)
                    values[i] = null;
        return values;
    }

    private object?[] FromDictionary(JsonElement field, JsonElement dictionary, JsonElement column, int count)
    {
        var id = dictionary.GetProperty("id").GetInt64();
        var found = _root.GetProperty("dictionaries").EnumerateArray().First(entry => entry.GetProperty("id").GetInt64() == id);
        var plain = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(field)!;
        plain.Remove("dictionary");
        var values = Column(JsonSerializer.SerializeToElement(plain), found.GetProperty("data").GetProperty("columns")[0]);
        var indices = column.GetProperty("DATA");
        return [.. Enumerable.Range(0, count)
            .Select(i => Integer(indices[i]) is var index && index >= 0 && index < values.Length ? values[(int)index] : null)];
    }

    private object?[] Values(JsonElement field, JsonElement column, int count)
    {
        var type = field.GetProperty("type");
        var children = field.GetProperty("children");
        switch (type.GetProperty("name").GetString())
        {
            case "null": return new object?[count];
            case "struct":
                var fields = children.EnumerateArray().Select((child, i) => Column(child, column.GetProperty("children")[i])).ToArray();
                return [.. Enumerable.Range(0, count).Select(row => fields.Select(values => values[row]).ToArray())];
            case "list" or "largelist" or "map" or "listview" or "largelistview" or "fixedsizelist":
                return Lists(type, children[0], column, count);
            case "runendencoded":
                var ends = Column(children[0], column.GetProperty("children")[0]);
                var runs = Column(children[1], column.GetProperty("children")[1]);
                return [.. Enumerable.Range(0, count)
                    .Select(row => runs[Array.FindIndex(ends, end => Convert.ToInt64(end, CultureInfo.InvariantCulture) > row)])];
            case "utf8view" or "binaryview": return Views(column, count, type.GetProperty("name").GetString() == "utf8view");
        }

        var data = column.GetProperty("DATA");
        return [.. Enumerable.Range(0, count).Select(i => Scalar(type, data[i]))];
    }

    private object?[] Lists(JsonElement type, JsonElement itemField, JsonElement column, int count)
    {
        var items = Column(itemField, column.GetProperty("children")[0]);
        var result = new object?[count];
        for (var row = 0; row < count; row++)
        {
            long start, length;
            if (type.TryGetProperty("listSize", out var fixedSize)) (start, length) = (row * fixedSize.GetInt64(), fixedSize.GetInt64());
            else
            {
                var offsets = column.GetProperty("OFFSET");
                start = Integer(offsets[row]);
                length = column.TryGetProperty("SIZE", out var sizes) ? Integer(sizes[row]) : Integer(offsets[row + 1]) - start;
            }

            // Values of NULL rows may be nonsense; they are dropped by the caller.
            if (start < 0 || length < 0 || start + length > items.Length) continue;
            result[row] = items.AsSpan((int)start, (int)length).ToArray();
        }

        return result.Select(list => list is object?[] array ? (object?)new Items(array) : null).ToArray();
    }

    private static object?[] Views(JsonElement column, int count, bool isText)
    {
        var buffers = column.GetProperty("VARIADIC_DATA_BUFFERS").EnumerateArray()
            .Select(buffer => Convert.FromHexString(buffer.GetString()!)).ToArray();
        return [.. column.GetProperty("VIEWS").EnumerateArray().Take(count).Select(view =>
        {
            var size = view.GetProperty("SIZE").GetInt32();
            if (view.TryGetProperty("INLINED", out var inlined))
                return isText ? inlined.GetString() : Convert.FromHexString(inlined.GetString()!);
            var bytes = buffers[view.GetProperty("BUFFER_INDEX").GetInt32()].AsSpan(view.GetProperty("OFFSET").GetInt32(), size).ToArray();
            return isText ? System.Text.Encoding.UTF8.GetString(bytes) : (object?)bytes;
        })];
    }

    private static object? Scalar(JsonElement type, JsonElement value)
    {
        string? Unit() => type.GetProperty("unit").GetString();
        switch (type.GetProperty("name").GetString())
        {
            case "bool": return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : Integer(value) != 0;
            case "int":
                var integer = BigInteger.Parse(value.ToString(), CultureInfo.InvariantCulture);
                var isSigned = type.GetProperty("isSigned").GetBoolean();
                return (type.GetProperty("bitWidth").GetInt32(), isSigned) switch
                {
                    (8, _) or (16, true) => (short)integer,
                    (16, false) or (32, true) => (int)integer,
                    (32, false) or (64, true) => (long)integer,
                    _ => new PgNumeric(integer, 0),
                };
            case "floatingpoint": return type.GetProperty("precision").GetString() == "DOUBLE"
                ? value.GetDouble()
                : (object)value.GetSingle();
            case "utf8" or "largeutf8": return value.GetString();
            case "binary" or "largebinary" or "fixedsizebinary": return Convert.FromHexString(value.GetString()!);
            case "decimal":
                var scale = type.GetProperty("scale").GetInt32();
                var unscaled = BigInteger.Parse(value.GetString()!, CultureInfo.InvariantCulture);
                return scale >= 0 ? new PgNumeric(unscaled, scale) : new PgNumeric(unscaled * BigInteger.Pow(10, -scale), 0);
            case "date": return new PgDate(Unit() == "DAY" ? (int)Integer(value) : (int)Floor(Integer(value), 86_400_000));
            case "time": return new PgTime(Microseconds(Integer(value), Unit()!));
            case "timestamp": return new PgTimestamp(Microseconds(Integer(value), Unit()!));
            case "duration": return new PgInterval(0, 0, Microseconds(Integer(value), Unit()!));
            case "interval": return Interval(value, Unit()!);
            default: throw new InvalidDataException(type.ToString());
        }
    }

    private static PgInterval Interval(JsonElement value, string unit) => unit switch
    {
        "YEAR_MONTH" => new PgInterval(value.GetInt32(), 0, 0),
        "DAY_TIME" => new PgInterval(0, value.GetProperty("days").GetInt32(), value.GetProperty("milliseconds").GetInt32() * 1000L),
        _ => new PgInterval(value.GetProperty("months").GetInt32(), value.GetProperty("days").GetInt32(),
            value.GetProperty("nanoseconds").GetInt64() / 1000),
    };

    private static long Microseconds(long value, string unit) => unit switch
    {
        "SECOND" => value * 1_000_000,
        "MILLISECOND" => value * 1000,
        "MICROSECOND" => value,
        _ => Floor(value, 1000),
    };

    private static long Floor(long value, long divisor) => (value / divisor) - (value % divisor < 0 ? 1 : 0);

    private static long Integer(JsonElement value) => long.Parse(value.ToString(), CultureInfo.InvariantCulture);

    /// <summary>The items of a list; unlike an array of PostgreSQL's it may hold lists of different lengths.</summary>
    internal sealed record Items(object?[] Values);
}
