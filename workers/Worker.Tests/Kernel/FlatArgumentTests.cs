using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Tests.Kernel;

/// <summary>
/// Registered functions read their arguments as flat vectors, whatever form the kernel holds them in: constants, dictionaries, and lists
/// whose items are slices of other lists.
/// </summary>
public sealed class FlatArgumentTests : KernelFixture
{
    private static readonly SqlType s_texts = SqlType.Array(SqlType.Text);

    protected override KernelOptions Options => base.Options with
    {
        ScalarFunctions =
        [
            new ScalarFunction("joined", [s_texts], SqlType.Text,
                static (ref FunctionRow row) => row.Set(string.Join('+', row.GetTexts(0).Select(text => text ?? "NULL")))),
            new ScalarFunction("same", [SqlType.Text], SqlType.Text, static (ref FunctionRow row) => row.Set(row.GetBytes(0))),
        ],
    };

    // {l} is a list of longer and shorter texts with a NULL among them.
    [Theory]
    [InlineData("l")]
    [InlineData("list_filter(l, lambda x: x <> 'b')")]
    [InlineData("list_transform(l, lambda x: x || 'z')")]
    [InlineData("list_transform(l, lambda x: 'the same for every item')")]
    [InlineData("list_transform(l, lambda x: NULL::VARCHAR)")]
    [InlineData("list_slice(l, 2, 3)")]
    [InlineData("list_slice(l, -1, 1, -1)")]
    [InlineData("list_reverse(l)")]
    [InlineData("list_sort(l)")]
    [InlineData("list_reverse_sort(l, 'NULLS FIRST')")]
    [InlineData("list_select(l, [1, 3, 2])")]
    [InlineData("list_where(l, [true, false, true, true])")]
    [InlineData("list_concat(l, l)")]
    [InlineData("list_distinct(l)")]
    [InlineData("list_append(l, i::VARCHAR)")]
    [InlineData("list_resize(l, 6, 'a longer text than inline')")]
    [InlineData("['constant text that is long', NULL, 'b']")]
    [InlineData("[i::VARCHAR, 'constant text that is long', NULL]")]
    [InlineData("CASE WHEN i % 2 = 0 THEN l ELSE ['c'] END")]
    [InlineData("CASE WHEN i % 3 = 0 THEN list_slice(l, 1, 1) ELSE list_filter(l, lambda x: x IS NOT NULL) END")]
    [InlineData("(SELECT list(x) FROM unnest(l) u(x))")]
    [InlineData("struct_pack(a := l).a")]
    [InlineData("list_transform(list_zip(l, l), lambda p: p[1])")]
    [InlineData("map_values(map(['k', 'q'], [l, l]))[1]")]
    [InlineData("flatten([l, l])")]
    [InlineData("string_split(i::VARCHAR || ',a longer text than inline', ',')")]
    public void Lists_arrive_as_they_are(string list)
    {
        foreach (var source in (string[])
        [
            "t",
            "(SELECT t.* FROM t JOIN range(5000) r(j) ON r.j = t.i WHERE j % 3 = 0) t",
            "(SELECT * FROM t ORDER BY i DESC LIMIT 3000) t",
            "(SELECT * FROM t WHERE i % 7 = 0) t",
            "(SELECT any_value(l) AS l, i FROM t GROUP BY i) t",
        ])
        {
            var given = $"array_to_string(list_transform({list}, lambda w: coalesce(w, 'NULL')), '+')";
            var prelude = "WITH t AS MATERIALIZED (SELECT i, ['item number ' || i, NULL, 'b', i::VARCHAR] AS l FROM range(5000) r(i)) ";
            Assert.Equal("0", Value($"{prelude}SELECT count(*) FROM {source} WHERE joined({list}) IS DISTINCT FROM {given}"));
        }
    }

    [Theory]
    [InlineData("'constant text that is long'")]
    [InlineData("NULL::VARCHAR")]
    [InlineData("k")]
    [InlineData("CASE WHEN i % 2 = 0 THEN k END")]
    [InlineData("(['first of the items', 'second of the items'])[i % 2 + 1]")]
    [InlineData("struct_pack(a := k).a")]
    [InlineData("(SELECT max(k) FROM t u WHERE u.i < t.i % 3)")]
    [InlineData("first_value(k) OVER (PARTITION BY k ORDER BY i)")]
    [InlineData("max(k) OVER ()")]
    public void Texts_arrive_as_they_are(string text)
    {
        var prelude = "WITH t AS MATERIALIZED (SELECT i, 'key of some length ' || i % 3 AS k FROM range(5000) r(i)) ";
        Assert.Equal("0", Value($"{prelude}SELECT count(*) FROM (SELECT {text} AS given FROM t) WHERE same(given) IS DISTINCT FROM given"));
    }
}
