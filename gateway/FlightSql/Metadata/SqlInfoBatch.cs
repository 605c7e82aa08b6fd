using System.Runtime.CompilerServices;
using Federation.Arrow.Ipc;
using Federation.Core.Errors;
using Federation.Flight;
using Federation.FlightSql.Sessions;
using Federation.FlightSql.Statements;

namespace Federation.FlightSql.Metadata;

/// <summary>
/// The answer to GetSqlInfo: a uint32 and a dense union per fact, types that no SQL column has, so the batch is laid out here. A dense
/// union is an int8 buffer of type numbers, an int32 buffer of offsets into the child of that type, and the children.
/// </summary>
internal static class SqlInfoBatch
{
    private static readonly ArrowType s_text = new(ArrowKind.Utf8);

    /// <summary>Also lists the children of the union, in the order of their type numbers.</summary>
    public static IpcSchema Schema { get; } = IpcSchema.OfFields(
    [
        ForeignKeys.Plain("info_name", ArrowType.Int(32, isSigned: false)),
        ForeignKeys.Plain(
            "value",
            new ArrowType(ArrowKind.Union, Width: 6),
            ForeignKeys.Plain("string_value", s_text),
            ForeignKeys.Plain("bool_value", new ArrowType(ArrowKind.Bool)),
            ForeignKeys.Plain("bigint_value", ArrowType.Int(64)),
            ForeignKeys.Plain("int32_bitmask", ArrowType.Int(32)),
            ForeignKeys.Plain("string_list", new ArrowType(ArrowKind.List), ForeignKeys.Plain("item", s_text)),
            ForeignKeys.Plain(
                "int32_to_int32_list_map",
                new ArrowType(ArrowKind.Map),
                ForeignKeys.Plain("entries", new ArrowType(ArrowKind.Struct), ForeignKeys.Plain("key", ArrowType.Int(32)),
                    ForeignKeys.Plain("value", new ArrowType(ArrowKind.List), ForeignKeys.Plain("item", ArrowType.Int(32)))))),
    ]);

    /// <summary>The facts that were asked for; all when none is named. A fact that is not known raises 22023.</summary>
    public static async IAsyncEnumerable<FlightData> RunAsync(FlightSession session, IReadOnlyList<uint> names, [EnumeratorCancellation]
        CancellationToken cancellationToken)
    {
        var version = "";
        await foreach (var batch in session.QueryAsync("SELECT pg_catalog.current_setting('server_version')", [], cancellationToken))
            using (batch)
                version = System.Text.Encoding.UTF8.GetString(batch.Columns[0].GetBytes(0));
        var facts = SqlFacts.All(version);
        var unknown = names.FirstOrDefault(name => !facts.ContainsKey(name), uint.MaxValue);
        if (unknown != uint.MaxValue) throw new SqlException(SqlState.InvalidParameterValue, $"SQL info {unknown} is not known");
        yield return new FlightData(Schema);
        yield return Encode([.. facts.Where(fact => names.Count == 0 || names.Contains(fact.Key))]);
    }

    private static FlightData Encode(KeyValuePair<uint, object>[] facts)
    {
        var body = new RawBody();
        body.Add(facts.Length, hasValidity: true, [.. facts.Select(fact => fact.Key)]);
        var texts = new List<string>();
        var flags = new List<bool>();
        var longs = new List<long>();
        var numbers = new List<int>();
        var lists = new List<string[]>();
        var types = new sbyte[facts.Length];
        var offsets = new int[facts.Length];
        for (var i = 0; i < facts.Length; i++)
        {
            (types[i], offsets[i]) = facts[i].Value switch
            {
                string text => Place(0, texts, text),
                bool flag => Place(1, flags, flag),
                long number => Place(2, longs, number),
                int number => Place(3, numbers, number),
                string[] list => Place(4, lists, list),
                var other => throw new System.Diagnostics.UnreachableException(other.GetType().Name),
            };
        }

        body.Add(facts.Length, hasValidity: false, types, offsets);
        body.AddTexts(texts);
        var bits = new byte[(flags.Count + 7) / 8];
        for (var i = 0; i < flags.Count; i++)
            if (flags[i])
                bits[i >> 3] |= (byte)(1 << (i & 7));
        body.Add(flags.Count, hasValidity: true, bits);
        body.Add(longs.Count, hasValidity: true, longs.ToArray());
        body.Add(numbers.Count, hasValidity: true, numbers.ToArray());
        var ends = new int[lists.Count + 1];
        for (var i = 0; i < lists.Count; i++) ends[i + 1] = ends[i] + lists[i].Length;
        body.Add(lists.Count, hasValidity: true, ends);
        body.AddTexts([.. lists.SelectMany(list => list)]);
        // The map has no rows: its entries, keys, lists of values, and their items.
        int[] none = [0];
        body.Add(0, hasValidity: true, none);
        body.Add<int>(0, hasValidity: true);
        body.Add(0, hasValidity: true, Array.Empty<int>());
        body.Add(0, hasValidity: true, none);
        body.Add(0, hasValidity: true, Array.Empty<int>());
        return new FlightData(body.ToMessage(facts.Length));
    }

    private static (sbyte Type, int Offset) Place<T>(sbyte type, List<T> values, T value)
    {
        values.Add(value);
        return (type, values.Count - 1);
    }
}
