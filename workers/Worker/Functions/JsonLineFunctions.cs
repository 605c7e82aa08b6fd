using System.Text.Json;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Members of the lines of JSON files.</summary>
internal static class JsonLineFunctions
{
    private const int MaxDepth = 512;

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_json_line_member", [SqlType.Text, SqlType.Text], SqlType.Text, static (ref FunctionRow row) => SetMember(ref row)),
        new("pg_json_line_has_only", [SqlType.Text, SqlType.Array(SqlType.Text)], SqlType.Bool,
            static (ref FunctionRow row) => HasOnly(ref row)),
    ];

    /// <summary>
    /// True for a line whose members are all among the names, an error for others: a member that is no column would be lost in silence.
    /// </summary>
    private static void HasOnly(ref FunctionRow row)
    {
        var names = row.GetList(1);
        var reader = new Utf8JsonReader(row.GetBytes(0), new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var isKnown = false;
                    for (var i = 0; i < names.Count && !isKnown; i++) isKnown = reader.ValueTextEquals(names[i]);
                    if (!isKnown)
                    {
                        throw new SqlException(SqlState.FeatureNotSupported,
                            $"a line of a JSON file has the member \"{reader.GetString()}\", which is no column: none of its first 64 MB "
                                + "has it")
                        {
                            Hint = "Give the member in the first line.",
                        };
                    }

                    reader.Read();
                    reader.Skip();
                }
        }
        catch (JsonException error)
        {
            throw new SqlException(SqlState.DataCorrupted, "a line of a JSON file is no JSON", error) { Detail = error.Message };
        }

        row.Set(true);
    }


    /// <summary>The last member of the name, as jsonb has it: a string as its text, null as NULL, all else as it is written.</summary>
    private static void SetMember(ref FunctionRow row)
    {
        var line = row.GetBytes(0);
        var name = row.GetBytes(1);
        var (start, length, kind) = (0, 0, JsonTokenType.None);
        try
        {
            var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new SqlException(SqlState.DataCorrupted, "a line of a JSON file is no JSON object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isWanted = reader.ValueTextEquals(name);
                reader.Read();
                var first = (int)reader.TokenStartIndex;
                var type = reader.TokenType;
                reader.Skip();
                if (isWanted) (start, length, kind) = (first, (int)reader.BytesConsumed - first, type);
            }

            switch (kind)
            {
                case JsonTokenType.None or JsonTokenType.Null: row.SetNull(); return;
                case JsonTokenType.String: SetText(ref row, line.Slice(start, length)); return;
                default: row.Set(line.Slice(start, length)); return;
            }
        }
        catch (JsonException error)
        {
            throw new SqlException(SqlState.DataCorrupted, "a line of a JSON file is no JSON", error) { Detail = error.Message };
        }
        catch (InvalidOperationException error)
        {
            throw new SqlException(SqlState.UntranslatableCharacter, "a string of a JSON file holds half of a surrogate pair", error);
        }
    }

    private static void SetText(ref FunctionRow row, ReadOnlySpan<byte> quoted)
    {
        if (!quoted.Contains((byte)'\\'))
        {
            row.Set(quoted[1..^1]);
            return;
        }

        var reader = new Utf8JsonReader(quoted);
        reader.Read();
        var buffer = quoted.Length <= 1024 ? stackalloc byte[quoted.Length] : new byte[quoted.Length];
        var text = buffer[..reader.CopyString(buffer)];
        if (text.Contains((byte)0)) throw new SqlException(SqlState.UntranslatableCharacter, "unsupported Unicode escape sequence")
            { Detail = "\\u0000 cannot be converted to text." };
        row.Set(text);
    }
}
