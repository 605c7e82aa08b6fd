using Federation.Core.Execution;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>
/// string_to_array and string_to_table (varlena.c). The kernel's own split neither asks for memory nor looks for a cancel, and a text of
/// delimiters alone becomes sixteen times its size.
/// </summary>
internal static class SplitFunctions
{
    /// <summary>What a list takes for an item, and as much again while it grows.</summary>
    private const long ItemBytes = 32;

    /// <summary>Between two looks for a cancel.</summary>
    private const int ItemsPerCheck = 1 << 16;

    private static readonly SqlType s_texts = SqlType.Array(SqlType.Text);

    public static readonly ScalarFunction[] All =
    [
        // text, delimiter
        new("pg_string_to_array", [SqlType.Text, SqlType.Text], s_texts,
            static (ref FunctionRow row) => Split(ref row, default, hasNullText: false)) { IsStrict = false },
        // text, delimiter, the text that stands for NULL
        new("pg_string_to_array", [SqlType.Text, SqlType.Text, SqlType.Text], s_texts,
            static (ref FunctionRow row) => Split(ref row, row.IsNull(2) ? default : row.GetBytes(2), !row.IsNull(2))) { IsStrict = false },
    ];

    private static void Split(ref FunctionRow row, ReadOnlySpan<byte> nullText, bool hasNullText)
    {
        if (row.IsNull(0))
        {
            row.SetNull();
            return;
        }

        var text = row.GetBytes(0);
        // Without a delimiter each character is an item, with an empty one the whole text.
        var isByCharacter = row.IsNull(1);
        var delimiter = isByCharacter ? default : row.GetBytes(1);
        var count = text.IsEmpty ? 0 : isByCharacter ? Utf8Text.CharacterCount(text) : delimiter.IsEmpty ? 1 : text.Count(delimiter) + 1;
        ValueLimits.CheckItems(count);
        ValueMemory.Reserve(count * ItemBytes);
        var items = row.SetList(count);
        for (var i = 0; i < count; i++)
        {
            if (i % ItemsPerCheck == 0) StatementGuard.Check();
            var length = isByCharacter ? Utf8Text.OffsetOf(text, 1) : delimiter.IsEmpty ? text.Length : text.IndexOf(delimiter);
            var item = length < 0 ? text : text[..length];
            if (hasNullText && item.SequenceEqual(nullText)) items.SetNull(i);
            else items.Set(i, item);
            if (i + 1 < count) text = text[(item.Length + delimiter.Length)..];
        }
    }
}
