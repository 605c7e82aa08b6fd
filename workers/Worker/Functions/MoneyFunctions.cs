using System.Globalization;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Arithmetic and casts of money, which the kernel holds in its written form; cents fit into 64 bits (cash.c).</summary>
internal static class MoneyFunctions
{
    private const int CentsPerUnit = 100;

    private static readonly SqlType s_text = SqlType.Text;

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_cash_in", [s_text], s_text, static (ref FunctionRow row) => Set(ref row, Cents(ref row, 0))),
        new("pg_cash_add", [s_text, s_text], s_text, static (ref FunctionRow row) =>
            Set(ref row, (Int128)Cents(ref row, 0) + Cents(ref row, 1))),
        new("pg_cash_subtract", [s_text, s_text], s_text, static (ref FunctionRow row) =>
            Set(ref row, (Int128)Cents(ref row, 0) - Cents(ref row, 1))),
        new("pg_cash_multiply", [s_text, SqlType.Int8], s_text, static (ref FunctionRow row) =>
            Set(ref row, (Int128)Cents(ref row, 0) * row.Get<long>(1))),
        new("pg_cash_multiply", [s_text, SqlType.Float8], s_text, static (ref FunctionRow row) =>
            Set(ref row, Rounded(Cents(ref row, 0) * row.Get<double>(1)))),
        new("pg_cash_divide", [s_text, SqlType.Int8], s_text, static (ref FunctionRow row) =>
            Set(ref row, row.Get<long>(1) is not 0 and var divisor ? (Int128)Cents(ref row, 0) / divisor : throw DivisionByZero())),
        new("pg_cash_divide", [s_text, SqlType.Float8], s_text, static (ref FunctionRow row) =>
            Set(ref row, row.Get<double>(1) is not 0 and var divisor ? Rounded(Cents(ref row, 0) / divisor) : throw DivisionByZero())),
        new("pg_cash_ratio", [s_text, s_text], SqlType.Float8, static (ref FunctionRow row) =>
            row.Set(Cents(ref row, 1) is not 0 and var divisor ? Cents(ref row, 0) / (double)divisor : throw DivisionByZero())),
        new("pg_cash_cents", [s_text], SqlType.Int8, static (ref FunctionRow row) => row.Set(Cents(ref row, 0))),
        new("pg_cash_total", [s_text], s_text, static (ref FunctionRow row) =>
            Set(ref row, Int128.Parse(row.GetChars(0), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))),
        new("pg_cash_from_integer", [SqlType.Int8], s_text, static (ref FunctionRow row) =>
            Set(ref row, (Int128)row.Get<long>(0) * CentsPerUnit, "bigint")),
        new("pg_cash_from_numeric", [s_text], s_text, static (ref FunctionRow row) =>
            row.Set(SystemText.FormatMoney((PgNumeric.Parse(row.GetBytes(0)) * new PgNumeric(CentsPerUnit, 0)).ToInt64()))),
        new("pg_cash_to_numeric", [s_text], s_text, static (ref FunctionRow row) =>
            row.Set(new PgNumeric(Cents(ref row, 0), 2).ToString())),
        new("pg_cash_words", [s_text], s_text, static (ref FunctionRow row) => row.Set(MoneyWords.Write(Cents(ref row, 0)))),
    ];

    private static long Cents(ref FunctionRow row, int argument) => SystemText.ParseMoney(row.GetText(argument));

    private static void Set(ref FunctionRow row, Int128 cents, string type = "money") => row.Set(SystemText.FormatMoney(
        cents >= long.MinValue && cents <= long.MaxValue ? (long)cents : throw OutOfRange(type)));

    private static Int128 Rounded(double cents) => Math.Abs(cents) <= long.MaxValue
        ? (Int128)Math.Round(cents, MidpointRounding.ToEven)
        : throw OutOfRange("money");

    private static SqlException OutOfRange(string type) => new(SqlState.NumericValueOutOfRange, $"{type} out of range");

    private static SqlException DivisionByZero() => new(SqlState.DivisionByZero, "division by zero");
}

/// <summary>Amounts of money in English words.</summary>
internal static class MoneyWords
{
    private static readonly string[] s_small =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
            "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"];

    private static readonly string[] s_tens =
        ["", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

    private static readonly (ulong Unit, string Name)[] s_groups =
    [
        (1_000_000_000_000_000, "quadrillion"), (1_000_000_000_000, "trillion"), (1_000_000_000, "billion"), (1_000_000, "million"),
        (1000, "thousand"),
    ];

    public static string Write(long cents)
    {
        var magnitude = cents < 0 ? unchecked((ulong)-cents) : (ulong)cents;
        var (whole, rest) = (magnitude / 100, (int)(magnitude % 100));
        var words = new StringBuilder();
        foreach (var (unit, name) in s_groups)
            if (whole / unit % 1000 is not 0 and var count)
                words.Append(Words((int)count)).Append(' ').Append(name).Append(' ');
        if (whole % 1000 != 0) words.Append(Words((int)(whole % 1000)));
        if (words.Length == 0) words.Append("zero");
        words.Append(whole == 1 ? " dollar and " : " dollars and ").Append(Words(rest)).Append(rest == 1 ? " cent" : " cents");
        if (cents < 0) words.Insert(0, "minus ");
        words[0] = char.ToUpperInvariant(words[0]);
        return words.ToString();
    }

    /// <summary>A number below a thousand; "and" stands only before what is below twenty.</summary>
    private static string Words(int value)
    {
        if (value <= 20) return s_small[value];
        var (hundreds, below) = (value / 100, value % 100);
        var hundred = hundreds == 0 ? "" : $"{s_small[hundreds]} hundred";
        if (below == 0) return hundred;
        var last = below % 10 == 0 && below > 10 ? s_tens[below / 10]
            : below < 20 ? s_small[below]
            : $"{s_tens[below / 10]} {s_small[below % 10]}";
        var link = hundreds == 0 ? "" : below < 20 && !(below % 10 == 0 && below > 10) ? " and " : " ";
        return hundred + link + last;
    }
}
