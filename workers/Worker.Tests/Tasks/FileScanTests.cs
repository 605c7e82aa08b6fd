using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;

namespace Federation.Worker.Tests.Tasks;

public sealed class FileScanTests : TaskFixture
{
    private static readonly RecordField s_id = new("id", SqlType.Int8);
    private static readonly RecordField s_text = new("text", SqlType.Text);

    [Fact]
    public async Task Groups_are_united_and_cast()
    {
        var parquet = WriteParquet("a.parquet", "SELECT 1::INTEGER AS \"ID\", 'one' AS text");
        var csv = Path.Combine(Data, "b.csv");
        await File.WriteAllTextAsync(csv, "id,text\n2,two\n");
        var json = Path.Combine(Data, "c.json");
        await File.WriteAllTextAsync(json, "{\"id\": 3, \"text\": \"three\"}\n");
        Assert.Equal(["1|one", "2|two", "3|three", "4|null"], await ScanAsync(
            Group(FileFormat.Parquet, [FileAt(parquet)]),
            Group(FileFormat.Csv, [FileAt(csv)]) with { ReaderOptions = ["header = true", "all_varchar = true"] },
            new FileGroup(FileFormat.JsonLines, [FileAt(json)], ["d.json->'id'", "d.json->>'text'"]),
            new FileGroup(FileFormat.Parquet, [FileAt(parquet)], ["4", "NULL"]),
            Group(FileFormat.Parquet, [])));
    }

    [Fact]
    public async Task No_file_is_no_row() => Assert.Empty(await ScanAsync());

    [Fact]
    public async Task Folder_names_are_no_columns()
    {
        var file = WriteParquet("id=7/a.parquet", "SELECT 1::BIGINT AS id, 'x' AS text");
        Assert.Equal(["1|x"], await ScanAsync(Group(FileFormat.Parquet, [FileAt(file)])));
    }

    [Fact]
    public async Task Names_with_pattern_characters_are_names()
    {
        var file = WriteParquet("plain.parquet", "SELECT 1::BIGINT AS id, 'x' AS text");
        var odd = Path.Combine(Data, "it's [a] *.parquet");
        File.Copy(file, odd);
        File.Copy(file, Path.Combine(Data, "it's a more.parquet"));
        Assert.Equal(["1|x"], await ScanAsync(Group(FileFormat.Parquet, [FileAt(odd)])));
    }

    [Fact]
    public async Task Filters_are_applied()
    {
        var file = WriteParquet("a.parquet", "SELECT i AS id, 'x' AS text FROM range(10) t(i)");
        Assert.Equal(["8|x", "9|x"], await ScanAsync(Group(FileFormat.Parquet, [FileAt(file)]) with { Filter = "d.id > 7" }));
    }

    [Fact]
    public async Task Position_deletes_name_files_as_they_were_recorded()
    {
        var first = WriteParquet("t/1.parquet", "SELECT i AS id, 'a' AS text FROM range(5) t(i)");
        var second = WriteParquet("t/2.parquet", "SELECT i + 10 AS id, 'b' AS text FROM range(5) t(i)");
        var deletes = WriteParquet(
            "t/deletes.parquet",
            $"SELECT * FROM (VALUES ('s3://old/1.parquet', 0::BIGINT), ('s3://old/1.parquet', 3), ('{second}', 4), "
                + "('s3://old/other.parquet', 1)) v(file_path, pos)");
        Assert.Equal(["1|a", "2|a", "4|a", "10|b", "11|b", "12|b", "13|b"], await ScanAsync(
            Group(FileFormat.Parquet,
                [FileAt(first, "s3://old/1.parquet"), FileAt(second)]) with { PositionDeletes = [new PositionDeletes([deletes])] }));
    }

    [Fact]
    public async Task A_position_delete_without_a_position_is_damage()
    {
        var file = WriteParquet("t/1.parquet", "SELECT i AS id, 'a' AS text FROM range(5) t(i)");
        var deletes =
            WriteParquet("t/deletes.parquet", $"SELECT * FROM (VALUES ('{file}', 0::BIGINT), ('{file}', NULL)) v(file_path, pos)");
        var error = await Assert.ThrowsAsync<SqlException>(() =>
            ScanAsync(Group(FileFormat.Parquet, [FileAt(file)]) with { PositionDeletes = [new PositionDeletes([deletes])] }));
        Assert.Equal(SqlState.DataCorrupted, error.State);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Equality_deletes_take_null_for_a_value()
    {
        var file = WriteParquet("t/1.parquet",
            "SELECT * FROM (VALUES (1::BIGINT, 'a'), (2, NULL), (3, 'c'), (NULL, 'd'), (5, 'a')) v(id, text)");
        var byText = WriteParquet("t/d1.parquet", "SELECT * FROM (VALUES ('a'), (NULL)) v(text)");
        var byId = WriteParquet("t/d2.parquet", "SELECT NULL::INTEGER AS id");
        Assert.Equal(["3|c"], await ScanAsync(Group(FileFormat.Parquet, [FileAt(file)]) with
        {
            EqualityDeletes =
            [
                new EqualityDeletes([byText], [new EqualityColumn("d.text", "x.text", SqlType.Text)]),
                new EqualityDeletes([byId], [new EqualityColumn("d.id", "x.id", SqlType.Int8)]),
            ],
        }));
    }

    [Fact]
    public async Task Both_kinds_of_deletes_work_together()
    {
        var file = WriteParquet("t/1.parquet", "SELECT i AS id, i::VARCHAR AS text FROM range(6) t(i)");
        var positions = WriteParquet("t/p.parquet", $"SELECT '{file}' AS file_path, 0::BIGINT AS pos");
        var keys = WriteParquet("t/e.parquet", "SELECT 5::BIGINT AS id, '5' AS text");
        Assert.Equal(["2|2", "3|3", "4|4"], await ScanAsync(Group(FileFormat.Parquet, [FileAt(file)]) with
        {
            Filter = "d.id <> 1",
            PositionDeletes = [new PositionDeletes([positions])],
            EqualityDeletes =
            [
                new EqualityDeletes([keys],
                    [new EqualityColumn("d.id", "x.id", SqlType.Int8), new EqualityColumn("d.text", "x.text", SqlType.Text)]),
            ],
        }));
    }

    [Fact]
    public async Task A_new_folder_makes_a_new_instance()
    {
        var first = WriteParquet("one/a.parquet", "SELECT 1::BIGINT AS id, 'x' AS text");
        var second = WriteParquet("two/b.parquet", "SELECT 2::BIGINT AS id, 'y' AS text");
        await ScanAsync(Group(FileFormat.Parquet, [FileAt(first)]));
        await ScanAsync(Group(FileFormat.Parquet, [FileAt(first)]));
        Assert.Equal(1, Runner.Kernels.OpenedCount);
        await ScanAsync(Group(FileFormat.Parquet, [FileAt(second)]));
        await ScanAsync(Group(FileFormat.Parquet, [FileAt(first), FileAt(second)]));
        Assert.Equal(2, Runner.Kernels.OpenedCount);
    }

    [Fact]
    public async Task Folders_behind_links_are_readable()
    {
        var file = WriteParquet("real/a.parquet", "SELECT 1::BIGINT AS id, 'x' AS text");
        System.IO.Directory.CreateSymbolicLink(Path.Combine(Data, "link"), Path.GetDirectoryName(file)!);
        Assert.Equal(["1|x"], await ScanAsync(Group(FileFormat.Parquet, [FileAt(Path.Combine(Data, "link", "a.parquet"))])));
    }

    [Fact]
    public async Task Missing_files_are_named()
    {
        var path = Path.Combine(Data, "absent.parquet");
        var error = await Assert.ThrowsAsync<SqlException>(() => ScanAsync(Group(FileFormat.Parquet, [FileAt(path)])));
        Assert.Equal(SqlState.IoError, error.State);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    private static FileGroup Group(FileFormat format, EquatableArray<ScanFile> files) => new(format, files, ["d.id", "d.text"]);

    private Task<List<string>> ScanAsync(params FileGroup[] groups) => RunAsync(Task(
        "SELECT id, text FROM s ORDER BY id", [new FileScan("s", [s_id, s_text], new EquatableArray<FileGroup>(groups))], s_id, s_text));
}
