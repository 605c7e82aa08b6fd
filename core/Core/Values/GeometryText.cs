using System.Globalization;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Core.Values;

/// <summary>A geometric value as its numbers in wire order; <paramref name="IsClosed"/> matters for paths only.</summary>
public sealed record PgGeometry(EquatableArray<double> Numbers, bool IsClosed = false);

/// <summary>Text of point, lseg, box, line, path, polygon and circle. Brackets may be left out on input as PostgreSQL allows.</summary>
public static class GeometryText
{
    public static bool Knows(PgType type) => type.Category == 'G';

    public static PgGeometry Parse(string text, PgType type)
    {
        var trimmed = text.Trim();
        var numbers = ReadNumbers(trimmed) ?? throw ValueErrors.InvalidSyntax(type.Name, text);
        var isWellFormed = type.Name switch
        {
            "point" => numbers.Length == 2,
            "line" => numbers.Length == 4 || (numbers.Length == 3 && trimmed[0] == '{'),
            "lseg" or "box" => numbers.Length == 4,
            "circle" => numbers.Length == 3,
            _ => numbers.Length >= 2 && numbers.Length % 2 == 0,
        };
        if (!isWellFormed) throw ValueErrors.InvalidSyntax(type.Name, text);
        switch (type.Name)
        {
            case "line": return new PgGeometry(Line(numbers));
            case "box":
                return new PgGeometry([
                    Math.Max(numbers[0], numbers[2]), Math.Max(numbers[1], numbers[3]), Math.Min(numbers[0], numbers[2]),
                    Math.Min(numbers[1], numbers[3])]);
            case "circle" when numbers[2] < 0: throw ValueErrors.InvalidSyntax(type.Name, text);
            default: return new PgGeometry(new EquatableArray<double>(numbers), IsClosed: trimmed[0] != '[');
        }
    }

    public static string Format(PgGeometry value, PgType type, int extraFloatDigits)
    {
        var n = value.Numbers.Select(number => Number(number, extraFloatDigits)).ToArray();
        switch (type.Name)
        {
            case "point": return $"({n[0]},{n[1]})";
            case "line": return $"{{{n[0]},{n[1]},{n[2]}}}";
            case "lseg": return $"[({n[0]},{n[1]}),({n[2]},{n[3]})]";
            case "box": return $"({n[0]},{n[1]}),({n[2]},{n[3]})";
            case "circle": return $"<({n[0]},{n[1]}),{n[2]}>";
            default:
                var points = string.Join(',', n.Chunk(2).Select(point => $"({point[0]},{point[1]})"));
                return type.Name == "path" && !value.IsClosed ? $"[{points}]" : $"({points})";
        }
    }

    /// <summary>Ax + By + C = 0 as given, or through two points.</summary>
    private static EquatableArray<double> Line(double[] n)
    {
        if (n.Length == 3)
        {
            return n[0] == 0 && n[1] == 0
                ? throw new SqlException(SqlState.InvalidTextRepresentation, "invalid line specification: A and B cannot both be zero")
                : new EquatableArray<double>(n);
        }

        if (n[0] == n[2] && n[1] == n[3])
            throw new SqlException(SqlState.InvalidTextRepresentation, "invalid line specification: must be two distinct points");
        if (n[0] == n[2]) return [-1, 0, n[0]];
        if (n[1] == n[3]) return [0, -1, n[1]];
        var slope = (n[3] - n[1]) / (n[2] - n[0]);
        var constant = n[1] - (slope * n[0]);
        // -0 would show its sign.
        return [slope, -1, constant == 0 ? 0 : constant];
    }

    private static double[]? ReadNumbers(string text)
    {
        var depth = 0;
        foreach (var c in text)
        {
            if (c is '(' or '[' or '{' or '<') depth++;
            else if (c is ')' or ']' or '}' or '>') depth--;
            if (depth is < 0 or > 2) return null;
        }

        if (depth != 0 || text.Length == 0) return null;
        var words = text.Split(',');
        var numbers = new double[words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i].Trim(' ', '(', ')', '[', ']', '{', '}', '<', '>');
            if (!double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i])) return null;
        }

        return numbers;
    }

    private static string Number(double value, int extraFloatDigits)
    {
        Span<byte> text = stackalloc byte[FloatText.MaxLength];
        return System.Text.Encoding.ASCII.GetString(text[..FloatText.Write(text, value, extraFloatDigits)]);
    }
}
