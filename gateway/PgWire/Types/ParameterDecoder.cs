using System.Text.Unicode;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.PgWire.Protocol;

namespace Federation.PgWire.Types;

/// <summary>Turns bound parameters into the CLR forms of Values.cs.</summary>
internal static class ParameterDecoder
{
    /// <summary>Checks the counts of a Bind message and decodes every value.</summary>
    public static EquatableArray<object?> Decode(in BindMessage bind, EquatableArray<SqlType> types, ValueContext context)
    {
        var formats = bind.ParameterFormats;
        if (formats.Length > 1 && formats.Length != bind.Parameters.Length)
            throw ProtocolErrors.Malformed($"bind message has {formats.Length} parameter formats but {bind.Parameters.Length} parameters");
        if (bind.Parameters.Length != types.Count)
        {
            throw ProtocolErrors.Malformed(
                $"bind message supplies {bind.Parameters.Length} parameters, but prepared statement \"{bind.StatementName}\" requires "
                    + $"{types.Count}");
        }

        if (types.Count == 0) return default;
        var values = new object?[types.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var format = formats.Length switch { 0 => Codecs.Text, 1 => formats[0], _ => formats[i] };
            if (format is not (Codecs.Text or Codecs.Binary))
                throw new SqlException(SqlState.InvalidParameterValue, $"unsupported format code: {format}");
            if (bind.Parameters[i] is not { } bytes) continue;
            try
            {
                values[i] = IsLarge(bytes, types[i], format) ? ReadLarge(bytes, types[i])
                    : format == Codecs.Text ? ValueText.Parse(BinaryDecoder.ReadText(bytes.Span), types[i], context)
                    : ReadWhole(bytes.Span, types[i], i, context);
            }
            catch (SqlException error) when (!error.IsFatal)
            {
                throw error.In(Where(bind, i, format == Codecs.Text && Utf8.IsValid(bytes.Span)));
            }
        }

        return new EquatableArray<object?>(values);
    }

    /// <summary>PostgreSQL names the parameter, and hides a text value unless the operator lets it be logged.</summary>
    private static string Where(in BindMessage bind, int index, bool hasText)
    {
        var portal = bind.PortalName.Length == 0 ? "unnamed portal" : $"portal \"{bind.PortalName}\"";
        return $"{portal} parameter ${index + 1}{(hasText ? " = '...'" : "")}";
    }

    private static object? ReadWhole(ReadOnlySpan<byte> bytes, SqlType type, int index, ValueContext context)
    {
        var reader = new ByteReader(bytes);
        var value = BinaryDecoder.Read(ref reader, type, context);
        if (reader.Remaining > 0)
            throw new SqlException(SqlState.InvalidBinaryRepresentation, $"incorrect binary data format in bind parameter {index + 1}");
        return value;
    }

    /// <summary>The bytes are those of the value, and many.</summary>
    private static bool IsLarge(ReadOnlyMemory<byte> bytes, SqlType type, short format) =>
        bytes.Length >= LargeValue.LeastBytes && !type.IsArray
        && (ReferenceEquals(type.Base, PgTypes.Bytea) ? format == Codecs.Binary : type.Modifier < 0
            && (ReferenceEquals(type.Base, PgTypes.Text) || ReferenceEquals(type.Base, PgTypes.Varchar)));

    /// <summary>Stays where it is: in the message's memory.</summary>
    private static LargeValue ReadLarge(ReadOnlyMemory<byte> bytes, SqlType type)
    {
        var isText = type.Storage == Storage.Text;
        if (isText) BinaryDecoder.CheckText(bytes.Span);
        return new LargeValue(isText, bytes);
    }
}
