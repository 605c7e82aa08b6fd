using System.Buffers.Binary;
using System.Text;

namespace Federation.PgWire.Tests.Fakes;

/// <summary>What clients send from the first byte to the last, in all forms that the protocol has; seeds for mutation.</summary>
internal static class WireConversations
{
    /// <summary>The first conversations log in with a password.</summary>
    public const int PasswordSeeds = 2;

    private static readonly byte[] s_ssl = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];
    private static readonly byte[] s_gss = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x30];
    private static readonly byte[] s_start = Start(0x30000, "user", "tester", "database", "tests", "application_name", "é", "options",
        "-c a=b --c=d\\ e");

    private static readonly (string Type, byte[] Value)[] s_parameters =
    [
        ("bool", [1]), ("int2", [0, 7]), ("int4", [0, 0, 0, 7]), ("int8", [0, 0, 0, 0, 0, 0, 0, 7]), ("float4", [0x3f, 0x80, 0, 0]),
        ("float8", [0x3f, 0xf0, 0, 0, 0, 0, 0, 0]),
        ("numeric", [0, 2, 0, 0, 0, 0, 0, 2, 0, 12, 0x0d, 0x48]), ("text", "é text"u8.ToArray()), ("bytea", [0, 1, 2]),
        ("date", [0, 0, 0x10, 0]), ("time", [0, 0, 0, 1, 0, 0, 0, 0]),
        ("timetz", [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x0e, 0x10]), ("timestamptz", [0, 1, 0, 0, 0, 0, 0, 0]),
        ("interval", [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]),
        ("uuid", [.. Enumerable.Range(0, 16).Select(i => (byte)i)]), ("jsonb", [1, .. "{\"a\":[1]}"u8]),
        ("inet", [2, 24, 0, 4, 10, 0, 0, 1]), ("bit", [0, 0, 0, 5, 0xa8]),
        ("int4[]", [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff]),
        ("text[]", [0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 97, 0, 0, 0, 0]),
    ];

    private static readonly (string Type, string Text)[] s_texts =
    [
        ("numeric", "-1.50e3"), ("date", "2024-02-29"), ("timestamptz", "2024-02-29 12:00:01.5+02"), ("interval", "1 year 2 days 03:04:05"),
        ("int4[]", "{{1,NULL},{2,3}}"), ("text[]", "{\"a\\\"b\",c}"),
        ("bytea", "\\xdeadbeef"), ("jsonb", "{\"a\": [1, null, \"\\u00e9\"]}"), ("uuid", "11111111-2222-3333-4444-555555555555"),
        ("inet", "10.0.0.1/8"), ("time", "12:00:01.5"), ("float8", "1e300"), ("bool", "yes"),
    ];

    public static List<byte[]> All()
    {
        byte[] first = [.. "SCRAM-SHA-256\0"u8, .. Int32(32), .. "n,,n=tester,r=abcdefghijklmnopqrstuvwx"u8[..32]];
        var conversations = new List<byte[]>
        {
            Join(s_start, Message('p', first),
                Message('p', "c=biws,r=abcdefghijklmnopqrstuvwx,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="u8), Query("rows 1")),
            Join(s_ssl, s_start, Message('p', "secret\0"u8), Query("rows 1")),
            Join(s_ssl, s_gss, s_start, Query("rows 3"), Message('X', [])),
            Join(s_gss, Start(0x30002, "user", "tester", "_pq_.new", "1"), Query("rows 12; fail; rows 2"), Query(""), Query("set a b"),
                Query("notice"), Message('X', [])),
            Join([0, 0, 0, 16, 4, 0xd2, 0x16, 0x2e, 0, 0, 3, 0xe8, 1, 2, 3, 4]),
            Join(s_start, Query("copy text 5"), Query("copy csv 5"), Query("copy binary 5"), Message('d', "1\t2\n"u8), Message('c', []),
                Message('f', "no\0"u8), Query("rows 1")),
            Join(s_start, Message('F', [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Query("begin"), Query("fail"), Query("rows 1"), Query("rollback"),
                Message('S', [])),
            Join(s_start, Parse("s", "rows 20"), Describe('S', "s"), Bind("p", "s", [], [], [0, 1]), Describe('P', "p"), Execute("p", 7),
                Message('H', []), Execute("p", 0), Close('P', "p"), Close('S', "s"), Message('S', [])),
            Join(s_start, Parse("", "copy binary 3"), Bind("", "", [], [], []), Describe('P', ""), Execute("", 0), Message('S', []),
                Parse("", "fail"), Bind("", "", [], [], []), Execute("", 0), Query("rows 1"), Message('S', [])),
            Join(s_start, Parse("", "begin"), Bind("", "", [], [], []), Execute("", 0), Parse("q", "rows 5", 23, 25),
                Bind("c", "q", [], [], [1]), Execute("c", 2), Message('S', []), Execute("c", 2), Message('S', []), Query("commit")),
        };
        foreach (var group in s_parameters.Chunk(4))
            conversations.Add(Join([s_start, .. group.SelectMany(item => Echo(item.Type, item.Value, 1)), Message('S', [])]));
        foreach (var group in s_texts.Chunk(4))
            conversations.Add(
                Join([s_start, .. group.SelectMany(item => Echo(item.Type, Encoding.UTF8.GetBytes(item.Text), 0)), Message('S', [])]));
        return conversations;
    }

    /// <summary>Changes the types of some messages, whose lengths stay as they are.</summary>
    public static void Shuffle(Random random, byte[] bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
            if (bytes[i] is >= (byte)'B' and <= (byte)'S' && random.Next(20) == 0)
                bytes[i] = (byte)"QPBDECHSFdcfpX"[random.Next(14)];
    }

    private static IEnumerable<byte[]> Echo(string type, byte[] value, short format) =>
        [Parse("", "echo " + type), Bind("", "", [format], [value], [0]), Execute("", 0), Bind("", "", [format], [value], [1]),
            Describe('P', ""), Execute("", 1), Message('S', [])];

    private static byte[] Start(int version, params string[] words) =>
        Message(null, Join([Int32(version), .. words.Select(Text), [0]]));

    private static byte[] Query(string sql) => Message('Q', Text(sql));

    private static byte[] Parse(string name, string sql, params int[] types) =>
        Message('P', Join([Text(name), Text(sql), Int16(types.Length), .. types.Select(Int32)]));

    private static byte[] Bind(string portal, string statement, short[] formats, byte[]?[] values, short[] results) => Message('B', Join([
        Text(portal), Text(statement), Int16(formats.Length), .. formats.Select(format => Int16(format)), Int16(values.Length),
        .. values.Select(value => value is null ? Int32(-1) : Join(Int32(value.Length), value)), Int16(results.Length),
        .. results.Select(format => Int16(format))]));

    private static byte[] Describe(char kind, string name) => Message('D', [(byte)kind, .. Text(name)]);

    private static byte[] Close(char kind, string name) => Message('C', [(byte)kind, .. Text(name)]);

    private static byte[] Execute(string portal, int rows) => Message('E', [.. Text(portal), .. Int32(rows)]);

    private static byte[] Message(char? type, ReadOnlySpan<byte> body) =>
        type is { } code ? [(byte)code, .. Int32(body.Length + 4), .. body] : [.. Int32(body.Length + 4), .. body];

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + "\0");

    private static byte[] Int16(int value)
    {
        var bytes = new byte[sizeof(short)];
        BinaryPrimitives.WriteInt16BigEndian(bytes, (short)value);
        return bytes;
    }

    private static byte[] Int32(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Join(params IEnumerable<byte[]> parts) => [.. parts.SelectMany(part => part)];
}
