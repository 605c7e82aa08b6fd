using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Federation.CompatTests.Wire;

/// <summary>Bytes of the messages that scripts send; one line is a type and, where it has fields, JSON.</summary>
internal static class FrontendEncoder
{
    private const int Version3 = 196_608;
    private const int CancelCode = 80877102;
    private const int SslCode = 80877103;
    private const int GssCode = 80877104;

    public static byte[] Encode(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var type = space < 0 ? line : line[..space];
        using var document = JsonDocument.Parse(space < 0 ? "{}" : line[(space + 1)..]);
        var json = document.RootElement;
        var body = new WireBuffer();
        switch (type)
        {
            case "Startup":
                body.Int32(Int(json, "version", Version3));
                foreach (var (name, value) in Pairs(json))
                {
                    body.Text(name);
                    body.Text(value);
                }

                body.Byte(0);
                return body.Framed(null);
            case "SSLRequest":
                body.Int32(SslCode);
                return body.Framed(null);
            case "GSSENCRequest":
                body.Int32(GssCode);
                return body.Framed(null);
            case "CancelRequest":
                body.Int32(CancelCode);
                body.Int32(Int(json, "pid", 0));
                body.Bytes(Convert.FromHexString(Text(json, "secret", "00000000")));
                return body.Framed(null);
            case "Raw": return Convert.FromHexString(Text(json, "hex", ""));
            case "Query":
                body.Text(json.ValueKind == JsonValueKind.String ? json.GetString()! : Text(json, "sql", ""));
                return body.Framed('Q');
            case "Parse":
                body.Text(Text(json, "name", ""));
                body.Text(Text(json, "sql", ""));
                var types = Items(json, "types");
                body.Int16((short)types.Count);
                foreach (var oid in types) body.Int32(unchecked((int)oid.GetUInt32()));
                return body.Framed('P');
            case "Bind":
                EncodeBind(body, json);
                return body.Framed('B');
            case "Describe" or "Close":
                var isStatement = json.TryGetProperty("statement", out _);
                body.Byte((byte)(isStatement ? 'S' : 'P'));
                body.Text(Text(json, isStatement ? "statement" : "portal", ""));
                return body.Framed(type == "Describe" ? 'D' : 'C');
            case "Execute":
                body.Text(Text(json, "portal", ""));
                body.Int32(Int(json, "limit", 0));
                return body.Framed('E');
            case "FunctionCall":
                body.Int32(Int(json, "oid", 0));
                body.Int16(0);
                body.Int16(0);
                body.Int16(0);
                return body.Framed('F');
            case "CopyData":
                body.Bytes(Value(json));
                return body.Framed('d');
            case "CopyFail":
                body.Text(json.ValueKind == JsonValueKind.String ? json.GetString()! : "");
                return body.Framed('f');
            case "Password":
                body.Text(json.GetString()!);
                return body.Framed('p');
            case "CopyDone": return body.Framed('c');
            case "Sync": return body.Framed('S');
            case "Flush": return body.Framed('H');
            case "Terminate": return body.Framed('X');
            default: throw new FormatException($"unknown message \"{type}\"");
        }
    }

    private static void EncodeBind(WireBuffer body, JsonElement json)
    {
        body.Text(Text(json, "portal", ""));
        body.Text(Text(json, "statement", ""));
        Formats(body, json, "parameterFormats");
        var parameters = Items(json, "parameters");
        body.Int16((short)parameters.Count);
        foreach (var parameter in parameters)
        {
            if (parameter.ValueKind == JsonValueKind.Null)
            {
                body.Int32(-1);
                continue;
            }

            var value = Value(parameter);
            body.Int32(value.Length);
            body.Bytes(value);
        }

        Formats(body, json, "resultFormats");
    }

    private static void Formats(WireBuffer body, JsonElement json, string name)
    {
        var formats = Items(json, name);
        body.Int16((short)formats.Count);
        foreach (var format in formats) body.Int16(format.GetInt16());
    }

    private static byte[] Value(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object
            ? Convert.FromHexString(json.GetProperty("hex").GetString()!)
            : Encoding.UTF8.GetBytes(json.GetString()!);

    private static List<JsonElement> Items(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var items) ? items.EnumerateArray().ToList() : [];

    private static string Text(JsonElement json, string name, string otherwise) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value.GetString()! : otherwise;

    private static int Int(JsonElement json, string name, int otherwise) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value.GetInt32() : otherwise;

    private static IEnumerable<(string Name, string Value)> Pairs(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object) yield break;
        foreach (var property in json.EnumerateObject())
            if (property.Name != "version")
            {
                var value = property.Value;
                yield return (property.Name, value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText());
            }
    }
}

/// <summary>Collects the body of one message.</summary>
internal sealed class WireBuffer
{
    private readonly List<byte> _bytes = [];

    public void Byte(byte value) => _bytes.Add(value);

    public void Bytes(ReadOnlySpan<byte> value) => _bytes.AddRange(value);

    public void Int16(short value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(short)];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        _bytes.AddRange(bytes);
    }

    public void Int32(int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        _bytes.AddRange(bytes);
    }

    public void Text(string value)
    {
        _bytes.AddRange(Encoding.UTF8.GetBytes(value));
        _bytes.Add(0);
    }

    /// <summary>The message: type byte unless null, length, body.</summary>
    public byte[] Framed(char? type)
    {
        var header = new byte[(type is null ? 0 : 1) + sizeof(int)];
        if (type is { } c) header[0] = (byte)c;
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(header.Length - sizeof(int)), _bytes.Count + sizeof(int));
        return [.. header, .. _bytes];
    }
}
