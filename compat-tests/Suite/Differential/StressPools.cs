using System.Globalization;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>Values of one type that an argument is drawn from, as the texts of literals.</summary>
internal sealed record StressPool(string Name, string Type, string[] Values)
{
    public string Literal(string? value) =>
        value is null ? $"NULL::{Type}" : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'::{Type}";
}

/// <summary>
/// The pools: one for each type, of its edges and of some ordinary values, and narrower ones for arguments for which most values of the
/// type say nothing, such as the unit of date_trunc. What the kernel cannot hold, and what is refused with an error for that reason, is not
/// among them: timestamps after the year 294246 and dates that become them, empty bit strings, names whose case is not ASCII.
/// </summary>
internal static class StressPools
{
    private const string LongText =
        "The quick brown fox jumps over the lazy dog, and again: the quick brown fox jumps over the lazy dog. 0123456789 äöü ÄÖÜ ß €uro "
            + "漢字 🎉 end";

    private static readonly StressPool[] s_all =
    [
        new("bool", "bool", ["true", "false"]),
        new("int2", "int2", ["0", "1", "-1", "2", "7", "-13", "100", "32767", "-32768", "9"]),
        new("int4", "int4",
            ["0", "1", "-1", "2", "3", "5", "-7", "10", "12", "31", "32", "100", "65536", "2147483647", "-2147483648", "1000000"]),
        new("int8", "int8", ["0", "1", "-1", "2", "3", "-7", "10", "63", "64", "1000", "4294967296", "9223372036854775807",
            "-9223372036854775808", "123456789012"]),
        new("oid", "oid", ["0", "1", "23", "25", "4294967295", "16384"]),
        new("float4", "float4", ["0", "-0", "1", "-1", "0.5", "-2.5", "3.1415927", "1e10", "1e-10", "3.4e38", "-3.4e38", "1e-40", "NaN",
            "Infinity", "-Infinity", "100"]),
        new("float8", "float8", ["0", "-0", "1", "-1", "0.5", "-0.5", "2.5", "1.5", "-3.7", "3.141592653589793", "100", "1e15", "1e-7",
            "1e300", "-1e300", "1e-320", "NaN", "Infinity", "-Infinity", "45", "123456.789"]),
        new("numeric", "numeric", ["0", "1", "-1", "1.5", "1.50", "-2.25", "0.001", "1000000.000001", "12345678901234567890.123456789",
            "-99999999999999999999999999999999999999999", "1e-20", "NaN", "Infinity", "-Infinity", "7", "100", "3"]),
        new("text", "text", ["", "a", "A", "abc", "ABC def", " a b ", "12", "-3.5", "ä", "Ärger ß", "漢字", "🎉x", "a%b_c", "a\\b", "it's",
            "{\"a\": 1}", "x,y,,z", "2024-02-29", LongText, "aaa", "foo.bar"]),
        new("varchar", "varchar", ["", "x", "xyz ", "Äb", "12"]),
        new("bpchar", "bpchar", ["", "x", "xyz  ", "Äb", "12 "]),
        new("name", "name", ["", "abc", "Xb", "pg_class", "x y"]),
        new("char", "\"char\"", ["a", "b", "z"]),
        new("bytea", "bytea", ["", "\\x00", "\\x616263", "\\xff00ff", "\\x0123456789abcdef", "\\xc3a4", "\\x20206120"]),
        new("date", "date", ["2000-01-01", "1999-12-31", "2024-02-29", "2023-02-28", "1900-01-01", "0001-01-01", "0044-03-15 BC",
            "4714-11-24 BC", "9999-12-31", "infinity", "-infinity", "2024-12-30", "1970-01-01"]),
        new("time", "time", ["00:00:00", "23:59:59.999999", "24:00:00", "12:34:56.789", "01:02:03"]),
        new("timetz", "timetz", ["00:00:00+00", "23:59:59.999999+14", "24:00:00-12", "12:34:56.789+05:30", "01:02:03-08"]),
        new("timestamp", "timestamp",
            ["2000-01-01 00:00:00", "1999-12-31 23:59:59.999999", "2024-02-29 12:34:56.789", "2023-03-31 01:02:03", "0001-01-01 00:00:00",
                "0044-03-15 10:00:00 BC", "9999-12-31 23:59:59.999999", "infinity", "-infinity", "1970-01-01 00:00:00.000001",
                "2024-12-30 06:00:00"]),
        new("timestamptz", "timestamptz",
            ["2000-01-01 00:00:00+00", "1999-12-31 23:59:59.999999+00", "2024-02-29 12:34:56.789+02", "2024-03-31 01:02:03+00",
                "0001-01-01 00:00:00+00", "0044-03-15 10:00:00+00 BC", "9999-12-31 23:59:59.999999+00", "infinity", "-infinity",
                "1970-01-01 00:00:00.000001+00"]),
        new("interval", "interval", ["0", "1 day", "-1 day", "1 month", "30 days", "24 hours", "1 year 2 months 3 days 04:05:06.789",
            "-1 year -2 months +3 days -04:05:06.789", "00:00:00.000001", "100 years", "35 days 25:00:00", "1 mon -1 day", "-00:00:01.5"]),
        new("uuid", "uuid",
            ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
        new("json", "json", ["null", "1", "\"x\"", "[]", "{}", "[1, 2.50, \"a\", null, true]", "{\"a\":1,\"b\":{\"c\":[1,2]},\"a\":null}",
            "[[1],{\"x\":\"ä\"}]"]),
        new("jsonb", "jsonb", ["null", "1", "1.50", "true", "\"x\"", "[]", "{}", "[1, 2.50, \"a\", null, true]",
            "{\"a\":1,\"b\":{\"c\":[1,2]},\"ccc\":null}", "[[1],{\"x\":\"ä\"}]", "{\"a\":\"a\",\"\":0}"]),
        new("inet", "inet",
            ["192.168.1.5/24", "10.0.0.1", "0.0.0.0/0", "255.255.255.255", "::1", "2001:db8::ff00:42:8329/64", "192.168.1.0/24"]),
        new("cidr", "cidr", ["192.168.1.0/24", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "192.168.1.5/32"]),
        new("macaddr", "macaddr", ["08:00:2b:01:02:03", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"]),
        new("money", "money", ["0", "1.23", "-99.99", "1000000"]),
        new("bit", "bit(8)", ["00000000", "11111111", "10101010", "00000001"]),
        new("varbit", "varbit", ["1", "0", "10101", "1111000011110000"]),
        new("point", "point", ["(0,0)", "(1.5,-2)"]),
        new("int4range", "int4range", ["empty", "[1,5)", "(,3]", "[2,)", "[5,8)"]),
        new("numrange", "numrange", ["empty", "[1.5,2.5]", "(,0)", "[2,)"]),
        new("daterange", "daterange", ["empty", "[2024-01-01,2024-02-01)", "(,2024-01-15]"]),
        new("int4[]", "int4[]", ["{}", "{1}", "{1,2,3}", "{NULL}", "{3,NULL,1,3}", "{2147483647,-2147483648}", "{2,1}"]),
        new("int8[]", "int8[]", ["{}", "{1}", "{1,NULL,3}", "{9223372036854775807}"]),
        new("text[]", "text[]", ["{}", "{a}", "{a,b,NULL}", "{\"\",ä,\"x y\",\"q\\\"q\",null,\"NULL\"}", "{b,a}", "{a,c}"]),
        new("numeric[]", "numeric[]", ["{}", "{1.5}", "{1.50,NULL,NaN}", "{2,1.5}"]),
        new("float8[]", "float8[]", ["{}", "{1.5}", "{0,2,NaN,NULL}", "{Infinity,1}"]),
        new("timestamp[]", "timestamp[]", ["{}", "{2024-02-29}", "{\"2024-02-29 01:02:03\",NULL}"]),
        new("jsonb[]", "jsonb[]", ["{}", "{1,null}"]),

        // Narrower ones.
        new("small", "int4", ["-2", "-1", "0", "1", "2", "3", "4", "5", "10"]),
        new("size", "int4", ["-1", "0", "1", "3", "5", "20", "200"]),
        new("nearby8", "int8", ["-2", "-1", "0", "1", "2", "5", "10"]),
        new("nearby_numeric", "numeric", ["-2", "0", "1", "1.5", "2.00", "5"]),
        new("nearby_time", "timestamp", ["2024-02-28", "2024-02-29 12:00", "2024-03-01", "2024-03-31 23:00"]),
        new("nearby_instant", "timestamptz", ["2024-02-28+00", "2024-02-29 12:00+00", "2024-03-01+00", "2024-03-31 23:00+00"]),
        new("step", "interval", ["1 day", "-1 day", "6 hours", "1 month", "0", "1 day -24 hours"]),
        new("stride", "interval", ["15 minutes", "1 day", "1 second", "7 days 01:00", "1 month", "0", "-1 hour"]),
        new("character", "int4", ["0", "1", "65", "228", "27721", "127881", "55296", "-1", "1114112"]),
        new("exponent", "numeric", ["0", "1", "-1", "2", "0.5", "-2.25", "3", "10", "NaN", "Infinity"]),
        new("modest", "numeric",
            ["0", "1", "-1", "1.5", "1.50", "0.001", "2.718281828", "7", "100", "12345.6789", "NaN", "Infinity", "-Infinity"]),
        new("pattern", "text", ["a", "^a", "b*", "(a)(b)?", "[[:alpha:]]+", "\\d+", "", "ä", ".", "(", "🎉+", "[^a]🎉?", "^.{2}$", "Ä",
            "o.*o", "a|b", "\\mfox\\M"]),
        new("like", "text", ["a", "a%", "%b_c", "", "%", "_", "a\\%b%", "%ä%", "ABC%", "%\\"]),
        new("flags", "text", ["", "i", "n", "x", "g", "s", "q", "z"]),
        new("unit", "text", ["year", "month", "day", "hour", "minute", "second", "week", "quarter", "decade", "century", "millennium",
            "milliseconds", "microseconds", "bogus", "MONTH"]),
        new("zone", "text",
            ["UTC", "Europe/Berlin", "America/New_York", "EST", "Asia/Kolkata", "utc", "+03", "-5:30", "MSK", "cet", "nowhere"]),
        new("time_format", "text", ["YYYY-MM-DD HH24:MI:SS.US", "FMDay, FMDD FMMonth YYYY", "Dy DD Mon YY HH12:MI AM", "IYYY-IW-ID",
            "Q J WW CC", "", "\"quoted\" YYYY BC", "DDth FMMMth", "MS US SSSS", "TZ OF"]),
        new("number_format", "text", ["999", "FM999.00", "S9999.99", "9,999.9", "0000", "9.99EEEE", "L999", "999PR", "MI99", "",
            "FM990.099", "99th", "RN", "FMrn", "99V9", "9V99S"]),
        new("span_format", "text", ["HH24:MI:SS", "YYYY MM DD", "FMDD FMHH24", "MS US", "", "\"quoted\" SSSS"]),
        new("date_text", "text", ["2024-02-29", "1999-12-31", "2024-2-3", "0044-03-15", "2023-02-29", "2024-13-01"]),
        new("date_format", "text", ["YYYY-MM-DD", "YYYY-MM-DD HH24:MI", "YYYY/MM/DD"]),
        new("number_text", "text", ["123", "-12.5", "7.25", "0", "99", "1,234", "12-", "<5>", "", " 1 2", "x1", "1.2.3"]),
        new("read_format", "text", ["999.99", "S999.99", "9999.9", "9,999", "99PR", "99MI", "9", "\"x\"99", "99V9"]),
        new("encoding", "text", ["hex", "base64", "escape", "bogus"]),
        new("character_set", "name", ["UTF8", "LATIN1", "SQL_ASCII", "WIN1252", "bogus"]),
        new("key", "text", ["a", "b", "ccc", "", "x", "0"]),
        new("path", "text[]", ["{}", "{a}", "{b,c}", "{b,c,0}", "{0}", "{-1}", "{1,x}", "{a,NULL}", "{ccc,d}"]),
        new("year", "int4", ["2024", "2023", "1", "-44", "0", "5874898"]),
        new("month", "int4", ["1", "2", "12", "0", "13"]),
        new("day", "int4", ["1", "28", "29", "31", "0", "32"]),
        new("hour", "int4", ["0", "12", "23", "24", "-1"]),
        new("minute", "int4", ["0", "30", "59", "60"]),
        new("seconds", "float8", ["0", "1.5", "59.999999", "60", "-1", "12.3456789", "NaN"]),
        new("epoch", "float8", ["0", "1", "-1.5", "1709210096.789", "Infinity", "-Infinity", "NaN", "1e15", "0.0000005"]),
        new("form", "text", ["NFC", "NFD", "bogus"]),
        new("printf", "text", ["%s", "%I and %L", "%2$s %1$s", "%10s|%-10s|", "%%", "no", "%", "%z"]),
        new("escape", "text", ["#", "\\", ""]),
        new("divisor", "int4", ["1", "2", "3", "-2", "0"]),
        new("lengths", "int4[]", ["{2}", "{0}", "{2,3}", "{1,1}", "{-1}", "{3}"]),
        new("fraction", "float8", ["0", "0.25", "0.5", "0.9", "1", "-0.1"]),
        new("bound8", "float8", ["0", "1", "10", "-5", "100.5", "Infinity"]),
        new("size_text", "text", ["1", "12 kB", "1.5 GB", "-3 MB", "x", "1 bogus", ""]),
        new("identifier", "text", ["a", "a.b", "\"A b\".c", "", "1a", "a.", "A.B"]),

        // What aggregates add up: sums of them are exact in every order.
        new("addends2", "int2", ["0", "1", "-1", "7", "100", "-13"]),
        new("addends4", "float4", ["0", "1", "-1", "0.5", "2.25", "100"]),
        new("addends8", "float8", ["0", "1", "-1", "0.5", "2.25", "100", "-64", "1024"]),
    ];

    private static readonly Dictionary<string, StressPool> s_byName = s_all.ToDictionary(pool => pool.Name);

    public static StressPool Of(string name) => s_byName[name];

    public static StressPool? Find(string name) => s_byName.GetValueOrDefault(name);

    /// <summary>A value of the pool's edges or, now and then, one that is made up; now and then NULL.</summary>
    public static string? Draw(StressPool pool, Random random)
    {
        if (random.Next(14) == 0) return null;
        if (random.Next(3) > 0) return pool.Values[random.Next(pool.Values.Length)];
        return pool.Name switch
        {
            "int4" or "int8" or "numeric" => random.Next(-1000, 1000).ToString(CultureInfo.InvariantCulture),
            "int2" => random.Next(-100, 100).ToString(CultureInfo.InvariantCulture),
            "float8" => (random.NextDouble() * Math.Pow(10, random.Next(-3, 6)) * (random.Next(2) == 0 ? 1 : -1)).ToString("R",
                CultureInfo.InvariantCulture),
            "float4" => ((float)(random.NextDouble() * 1000)).ToString("R", CultureInfo.InvariantCulture),
            "text" => new string([.. Enumerable.Range(0, random.Next(12)).Select(_ => "abcXYZ äß漢1 ,."[random.Next(14)])]),
            "date" => new DateOnly(1, 1, 1).AddDays(random.Next(3_000_000)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            "timestamp" => new DateTime(1, 1, 1).AddSeconds(random.Next() * 100.0).AddTicks(random.Next(1_000_000) * 10L)
                .ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture),
            "interval" =>
                $"{random.Next(-40, 40)} months {random.Next(-40, 40)} days {random.Next(-100000, 100000)}.{random.Next(1000):D3} seconds",
            _ => pool.Values[random.Next(pool.Values.Length)],
        };
    }
}
