namespace Federation.Session.Settings;

/// <summary>The two halves of DateStyle: an output form and a field order, given in any order and case.</summary>
internal static class DateStyles
{
    /// <summary>The value in the form "ISO, MDY"; what is not said keeps the default of its half.</summary>
    public static string Normalize(string value, string present = "ISO, MDY")
    {
        var (format, order) = Parse(present);
        foreach (var item in value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            switch (item.ToUpperInvariant())
            {
                case "ISO": format = DateFormat.Iso; break;
                case "SQL": format = DateFormat.Sql; break;
                case "GERMAN":
                    format = DateFormat.German;
                    order = DateOrder.Dmy;
                    break;
                case "DEFAULT": break;
                case var name when name.StartsWith("POSTGRES", StringComparison.Ordinal): format = DateFormat.Postgres; break;
                case "YMD": order = DateOrder.Ymd; break;
                case "DMY" or "EURO" or "EUROPEAN": order = DateOrder.Dmy; break;
                case "MDY" or "US" or "NONEURO" or "NONEUROPEAN": order = DateOrder.Mdy; break;
                default:
                    throw new SqlException(SqlState.InvalidParameterValue, $"invalid value for parameter \"DateStyle\": \"{value}\"")
                    {
                        Detail = $"Unrecognized key word: \"{item}\".",
                    };
            }
        }

        var formatName = format switch { DateFormat.Iso => "ISO", DateFormat.Sql => "SQL", DateFormat.German => "German", _ => "Postgres" };
        return $"{formatName}, {order.ToString().ToUpperInvariant()}";
    }

    public static (DateFormat Format, DateOrder Order) Parse(string normalized)
    {
        var halves = normalized.Split(", ");
        var format = halves[0] switch
        {
            "ISO" => DateFormat.Iso,
            "SQL" => DateFormat.Sql,
            "German" => DateFormat.German,
            _ => DateFormat.Postgres,
        };
        return (format, halves[1] switch { "YMD" => DateOrder.Ymd, "DMY" => DateOrder.Dmy, _ => DateOrder.Mdy });
    }
}
