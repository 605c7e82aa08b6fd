using System.Collections.Frozen;
using Federation.Core.Errors;
using Federation.FlightSql.Protocol;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Federation.FlightSql;

/// <summary>Messages of Flight SQL inside of Any.</summary>
internal static class Commands
{
    private static readonly FrozenDictionary<string, MessageDescriptor> s_byName =
        FlightSqlReflection.Descriptor.MessageTypes.ToFrozenDictionary(type => type.FullName, StringComparer.Ordinal);

    /// <summary>The message in a serialised Any. Raises 08P01 when it is none, 0A000 when it is not of Flight SQL.</summary>
    public static IMessage Unpack(ByteString bytes)
    {
        var any = Parse(Any.Parser, bytes.Span);
        if (!s_byName.TryGetValue(Any.GetTypeName(any.TypeUrl), out var type))
            throw new SqlException(SqlState.FeatureNotSupported, $"Flight SQL command \"{any.TypeUrl}\" is not supported");
        return Parse(type.Parser, any.Value.Span);
    }

    /// <summary>Unpacks a message of one type.</summary>
    public static T Unpack<T>(ByteString bytes)
        where T : class, IMessage =>
        Unpack(bytes) as T ?? throw new SqlException(SqlState.ProtocolViolation, $"the action's body is no {typeof(T).Name}");

    public static T Parse<T>(MessageParser<T> parser, ReadOnlySpan<byte> bytes)
        where T : IMessage<T> => (T)Parse((MessageParser)parser, bytes);

    private static IMessage Parse(MessageParser parser, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return parser.ParseFrom(bytes.ToArray());
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new SqlException(SqlState.ProtocolViolation, $"malformed protobuf message: {exception.Message}", exception);
        }
    }
}
