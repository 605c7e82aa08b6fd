using Federation.ObjectStorage;
using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Lakehouse.Iceberg;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;

namespace Federation.Connectors.Tests.Iceberg;

/// <summary>Projections of one file whose table has changed since it was written.</summary>
public sealed class EvolutionTests : ScanFixture
{
    [Fact]
    public async Task Structs_lists_and_maps_are_rebuilt_by_id()
    {
        await ExecuteAsync($$$"""
            COPY (SELECT {'a': 1, 'b': 'x', 'gone': true} AS s, [{'p': 1::INTEGER}, NULL, {'p': NULL}] AS l, MAP {'k': {'q': 2.5::FLOAT}} AS m, 7 AS "Id"
                  UNION ALL SELECT NULL, NULL, NULL, NULL)
            TO '{{{Folder}}}/f.parquet' (FORMAT parquet, FIELD_IDS {s: {__duckdb_field_id: 1, a: 10, b: 11, gone: 12},
               l: {__duckdb_field_id: 2, element: {__duckdb_field_id: 20, p: 21}},
               m: {__duckdb_field_id: 3, key: 30, value: {__duckdb_field_id: 31, q: 32}}, Id: 4})
            """);
        var text = new IcebergType.Primitive(IcebergKind.String);
        var number = new IcebergType.Primitive(IcebergKind.Long);
        IcebergField[] columns =
        [
            // Renamed, reordered, widened, added with a default, dropped.
            new(1, "t", new IcebergType.Struct(
                [new(11, "c", text, false), new(13, "new", text, false, "\"dflt\""), new(10, "a", number, false)]), false),
            new(2, "l", new IcebergType.List(
                new(20, "element", new IcebergType.Struct([new(22, "added", number, false), new(21, "renamed", number, false)]), false)),
                false),
            new(3, "m", new IcebergType.Map(
                new(30, "key", text, true),
                new(31, "value", new IcebergType.Struct(
                    [new(32, "wide", new IcebergType.Primitive(IcebergKind.Double), false), new(33, "z", number, false)]), false)), false),
            new(4, "id", number, false),
            new(99, "later", new IcebergType.Primitive(IcebergKind.Date), false, "\"2024-02-29\""),
        ];
        Assert.Equal(
            ["(x,dflt,1)|{(null,1),null,(null,null)}|{\"k\": {\"z\": null, \"wide\": 2.5}}|7|2024-02-29", "null|null|null|null|2024-02-29"],
            await ReadAsync("f.parquet", columns));
    }

    [Fact]
    public async Task Unchanged_structs_are_read_as_they_are()
    {
        await ExecuteAsync(
            $"COPY (SELECT {{'a': 1, 'b': 'x'}} AS s) TO '{Folder}/f.parquet' (FORMAT parquet, FIELD_IDS {{s: {{__duckdb_field_id: 1, a: "
                + $"10, b: 11}}}})");
        var projection = Project("f.parquet");
        var type = new IcebergType.Struct(
            [new(10, "a", new IcebergType.Primitive(IcebergKind.Long), false),
            new(11, "b", new IcebergType.Primitive(IcebergKind.String), false)]);
        Assert.Equal("d.\"s\"", projection.Column(new IcebergField(1, "s", type, false)));
    }

    [Fact]
    public async Task Local_times_and_instants_are_not_mixed_by_the_zone_of_the_session()
    {
        await ExecuteAsync($$"""
            COPY (SELECT TIMESTAMP '2024-06-01 12:00:00' AS a, TIMESTAMPTZ '2024-06-01 12:00:00+00' AS b, TIMESTAMP_NS '1969-12-31 23:59:59.999999999' AS c,
                  unhex('00112233445566778899aabbccddeeff') AS d, DATE '2024-01-01' AS e, encode('é') AS f)
            TO '{{Folder}}/f.parquet' (FORMAT parquet, FIELD_IDS {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6})
            """);
        Assert.Equal(["2024-06-01 12:00:00+00|2024-06-01 12:00:00|1969-12-31 23:59:59.999999|2024-01-01 00:00:00|é"], await ReadAsync(
            "f.parquet",
            [Field(1, IcebergKind.Timestamptz), Field(2, IcebergKind.Timestamp), Field(3, IcebergKind.TimestampNs),
                Field(5, IcebergKind.Timestamp), Field(6, IcebergKind.String)]));
    }

    [Fact]
    public async Task What_does_not_fit_is_refused()
    {
        await ExecuteAsync(
            $"COPY (SELECT 'x' AS a, 1.5::DECIMAL(9,2) AS b) TO '{Folder}/f.parquet' (FORMAT parquet, FIELD_IDS {{a: 1, b: 2}})");
        var projection = Project("f.parquet");
        IcebergField[] wrong = [Field(1, IcebergKind.Long), Field(1, IcebergKind.Timestamp),
            new(2, "b", new IcebergType.Primitive(IcebergKind.Decimal, 9, 3), false),
            new(2, "b", new IcebergType.List(Field(9, IcebergKind.Int)), false)];
        foreach (var field in wrong)
            Assert.Equal(SqlState.DataCorrupted, Assert.Throws<SqlException>(() => projection.Column(field)).State);
    }

    [Fact]
    public async Task Deleted_rows_of_vectors()
    {
        await ExecuteAsync($"COPY (SELECT i AS a FROM range(100) r(i)) TO '{Folder}/f.parquet' (FORMAT parquet, FIELD_IDS {{a: 1}})");
        var rows = await ReadAsync("f.parquet", [Field(1, IcebergKind.Long)], new RowRange(0, 97), new RowRange(98, 1));
        Assert.Equal(["97", "99"], rows);
    }

    private static IcebergField Field(int id, IcebergKind kind) => new(id, $"f{id}", new IcebergType.Primitive(kind), false);

    private FileProjection Project(string name)
    {
        var path = Path.Combine(Folder, name);
        return new FileProjection(path, ParquetFooterReader.Read(LocalStore.Instance, path), null, "d");
    }

    private Task<List<string>> ReadAsync(string name, IcebergField[] columns, params RowRange[] deleted)
    {
        var path = Path.Combine(Folder, name);
        var projection = Project(name);
        var group = new FileGroup(
            FileFormat.Parquet, [new ScanFile(path, path, 0, 0)], columns.Select(column => projection.Column(column)).ToEquatableArray())
        {
            DeletedRows = deleted.Length == 0 ? default : [new DeletedRows(path, deleted.ToEquatableArray())],
        };
        return RowsAsync(new ScanPlan(
            [new FileScan("t", columns.Select(column => new RecordField(column.Name, SqlTypes.Of(column.Type, column.Name)))
            .ToEquatableArray(), [group])]));
    }
}
