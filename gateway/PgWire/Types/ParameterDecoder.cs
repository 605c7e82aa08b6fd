using System.Text;
using System.Text.Unicode;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Execution;
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
                values[i] = ReadLarge(bytes, types[i], format)
                    ?? Shortened(bytes, types[i], format == Codecs.Text
                        ? ValueText.Parse(BinaryDecoder.ReadText(bytes.Span), types[i], context)
                        : ReadWhole(bytes.Span, types[i], i, context));
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

    /// <summary>A value of many bytes, which are those of the message or stand for it there; null for others.</summary>
    private static LargeValue? ReadLarge(ReadOnlyMemory<byte> bytes, SqlType type, short format)
    {
        if (bytes.Length < LargeValue.LeastBytes || type.IsArray) return null;
        if (ReferenceEquals(type.Base, PgTypes.Bytea) && format == Codecs.Binary) return new LargeValue(IsText: false, bytes);
        if (ReferenceEquals(type.Base, PgTypes.Bytea))
        {
            BinaryDecoder.CheckText(bytes.Span);
            return new LargeValue(IsText: false, ByteaText.Parse(bytes.Span));
        }

        if (type.Modifier >= 0 || !(ReferenceEquals(type.Base, PgTypes.Text) || ReferenceEquals(type.Base, PgTypes.Varchar))) return null;
        BinaryDecoder.CheckText(bytes.Span);
        return new LargeValue(IsText: true, bytes);
    }

    /// <summary>A document of many bytes in UTF-8: that of json is as it came, once it is known to be one.</summary>
    private static object? Shortened(ReadOnlyMemory<byte> bytes, SqlType type, object? value)
    {
        if (value is not string { Length: >= LargeValue.LeastBytes } document || type.IsArray) return value;
        var isJson = ReferenceEquals(type.Base, PgTypes.Json);
        if (!isJson && !ReferenceEquals(type.Base, PgTypes.Jsonb)) return value;
        LargeGarbage.Add(document.Length * (long)sizeof(char));
        return new LargeValue(IsText: true, isJson ? bytes : Encoding.UTF8.GetBytes(document));
    }
}
