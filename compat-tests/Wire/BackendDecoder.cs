using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Federation.CompatTests.Wire;

/// <summary>A message of the server in the form of scripts: its type and its fields as one line of JSON, volatile ones left out.</summary>
public sealed record WireMessage(string Type, string? Fields)
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override string ToString() => Fields is null ? Type : $"{Type} {Fields}";

    /// <summary>The same line whatever its spacing.</summary>
    public static string Normalise(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 ? line : $"{line[..space]} {Json(JsonNode.Parse(line[(space + 1)..]))}";
    }

    internal static string Json(JsonNode? node) => node is null ? "null" : node.ToJsonString(s_json);
}

/// <summary>Reads the bodies of backend messages.</summary>
internal static class BackendDecoder
{
    /// <summary>Fields of errors that say where in the server's source they come from, and the untranslated severity.</summary>
    private const string IgnoredErrorFields = "VFLRpq";

    public static WireMessage Decode(char type, ReadOnlySpan<byte> body, IReadOnlySet<string> volatileParameters)
    {
        switch (type)
        {
            case 'R': return Authentication(body);
            case 'K': return new WireMessage("BackendKeyData", null);
            case '2': return new WireMessage("BindComplete", null);
            case '3': return new WireMessage("CloseComplete", null);
            case 'C': return Make("CommandComplete", Text(ref body));
            case 'd': return Make("CopyData", Value(body));
            case 'c': return new WireMessage("CopyDone", null);
            case 'G' or 'H' or 'W': return CopyResponse(type, body);
            case 'D': return DataRow(body);
            case 'I': return new WireMessage("EmptyQueryResponse", null);
            case 'E': return Make("ErrorResponse", Fields(body));
            case 'N': return Make("NoticeResponse", Fields(body));
            case 'v': return Negotiate(body);
            case 'n': return new WireMessage("NoData", null);
            case 't': return ParameterDescription(body);
            case 'S': return ParameterStatus(body, volatileParameters);
            case '1': return new WireMessage("ParseComplete", null);
            case 's': return new WireMessage("PortalSuspended", null);
            case 'Z': return Make("ReadyForQuery", ((char)body[0]).ToString());
            case 'T': return RowDescription(body);
            default: return Make($"Unknown{(int)type}", Convert.ToHexString(body));
        }
    }

    private static WireMessage Make(string type, JsonNode? fields) => new(type, WireMessage.Json(fields));

    private static WireMessage Authentication(ReadOnlySpan<byte> body)
    {
        var code = Int32(ref body);
        switch (code)
        {
            case 0: return new WireMessage("AuthenticationOk", null);
            case 3: return new WireMessage("AuthenticationCleartextPassword", null);
            case 10:
                var mechanisms = new JsonArray();
                while (body.Length > 1) mechanisms.Add(Text(ref body));
                return Make("AuthenticationSASL", mechanisms);
            default: return Make("Authentication", code);
        }
    }

    private static WireMessage CopyResponse(char type, ReadOnlySpan<byte> body)
    {
        var name = type switch { 'G' => "CopyInResponse", 'H' => "CopyOutResponse", _ => "CopyBothResponse" };
        var format = body[0];
        body = body[1..];
        var columns = new JsonArray();
        for (var count = Int16(ref body); count > 0; count--) columns.Add((int)Int16(ref body));
        return Make(name, new JsonObject { ["format"] = (int)format, ["columns"] = columns });
    }

    private static WireMessage DataRow(ReadOnlySpan<byte> body)
    {
        var values = new JsonArray();
        for (var count = Int16(ref body); count > 0; count--)
        {
            var length = Int32(ref body);
            if (length < 0)
            {
                values.Add(null);
                continue;
            }

            values.Add(Value(body[..length]));
            body = body[length..];
        }

        return Make("DataRow", values);
    }

    private static JsonObject Fields(ReadOnlySpan<byte> body)
    {
        var fields = new JsonObject();
        while (body.Length > 0 && body[0] != 0)
        {
            var name = (char)body[0];
            body = body[1..];
            var value = Text(ref body);
            if (!IgnoredErrorFields.Contains(name, StringComparison.Ordinal)) fields[name.ToString()] = value;
        }

        return fields;
    }

    private static WireMessage Negotiate(ReadOnlySpan<byte> body)
    {
        var version = Int32(ref body);
        var options = new JsonArray();
        for (var count = Int32(ref body); count > 0; count--) options.Add(Text(ref body));
        return Make("NegotiateProtocolVersion", new JsonObject { ["version"] = version, ["options"] = options });
    }

    private static WireMessage ParameterDescription(ReadOnlySpan<byte> body)
    {
        var types = new JsonArray();
        for (var count = Int16(ref body); count > 0; count--) types.Add((uint)Int32(ref body));
        return Make("ParameterDescription", types);
    }

    private static WireMessage ParameterStatus(ReadOnlySpan<byte> body, IReadOnlySet<string> volatileParameters)
    {
        var name = Text(ref body);
        var value = Text(ref body);
        return Make("ParameterStatus", new JsonObject { [name] = volatileParameters.Contains(name) ? "*" : value });
    }

    private static WireMessage RowDescription(ReadOnlySpan<byte> body)
    {
        var fields = new JsonArray();
        for (var count = Int16(ref body); count > 0; count--)
        {
            fields.Add(new JsonObject
            {
                ["name"] = Text(ref body),
                ["table"] = (uint)Int32(ref body),
                ["column"] = (int)Int16(ref body),
                ["type"] = (uint)Int32(ref body),
                ["length"] = (int)Int16(ref body),
                ["modifier"] = Int32(ref body),
                ["format"] = (int)Int16(ref body),
            });
        }

        return Make("RowDescription", fields);
    }

    /// <summary>Text when it reads as text, else hexadecimal digits.</summary>
    private static JsonNode Value(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes) && bytes.IndexOfAnyInRange((byte)0, (byte)8) < 0
            && bytes.IndexOfAnyInRange((byte)14, (byte)31) < 0)
            return JsonValue.Create(Encoding.UTF8.GetString(bytes));
        return new JsonObject { ["hex"] = Convert.ToHexStringLower(bytes) };
    }

    private static short Int16(ref ReadOnlySpan<byte> body)
    {
        var value = BinaryPrimitives.ReadInt16BigEndian(body);
        body = body[sizeof(short)..];
        return value;
    }

    private static int Int32(ref ReadOnlySpan<byte> body)
    {
        var value = BinaryPrimitives.ReadInt32BigEndian(body);
        body = body[sizeof(int)..];
        return value;
    }

    private static string Text(ref ReadOnlySpan<byte> body)
    {
        var end = body.IndexOf((byte)0);
        var text = Encoding.UTF8.GetString(body[..end]);
        body = body[(end + 1)..];
        return text;
    }
}
