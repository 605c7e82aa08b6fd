using System.Buffers.Binary;
using System.Text;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Enums, and the keys of types that are held as text and ordered by what the text says.</summary>
internal static class OrderFunctions
{
    /// <summary>Stands between the labels of an enum.</summary>
    private const byte LabelEnd = 1;

    private static readonly SqlType s_text = SqlType.Text;
    private static readonly ValueContext s_context = new(TextFormat.Default, default);

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_enum_key", [s_text, s_text, s_text], SqlType.Int4, static (ref FunctionRow row) => row.Set(PlaceOf(ref row))),
        new("pg_enum_in", [s_text, s_text, s_text], s_text, static (ref FunctionRow row) =>
        {
            PlaceOf(ref row);
            row.Set(row.GetBytes(0));
        }),
        new("pg_range_key", [s_text, SqlType.Int4], SqlType.Bytea,
            static (ref FunctionRow row) => row.Set(RangeKey(row.GetText(0), PgTypes.Find(new Oid((uint)row.GetInt32(1)))!).AsSpan())),
        new("pg_system_key", [s_text, SqlType.Int4], SqlType.Int8,
            static (ref FunctionRow row) => row.Set(SystemKey(row.GetText(0), (uint)row.GetInt32(1)))),
    ];

    /// <summary>The place of a label, counted from 1. A label that is not among them is 22P02.</summary>
    private static int PlaceOf(ref FunctionRow row)
    {
        var label = row.GetBytes(0);
        var rest = row.GetBytes(2);
        for (var place = 1; ; place++)
        {
            var end = rest.IndexOf(LabelEnd);
            if (label.SequenceEqual(end < 0 ? rest : rest[..end])) return place;
            if (end < 0)
                throw new SqlException(SqlState.InvalidTextRepresentation,
                    $"invalid input value for enum {row.GetText(1)}: \"{row.GetText(0)}\"");
            rest = rest[(end + 1)..];
        }
    }

    /// <summary>Bytes in the order of range_cmp: the empty range first, then by the lower bound, then by the upper one.</summary>
    private static byte[] RangeKey(string text, PgType type)
    {
        var range = RangeText.Parse(text, type, s_context);
        if (range.IsEmpty) return [0];
        var key = new List<byte> { 1 };
        // An infinite lower bound is below all others; of equal ones the one that includes its value comes first.
        key.Add((byte)(range.Lower is null ? 0 : 1));
        if (range.Lower is { } lower)
        {
            AppendValue(key, lower);
            key.Add((byte)(range.LowerIsInclusive ? 0 : 1));
        }

        key.Add((byte)(range.Upper is null ? 1 : 0));
        if (range.Upper is { } upper)
        {
            AppendValue(key, upper);
            key.Add((byte)(range.UpperIsInclusive ? 1 : 0));
        }

        return [.. key];
    }

    private static void AppendValue(List<byte> key, object value)
    {
        if (value is PgNumeric number)
        {
            // Ended so that no key is the beginning of another.
            foreach (var part in number.ToSortKey())
            {
                key.Add(part);
                if (part == 0) key.Add(255);
            }

            key.AddRange([0, 0]);
            return;
        }

        var signed = value switch
        {
            int whole => whole,
            long whole => whole,
            PgDate date => date.Days,
            PgTimestamp timestamp => timestamp.Microseconds,
            _ => throw new System.Diagnostics.UnreachableException(value.GetType().Name),
        };
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)signed ^ (1UL << 63));
        key.AddRange(bytes);
    }

    private static long SystemKey(string text, uint type)
    {
        if (type == PgTypes.Money.Oid.Value) return SystemText.ParseMoney(text);
        // A position is an unsigned number of 64 bits.
        if (type == PgTypes.PgLsn.Oid.Value) return (long)(SystemText.ParseLsn(text) ^ (1UL << 63));
        var (block, offset) = SystemText.ParseTid(text);
        return ((long)block << 16) | offset;
    }
}
