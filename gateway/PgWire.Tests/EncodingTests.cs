using System.IO.Pipelines;
using System.Text.Json;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.PgWire.Protocol;
using Federation.PgWire.Tests.Fakes;
using Federation.PgWire.Types;
using Federation.ValueForms;

namespace Federation.PgWire.Tests;

/// <summary>
/// encodings.jsonl holds, for every type, input texts with PostgreSQL 15's output text and binary form, or its error. Each line is read,
/// written as text and binary through a column, and its binary form is read back.
/// </summary>
public sealed class EncodingTests
{
    public static TheoryData<string> Types => new(Load().Select(line => line.Type).Distinct(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Types))]
    public void Values_are_read_and_written_as_postgres_does(string type)
    {
        var failures = new List<string>();
        foreach (var line in Load().Where(line => line.Type == type))
            if (Check(line) is { } failure)
                failures.Add($"{type} '{line.Input}' {line.DateStyle} {line.TimeZone} {line.IntervalStyle}: {failure}");
        Assert.True(failures.Count == 0, $"{failures.Count} differ:\n{string.Join('\n', failures)}");
    }

    private static string? Check(Encoding line)
    {
        var type = ParseType(line.Type);
        var format = line.Format();
        var context = new ValueContext(format, default);
        object value;
        try
        {
            value = ValueText.Parse(line.Input, type, context)!;
        }
        catch (SqlException error)
        {
            var actual = $"{error.State.Code} {error.Message}";
            if (actual != line.Error) return $"expected {line.Error ?? line.Output}, got error {actual}";
            return error.Detail == line.Detail ? null : $"{actual}: expected detail {line.Detail}, got {error.Detail}";
        }

        if (line.Error is not null) return $"expected error {line.Error}, got {ValueText.Format(value, type, format)}";
        var text = ValueText.Format(value, type, format);
        if (text != line.Output) return $"expected {line.Output}, got {text}";
        // Scaled integers have no NaN.
        if (value is PgNumeric { IsFinite: false } && type.Decimal is not null) return null;
        // Columns have no place for lower bounds.
        if (value is PgArray array && !type.IsVector && array.LowerBounds.Any(bound => bound != 1)) return null;
        if (value is PgArray { LowerBounds.Count: 2 or 3 } nested) type = Nest(type, nested.LowerBounds.Count);
        var columnText = System.Text.Encoding.UTF8.GetString(Encode(type, value, Codecs.Text, format));
        if (columnText != line.Output) return $"column text: expected {line.Output}, got {columnText}";
        var binary = Convert.ToHexStringLower(Encode(type, value, Codecs.Binary, format));
        if (binary != line.Binary) return $"binary: expected {line.Binary}, got {binary}";
        var bind = new BindMessage("", "", [Codecs.Binary], [(ReadOnlyMemory<byte>)Convert.FromHexString(line.Binary)], []);
        var decoded = ParameterDecoder.Decode(bind, [type], context)[0];
        var again = ValueText.Format(decoded!, type, format);
        return again == line.Output ? null : $"binary read back as {again}";
    }

    private static SqlType Nest(SqlType type, int dimensions) =>
        dimensions == 1 ? type : SqlType.Array(Nest(type, dimensions - 1));

    /// <summary>
    /// Where an encoder has a quick way it writes the same, at any place and up to the end of the room, and never beyond.
    /// </summary>
    private static unsafe void CheckQuickWay(ColumnEncoder encoder, Arrow.Column column, byte[] expected)
    {
        const byte Untouched = 0xa5;
        for (var room = 0; room < expected.Length + 160; room += room < 30 ? 1 : 7)
        {
            var memory = new byte[room + 16];
            Array.Fill(memory, Untouched);
            fixed (byte* start = memory)
            {
                var end = encoder.TryWrite(start, start + room, column, 0);
                if (end is not null) Assert.Equal(expected, memory[..(int)(end - start)]);
            }

            Assert.All(memory[room..], value => Assert.Equal(Untouched, value));
        }
    }

    private static byte[] Encode(SqlType type, object value, short formatCode, TextFormat format)
    {
        using var batch = FakeResults.Build([("value", type)], [[value]]);
        var pipe = new Pipe();
        var writer = new FrameWriter(pipe.Writer);
        writer.Begin(BackendMessageType.DataRow);
        var mark = writer.Mark;
        Codecs.Choose(type, formatCode, format).Write(writer, batch.Columns[0], 0);
        var bytes = writer.WrittenSince(mark).ToArray();
        writer.End();
        CheckQuickWay(Codecs.Choose(type, formatCode, format), batch.Columns[0], bytes);
        return bytes;
    }

    private static SqlType ParseType(string name)
    {
        if (name.EndsWith("[]", StringComparison.Ordinal)) return SqlType.Array(ParseType(name[..^2]));
        var open = name.IndexOf('(', StringComparison.Ordinal);
        var arguments = open < 0
            ? []
            : name[(open + 1)..^1].Split(',').Select(text => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        var baseName = (open < 0 ? name : name[..open]).Split(' ')[0].Trim('"');
        var modifier = (baseName, arguments) switch
        {
            ("interval", [var digits]) => (0x7fff << 16) | digits,
            (_, [var precision, var scale]) => ((precision << 16) | (scale & 0x7ff)) + 4,
            ("varchar" or "bpchar", [var length]) => length + 4,
            (_, [var digits]) => digits,
            _ => name switch
            {
                "interval year" => (4 << 16) | 0xffff,
                "interval day to hour" => (((1 << 3) | (1 << 10)) << 16) | 0xffff,
                "interval hour" => (1 << 26) | 0xffff,
                "interval minute" => (1 << 27) | 0xffff,
                _ => -1,
            },
        };
        return new SqlType(PgTypes.Find(baseName)!, modifier);
    }

    private static IEnumerable<Encoding> Load() =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "encodings.jsonl")).Select(
            line => JsonSerializer.Deserialize<Encoding>(line)!);

    private sealed record Encoding(
        [property: System.Text.Json.Serialization.JsonPropertyName("type")] string Type,
        [property: System.Text.Json.Serialization.JsonPropertyName("in")] string Input,
        [property: System.Text.Json.Serialization.JsonPropertyName("out")] string? Output,
        [property: System.Text.Json.Serialization.JsonPropertyName("binary")] string Binary,
        [property: System.Text.Json.Serialization.JsonPropertyName("error")] string? Error,
        [property: System.Text.Json.Serialization.JsonPropertyName("detail")] string? Detail,
        [property: System.Text.Json.Serialization.JsonPropertyName("datestyle")] string? DateStyle,
        [property: System.Text.Json.Serialization.JsonPropertyName("timezone")] string? TimeZone,
        [property: System.Text.Json.Serialization.JsonPropertyName("intervalstyle")] string? IntervalStyle)
    {
        public TextFormat Format()
        {
            var style = (DateStyle ?? "ISO, MDY").Split(", ");
            return new TextFormat(
                TimeZones.Find(TimeZone ?? "America/New_York")!,
                Enum.Parse<DateFormat>(style[0], ignoreCase: true),
                Enum.Parse<DateOrder>(style[1], ignoreCase: true),
                IntervalStyle switch
                {
                    "postgres_verbose" => Core.Values.IntervalStyle.PostgresVerbose,
                    "sql_standard" => Core.Values.IntervalStyle.SqlStandard,
                    "iso_8601" => Core.Values.IntervalStyle.Iso8601,
                    _ => Core.Values.IntervalStyle.Postgres,
                });
        }
    }
}
