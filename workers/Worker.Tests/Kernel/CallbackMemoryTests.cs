using Federation.Arrow;
using Federation.Core;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Tests.Kernel;

/// <summary>
/// Values that callbacks give have no part in the kernel's memory limit: an error of the kernel there could not be caught and would end the
/// process. Each statement here gives far more at once than the limit.
/// </summary>
public sealed class CallbackMemoryTests : KernelFixture
{
    private const int Length = 100_000;

    private static readonly SqlType s_record = SqlType.Record(new RecordField("n", SqlType.Int4), new RecordField("t", SqlType.Text));

    private static readonly byte[] s_value = [.. Enumerable.Repeat((byte)'x', Length)];

    protected override KernelOptions Options => base.Options with
    {
        MemoryLimitBytes = 32 << 20,
        ScalarFunctions =
        [
            new ScalarFunction("big_text", [SqlType.Int8], SqlType.Text, static (ref FunctionRow row) => row.Set(s_value)),
            new ScalarFunction("big_bytes", [SqlType.Int8], SqlType.Bytea, static (ref FunctionRow row) => row.Set(s_value)),
            new ScalarFunction("big_list", [SqlType.Int8], SqlType.Array(SqlType.Text),
                static (ref FunctionRow row) => row.Set((string?[])[new string('x', Length), null, "y"])),
        ],
        AggregateFunctions = [new AggregateFunction("big_state", [SqlType.Int8], SqlType.Text, static () => new BigState())],
    };

    [Theory]
    [InlineData("big_text(i)")]
    [InlineData("big_bytes(i)")]
    [InlineData("big_list(i)[1]")]
    [InlineData("big_text(length(big_text(i)))")]
    [InlineData("CASE WHEN i % 2 = 0 THEN big_text(i) ELSE big_text(i + 1) END")]
    public void Results_of_functions(string call) =>
        Assert.Equal($"2000|{Length}",
            Assert.Single(Rows($"SELECT count(*), max(octet_length(CAST({call} AS BLOB))) FROM range(2000) t(i)")));

    [Theory]
    [InlineData("SELECT count(*), max(length(t)) FROM (SELECT big_state(i) AS t FROM range(2000) t(i) GROUP BY i)")]
    [InlineData("SELECT count(*), max(length(t)) FROM (SELECT big_state(i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS "
        + "t FROM range(2000) t(i))")]
    [InlineData("SELECT count(*), max(length(t)) "
        + "FROM (SELECT big_state(i) OVER (PARTITION BY i % 7 ORDER BY i) AS t FROM range(2000) t(i))")]
    public void Results_of_aggregates(string sql) => Assert.Equal($"2000|{Length}", Assert.Single(Rows(sql)));

    [Fact]
    public async Task Pages()
    {
        RecordField[] columns = [new("t", SqlType.Text), new("b", SqlType.Bytea), new("l", SqlType.Array(SqlType.Text)),
            new("r", s_record)];
        using var input = new PageInput([.. columns]);
        var handle = Kernel.Pages.Add(input);
        var value = s_value.AsMemory(0, 50_000);
        using (var builder =
            new BatchBuilder(new BatchSchema(columns.Select(column => new Field(column.Name, column.Type)).ToEquatableArray())))
        {
            for (var i = 0; i < 1000; i++)
            {
                builder.Columns[0].AppendBytes(value.Span);
                builder.Columns[1].AppendBytes(value.Span);
                builder.Columns[2].Children[0].AppendBytes(value.Span);
                builder.Columns[2].EndList();
                builder.Columns[3].Children[0].Append(i);
                builder.Columns[3].Children[1].AppendBytes(value.Span);
                builder.Columns[3].EndStruct();
                builder.EndRow();
            }

            Assert.True(await input.WriteAsync(builder.Build()));
        }

        input.Complete();
        Assert.Equal("1000|50000|50000|50000|50000",
            Assert.Single(
                Rows($"SELECT count(*), max(length(t)), max(octet_length(b)), max(length(l[1])), max(length(r.t)) FROM pages({handle})")));
        Kernel.Pages.Remove(handle);
    }

    private sealed class BigState : IAggregateState
    {
        public void Add(ref FunctionRow row)
        {
        }

        public void Merge(IAggregateState other)
        {
        }

        public void Finish(ref FunctionRow row) => row.Set(s_value);
    }
}
