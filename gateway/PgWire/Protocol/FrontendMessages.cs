using Federation.Core.Types;

namespace Federation.PgWire.Protocol;

/// <summary>Whether Describe and Close mean a statement or a portal.</summary>
internal enum TargetKind : byte
{
    Statement = (byte)'S',
    Portal = (byte)'P',
}

internal readonly record struct QueryMessage(string Sql)
{
    public static QueryMessage Read(ReadOnlySpan<byte> body)
    {
        var reader = new ByteReader(body);
        var message = new QueryMessage(Sql: reader.ReadCString());
        reader.DemandEnd();
        return message;
    }
}

internal readonly record struct ParseMessage(string StatementName, string Sql, Oid[] ParameterTypes)
{
    public static ParseMessage Read(ReadOnlySpan<byte> body)
    {
        var reader = new ByteReader(body);
        var name = reader.ReadCString();
        var sql = reader.ReadCString();
        var count = reader.ReadUInt16();
        var types = count == 0 ? [] : new Oid[count];
        for (var i = 0; i < types.Length; i++) types[i] = new Oid(reader.ReadUInt32());
        reader.DemandEnd();
        return new ParseMessage(name, sql, types);
    }
}

/// <summary>Parameter values stay bytes of the frame until the statement's types are known; a null is NULL.</summary>
internal readonly record struct BindMessage(
    string PortalName, string StatementName, short[] ParameterFormats, ReadOnlyMemory<byte>?[] Parameters, short[] ResultFormats)
{
    public static BindMessage Read(ReadOnlyMemory<byte> body)
    {
        var reader = new ByteReader(body.Span);
        var portalName = reader.ReadCString();
        var statementName = reader.ReadCString();
        var parameterFormats = ReadFormats(ref reader);
        var parameters = ReadParameters(ref reader, body);
        var resultFormats = ReadFormats(ref reader);
        reader.DemandEnd();
        return new BindMessage(portalName, statementName, parameterFormats, parameters, resultFormats);
    }

    private static short[] ReadFormats(ref ByteReader reader)
    {
        var count = reader.ReadUInt16();
        var formats = count == 0 ? [] : new short[count];
        for (var i = 0; i < formats.Length; i++) formats[i] = reader.ReadInt16();
        return formats;
    }

    private static ReadOnlyMemory<byte>?[] ReadParameters(ref ByteReader reader, ReadOnlyMemory<byte> body)
    {
        var count = reader.ReadUInt16();
        var parameters = count == 0 ? [] : new ReadOnlyMemory<byte>?[count];
        for (var i = 0; i < parameters.Length; i++)
        {
            var length = reader.ReadInt32();
            if (length == -1) continue;
            parameters[i] = body.Slice(body.Length - reader.Remaining, reader.ReadBytes(length).Length);
        }

        return parameters;
    }
}

internal readonly record struct DescribeMessage(TargetKind Kind, string Name)
{
    public static DescribeMessage Read(ReadOnlySpan<byte> body)
    {
        var (kind, name) = Target.Read(body, "DESCRIBE");
        return new DescribeMessage(kind, name);
    }
}

internal readonly record struct CloseMessage(TargetKind Kind, string Name)
{
    public static CloseMessage Read(ReadOnlySpan<byte> body)
    {
        var (kind, name) = Target.Read(body, "CLOSE");
        return new CloseMessage(kind, name);
    }
}

internal readonly record struct ExecuteMessage(string PortalName, int MaxRows)
{
    public static ExecuteMessage Read(ReadOnlySpan<byte> body)
    {
        var reader = new ByteReader(body);
        var message = new ExecuteMessage(PortalName: reader.ReadCString(), MaxRows: reader.ReadInt32());
        reader.DemandEnd();
        return message;
    }
}

internal static class Target
{
    public static (TargetKind Kind, string Name) Read(ReadOnlySpan<byte> body, string messageName)
    {
        var reader = new ByteReader(body);
        var kind = (TargetKind)reader.ReadByte();
        var name = reader.ReadCString();
        reader.DemandEnd();
        return kind is TargetKind.Statement or TargetKind.Portal
            ? (kind, name)
            : throw ProtocolErrors.Malformed($"invalid {messageName} message subtype {(byte)kind}");
    }
}
