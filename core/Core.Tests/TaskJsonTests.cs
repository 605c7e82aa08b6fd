using System.Text;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Tasks.Json;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Core.Tests;

public sealed class TaskJsonTests
{
    private static readonly TaskSpec s_task = new(
        new TaskId(Guid.Parse("11111111-2222-3333-4444-555555555555"), 2, 3, 1),
        "SELECT \"a\" FROM \"l\" WHERE x = 'é\"'",
        [
            new FileScan("l", [new RecordField("a", SqlType.NumericOf(15, 2))], [
                new FileGroup(FileFormat.Parquet, [new ScanFile("/lake/1.parquet", "s3://old/1.parquet", 10, 5)], ["d.\"a\""])
                {
                    ReaderOptions = ["file_row_number = true"],
                    Filter = "d.a > 1",
                    PositionDeletes = [new PositionDeletes(["/lake/d.parquet"])],
                    EqualityDeletes = [new EqualityDeletes(["/lake/e.parquet"], [new EqualityColumn("d.a", "x.a", SqlType.Int8)])],
                    DeletedRows = [new DeletedRows("/lake/1.parquet", [new RowRange(0, 2), new RowRange(4, 1)])],
                },
            ]) { EstimatedRows = 5 },
            new ConnectorSplit("c", [new RecordField("f", SqlType.Array(SqlType.Varchar))], "pg#1", "{\"sql\":\"SELECT 1\"}"),
            new InlineRows("v", Fields(), [Row(), Row().Select(_ => (object?)null).ToEquatableArray()]) { IsReadTwice = true },
            new ExchangeInput("x",
                [new RecordField("r",
                    SqlType.Record(new RecordField("p", SqlType.Int4), new RecordField("q", SqlType.Of(PgTypes.Int2vector))))],
                [new ExchangeSource(new TaskId(Guid.Empty, 1, 0, 0), "127.0.0.1:32011", 4)]),
        ],
        [new RecordField("a", SqlType.NumericOf(15, 2)), new RecordField("a", new SqlType(PgTypes.Varchar, 14))],
        new TaskOutput.Hash([0, 1], 8),
        new TaskSettings("Europe/Berlin", "join_order"));

    [Fact]
    public void A_task_comes_back_as_it_was()
    {
        var read = TaskJson.ReadTask(TaskJson.Write(s_task));
        Assert.Equal(s_task.Inputs[2] is InlineRows sent ? sent.Columns : default, ((InlineRows)read.Inputs[2]).Columns);

        // byte[] and object?[] compare by reference; their text does not.
        Assert.Equal(Encoding.UTF8.GetString(TaskJson.Write(s_task)), Encoding.UTF8.GetString(TaskJson.Write(read)));
        Assert.Equal(s_task with { Inputs = default }, read with { Inputs = default });
        Assert.Equal(s_task.Inputs[0], read.Inputs[0]);
        Assert.Equal(s_task.Inputs[1], read.Inputs[1]);
        Assert.Equal(s_task.Inputs[3], read.Inputs[3]);
    }

    [Fact]
    public void Values_keep_their_class()
    {
        var read = ((InlineRows)TaskJson.ReadTask(TaskJson.Write(s_task)).Inputs[2]).Rows[0];
        var sent = Row();
        for (var i = 0; i < sent.Count; i++)
        {
            Assert.Equal(sent[i]!.GetType(), read[i]!.GetType());
            Assert.Equal(sent[i], read[i]);
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("{\"Id\":")]
    [InlineData("{\"Sql\":\"SELECT 1\"}")]
    public void What_is_no_task_is_refused(string json)
    {
        var error = Assert.Throws<SqlException>(() => TaskJson.ReadTask(Encoding.UTF8.GetBytes(json)));
        Assert.Equal(SqlState.ProtocolViolation, error.State);
    }

    [Fact]
    public void Mutated_tasks_are_read_or_refused()
    {
        var random = new Random(7);
        var seed = TaskJson.Write(s_task);
        int read = 0, refused = 0;
        for (var round = 0; round < 100_000; round++)
        {
            var bytes = seed.ToArray();
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                var at = random.Next(bytes.Length);
                switch (random.Next(4))
                {
                    case 0: bytes[at] = (byte)random.Next(256); break;
                    case 1: bytes[at] = (byte)"{}[],:\"0-9tfn"[random.Next(13)]; break;
                    case 2: bytes = bytes[..at]; break;
                    default: bytes = [.. bytes[..at], .. bytes.AsSpan(random.Next(at + 1), Math.Min(8, bytes.Length - at)), .. bytes[at..]];
                    break;
                }

                if (bytes.Length == 0) break;
            }

            try
            {
                TaskJson.ReadTask(bytes);
                read++;
            }
            catch (SqlException error)
            {
                Assert.Equal(SqlState.ProtocolViolation, error.State);
                refused++;
            }
        }

        Assert.True(read > 1000 && refused > 1000, $"{read} read, {refused} refused");
    }

    private static EquatableArray<RecordField> Fields() =>
        Row().Select((_, i) => new RecordField($"c{i}", SqlType.Text)).ToEquatableArray();

    private static EquatableArray<object?> Row() =>
    [
        true, (short)-3, int.MaxValue, long.MinValue, 1.5f, double.NegativeInfinity, 0.1, PgNumeric.Parse("-12345678901234567890.0100"),
        PgNumeric.Parse("NaN"), "text 'é",
        Guid.Parse("11111111-2222-3333-4444-555555555555"), new PgDate(-5), new PgTime(1), new PgTimeTz(2, -3600), PgTimestamp.Infinity,
        new PgInterval(1, -2, 3),
    ];
}
