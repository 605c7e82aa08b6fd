using System.Text.Json;
using System.Text.Json.Serialization;
using Federation.Core.Types;

namespace Federation.Core.Tasks.Json;

/// <summary>
/// A type as an object: <c>oid</c> of the innermost base, and where present <c>mod</c>, <c>dec</c> ([precision, scale]), <c>item</c>
/// (element type), <c>fields</c>.
/// </summary>
internal sealed class SqlTypeConverter : JsonConverter<SqlType>
{
    public override SqlType Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var form = JsonSerializer.Deserialize<Form>(ref reader, options) ?? throw new JsonException("a type is missing");
        var found = PgTypes.Find(new Oid(form.Oid)) ?? throw new JsonException($"there is no type with OID {form.Oid}");
        if (form.Dec is { } digits
            && (digits.Length != 2 || digits[0] is < 1 or > DecimalShape.MaxPrecision || digits[1] < 0 || digits[1] > digits[0]))
            throw new JsonException("a decimal shape is out of range");

        // The vectors of the system catalog have an element of their own, which their constructor knows.
        var plain = new SqlType(found);
        var type = form.Item is { } item && !plain.IsVector ? SqlType.Array(item) : plain;
        return type with
        {
            Modifier = form.Mod,
            Decimal = form.Dec is { } shape ? new DecimalShape((byte)shape[0], (byte)shape[1]) : null,
            Fields = form.Fields ?? default,
        };
    }

    public override void Write(Utf8JsonWriter writer, SqlType value, JsonSerializerOptions options) => JsonSerializer.Serialize(
        writer,
        new Form(
            // A worker knows no types of servers: it moves their text.
            value.Base.Source is null ? value.Base.Oid.Value : PgTypes.Text.Oid.Value,
            value.Modifier,
            value.Decimal is { } shape ? [shape.Precision, shape.Scale] : null,
            value.Element,
            value.Fields.Count == 0 ? null : value.Fields),
        options);

    private sealed record Form(
        [property: JsonPropertyName("oid")] uint Oid,
        [property: JsonPropertyName("mod"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] int Mod = -1,
        [property: JsonPropertyName("dec")] int[]? Dec = null,
        [property: JsonPropertyName("item")] SqlType? Item = null,
        [property: JsonPropertyName("fields")] EquatableArray<RecordField>? Fields = null);
}
