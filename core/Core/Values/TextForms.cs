using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Core.Values;

/// <summary>The normal text of types that are held as text: what PostgreSQL would print after reading the input.</summary>
public static class TextForms
{
    public static string Normalise(string text, SqlType type, ValueContext context)
    {
        if (type.Base is { IsEnum: true, Source: { } source })
        {
            return source.Labels.Contains(text)
                ? text
                : throw new SqlException(SqlState.InvalidTextRepresentation,
                    $"invalid input value for enum {type.Base.DisplayName}: \"{text}\"");
        }

        switch (type.Base.Name)
        {
            case "json": return JsonText.Check(text);
            case "jsonb": return JsonText.Normalise(text);
            case "inet": return NetworkText.Format(NetworkText.Parse(text, isCidr: false), isCidr: false);
            case "cidr": return NetworkText.Format(NetworkText.Parse(text, isCidr: true), isCidr: true);
            case "macaddr": return NetworkText.FormatMac(NetworkText.ParseMac(text, 6));
            case "macaddr8": return NetworkText.FormatMac(NetworkText.ParseMac(text, 8));
            case "pg_lsn": return SystemText.FormatLsn(SystemText.ParseLsn(text));
            case "tid":
                var (block, offset) = SystemText.ParseTid(text);
                return $"({block},{offset})";
            case "money": return SystemText.FormatMoney(SystemText.ParseMoney(text));
        }

        if (GeometryText.Knows(type.Base))
            return GeometryText.Format(GeometryText.Parse(text, type.Base), type.Base, context.Format.ExtraFloatDigits);
        return RangeText.Subtype(type.Base) is not null
            ? RangeText.Format(RangeText.Parse(text, type.Base, context), type.Base, context.Format)
            : text;
    }
}
