using System.Numerics;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>inet and cidr, held in their text form (network.c).</summary>
internal static class NetworkFunctions
{
    private static readonly SqlType s_text = SqlType.Text;
    private static readonly SqlType s_int = SqlType.Int4;

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_inet_key", [s_text], SqlType.Bytea, static (ref FunctionRow row) =>
        {
            var value = Get(ref row, 0);
            row.Set([value.IsV6 ? (byte)6 : (byte)4, .. Masked(value), value.PrefixBits, .. value.Address]);
        }),
        new("pg_inet_sub", [s_text, s_text, SqlType.Bool], SqlType.Bool, static (ref FunctionRow row) =>
            row.Set(IsWithin(Get(ref row, 0), Get(ref row, 1), row.GetBoolean(2)))),
        new("pg_inet_overlap", [s_text, s_text], SqlType.Bool, static (ref FunctionRow row) =>
            row.Set(IsWithin(Get(ref row, 0), Get(ref row, 1), allowsEqual: true)
                || IsWithin(Get(ref row, 1), Get(ref row, 0), allowsEqual: true))),
        new("pg_inet_host", [s_text], s_text, static (ref FunctionRow row) => row.Set(Text(Host(Get(ref row, 0))))),
        new("pg_inet_text", [s_text], s_text, static (ref FunctionRow row) => row.Set(NetworkText.Format(Get(ref row, 0), isCidr: true))),
        new("pg_inet_masklen", [s_text], s_int, static (ref FunctionRow row) => row.Set((int)Get(ref row, 0).PrefixBits)),
        new("pg_inet_family", [s_text], s_int, static (ref FunctionRow row) => row.Set(Get(ref row, 0).IsV6 ? 6 : 4)),
        new("pg_inet_network", [s_text], s_text, static (ref FunctionRow row) =>
        {
            var value = Get(ref row, 0);
            row.Set(NetworkText.Format(value with { Address = Masked(value).ToEquatableArray() }, isCidr: true));
        }),
        new("pg_inet_broadcast", [s_text], s_text, static (ref FunctionRow row) =>
        {
            var value = Get(ref row, 0);
            row.Set(Text(value with { Address = Combine(value, Mask(value), static (address, mask) => (byte)(address | ~mask)) }));
        }),
        new("pg_inet_netmask", [s_text], s_text, static (ref FunctionRow row) =>
        {
            var value = Get(ref row, 0);
            row.Set(Text(Host(value) with { Address = Mask(value).ToEquatableArray() }));
        }),
        new("pg_inet_hostmask", [s_text], s_text, static (ref FunctionRow row) =>
        {
            var value = Get(ref row, 0);
            row.Set(Text(Host(value) with { Address = Mask(value).Select(mask => (byte)~mask).ToEquatableArray() }));
        }),
        new("pg_inet_set_masklen", [s_text, s_int, SqlType.Bool], s_text, static (ref FunctionRow row) =>
        {
            var value = Get(ref row, 0);
            var (bits, isCidr) = (row.GetInt32(1), row.GetBoolean(2));
            if (bits == -1) bits = value.MaxBits;
            if (bits < 0 || bits > value.MaxBits) throw new SqlException(SqlState.InvalidParameterValue, $"invalid mask length: {bits}");
            value = value with { PrefixBits = (byte)bits };
            row.Set(NetworkText.Format(isCidr ? value with { Address = Masked(value).ToEquatableArray() } : value, isCidr));
        }),
        new("pg_inet_add", [s_text, SqlType.Int8], s_text,
            static (ref FunctionRow row) => row.Set(Text(Add(Get(ref row, 0), row.Get<long>(1))))),
        new("pg_inet_diff", [s_text, s_text], SqlType.Int8, static (ref FunctionRow row) =>
        {
            var (left, right) = (Get(ref row, 0), Get(ref row, 1));
            if (left.IsV6 != right.IsV6)
                throw new SqlException(SqlState.InvalidParameterValue, "cannot subtract inet values of different sizes");
            var difference = Number(left) - Number(right);
            if (difference < long.MinValue || difference > long.MaxValue) throw OutOfRange();
            row.Set((long)difference);
        }),
        new("pg_cidr_abbrev", [s_text], s_text, static (ref FunctionRow row) =>
        {
            var value = Get(ref row, 0);
            if (value.IsV6)
            {
                row.Set(NetworkText.Format(value, isCidr: true));
                return;
            }

            var shown = Math.Max(1, (value.PrefixBits + 7) / 8);
            row.Set($"{string.Join('.', value.Address.Take(shown))}/{value.PrefixBits}");
        }),
    ];

    private static PgNetwork Get(ref FunctionRow row, int argument) => NetworkText.Parse(row.GetText(argument), isCidr: false);

    private static string Text(PgNetwork value) => NetworkText.Format(value, isCidr: false);

    private static PgNetwork Host(PgNetwork value) => value with { PrefixBits = (byte)value.MaxBits };

    private static byte[] Mask(PgNetwork value) =>
        Enumerable.Range(0, value.Address.Count).Select(i => (byte)(0xff00 >> Math.Clamp(value.PrefixBits - (8 * i), 0, 8))).ToArray();

    private static byte[] Masked(PgNetwork value) => [.. Combine(value, Mask(value), static (address, mask) => (byte)(address & mask))];

    private static EquatableArray<byte> Combine(PgNetwork value, byte[] mask, Func<byte, byte, byte> combine) =>
        value.Address.Select((address, i) => combine(address, mask[i])).ToEquatableArray();

    private static bool IsWithin(PgNetwork inner, PgNetwork outer, bool allowsEqual)
    {
        if (inner.IsV6 != outer.IsV6 || inner.PrefixBits < outer.PrefixBits || (inner.PrefixBits == outer.PrefixBits && !allowsEqual))
            return false;
        return Masked(inner with { PrefixBits = outer.PrefixBits }).AsSpan().SequenceEqual(Masked(outer));
    }

    private static BigInteger Number(PgNetwork value) => new(value.Address.AsSpan(), isUnsigned: true, isBigEndian: true);

    private static PgNetwork Add(PgNetwork value, long added)
    {
        var sum = Number(value) + added;
        if (sum < 0 || sum >= BigInteger.One << value.MaxBits) throw OutOfRange();
        var bytes = sum.ToByteArray(isUnsigned: true, isBigEndian: true);
        return value with { Address = new byte[value.Address.Count - bytes.Length].Concat(bytes).ToEquatableArray() };
    }

    private static SqlException OutOfRange() => new(SqlState.NumericValueOutOfRange, "result is out of range");
}
