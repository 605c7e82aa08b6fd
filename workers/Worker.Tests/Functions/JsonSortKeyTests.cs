using System.Text;
using Federation.Worker.Functions.Json;

namespace Federation.Worker.Tests.Functions;

/// <summary>Keys of jsonb order and equal exactly as the values do.</summary>
public sealed class JsonSortKeyTests
{
    private static readonly string[] s_values =
    [
        "[]", "null", "true", "false", "\"\"", "\"a\"", "\"ab\"", "\"b\"", "\"é\"", "0", "0.00", "-0", "1", "1.0", "-1", "-1.5", "-1.50", "9", "10", "1e2", "100", "1e-3", "[null]", "[1]", "[1.0]",
        "[\"a\"]", "[[]]", "[{}]", "[1, 2]", "[1, 10]", "[1, 2, 3]", "[[1]]", "[true, null]", "{}", "{\"a\": 1}", "{\"a\": 1.0}", "{\"a\": 2}", "{\"b\": 1}", "{\"ab\": 1}",
        "{\"a\": 1, \"b\": 2}", "{\"aa\": 1, \"b\": 2}", "{\"a\": [1, \"x\"]}", "{\"a\": {\"b\": null}}", "{\"a\": \"\"}", "[\"a\", \"b\"]", "[\"ab\", \"\"]",
    ];

    [Fact]
    public void Keys_compare_as_values_do()
    {
        foreach (var left in s_values)
            foreach (var right in s_values)
            {
                var (a, b) = (JsonTree.Parse(Encoding.UTF8.GetBytes(left)), JsonTree.Parse(Encoding.UTF8.GetBytes(right)));
                var byValue = Math.Sign(JsonOperations.Compare(a, b));
                var byKey = Math.Sign(JsonSortKey.Of(a).AsSpan().SequenceCompareTo(JsonSortKey.Of(b)));
                Assert.True(byValue == byKey, $"{left} and {right}: {byValue} by value, {byKey} by key");
            }
    }
}
