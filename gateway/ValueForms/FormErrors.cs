using System.Buffers;
using System.Text;
using Federation.Core.Errors;

namespace Federation.ValueForms;

/// <summary>Errors of bytes that are no value, in PostgreSQL's words.</summary>
public static class FormErrors
{
    public static SqlException Malformed(string message) => new(SqlState.ProtocolViolation, message);

    public static SqlException InsufficientData() => Malformed("insufficient data left in message");

    public static SqlException InvalidFormat() => Malformed("invalid message format");

    /// <summary>Names the first bytes that are not UTF-8, as PostgreSQL does.</summary>
    public static SqlException InvalidUtf8(ReadOnlySpan<byte> text)
    {
        var rest = text;
        while (Rune.DecodeFromUtf8(rest, out _, out var consumed) == OperationStatus.Done) rest = rest[consumed..];
        var length = rest.IsEmpty ? 0 : Math.Min(rest.Length, SequenceLength(rest[0]));
        var bytes = new List<string>();
        foreach (var item in rest[..length]) bytes.Add($"0x{item:x2}");
        return new SqlException(
            SqlState.CharacterNotInRepertoire, $"invalid byte sequence for encoding \"UTF8\": {string.Join(' ', bytes)}");
    }

    private static int SequenceLength(byte first) =>
        first switch { >= 0xf0 and < 0xf8 => 4, >= 0xe0 and < 0xf0 => 3, >= 0xc0 and < 0xe0 => 2, _ => 1 };
}
