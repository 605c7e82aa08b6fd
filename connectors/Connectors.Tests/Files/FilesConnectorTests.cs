using System.Globalization;
using System.IO.Compression;
using System.Text;
using Federation.Connectors.Files;
using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Tests.Files;

public sealed class FilesConnectorTests : ScanFixture
{
    [Fact]
    public async Task Csv_types_names_and_nulls()
    {
        Write("t.csv",
            "id,Name,price,ok,day,at,zip\n1,\"a, \"\"b\"\"\",1.5,true,2024-02-29,2024-01-01 "
                + "10:00:00.5,007\n-2,,2e3,false,1969-12-31,1969-12-31T23:59:59,\n,\"\",,,,,\"\"\n");
        Assert.Equal(
            "id bigint,Name text,price double precision,ok boolean,day date,at timestamp without time zone,zip text",
                await ColumnsAsync("public", "t"));
        Assert.Equal(
            ["-2|null|2000|f|1969-12-31|1969-12-31 23:59:59|null", "1|a, \"b\"|1.5|t|2024-02-29|2024-01-01 10:00:00.5|007",
                "null||null|null|null|null|"],
            await ReadAsync("public", "t"));
    }

    [Fact]
    public async Task Csv_delimiters_headers_and_options()
    {
        Write("semicolon.csv", "a;b\n1;x,y\n");
        Write("tab.tsv", "1\t2\n3\t4\n");
        Write("odd.csv", "k|v\n'it''s'|NA\n");
        Assert.Equal(["1|x,y"], await ReadAsync("public", "semicolon"));
        Assert.Equal("column1 bigint,column2 bigint", await ColumnsAsync("public", "tab"));
        Assert.Equal(["1|2", "3|4"], await ReadAsync("public", "tab"));
        Assert.Equal(["it's|null"],
            await ReadAsync("public", "odd", ("quote", "'"), ("null", "NA"), ("delimiter", "|"), ("header", "true")));
        Assert.Equal(["'it''s'|NA", "k|v"], await ReadAsync("public", "odd", ("header", "false")));
    }

    [Fact]
    public async Task Nothing_is_rounded_when_later_rows_differ_from_the_sample()
    {
        var text = new StringBuilder("a\n");
        for (var i = 0; i < 20; i++) text.Append("1\n");
        Write("late.csv", text.Append("2.7\n").ToString());
        var error = await Assert.ThrowsAsync<SqlException>(() => ReadAsync("public", "late", ("sample_rows", "10")));
        Assert.Equal(SqlState.InvalidTextRepresentation, error.State);
        Write("late.jsonl", string.Concat(Enumerable.Repeat("{\"a\": 1}\n", 20)) + "{\"a\": 2.7}\n");
        error = await Assert.ThrowsAsync<SqlException>(() => ReadAsync("public", "late.jsonl", ("sample_rows", "10")));
        Assert.Equal(SqlState.InvalidTextRepresentation, error.State);
    }

    [Fact]
    public async Task Json_lines()
    {
        Write("e.jsonl", "{\"id\": 1, \"s\": \"x\", \"o\": {\"long\": 1.50, \"k\": [1, null]}, \"d\": \"2024-01-01\", \"n\": 1.5}\n\n"
            + "{\"id\": null, \"s\": 5, \"o\": [], \"d\": null, \"b\": true, \"n\": 2}\n");
        Assert.Equal("id bigint,s text,o jsonb,d date,n double precision,b boolean", await ColumnsAsync("public", "e"));
        Assert.Equal(
            ["1|x|{\"k\": [1, null], \"long\": 1.50}|2024-01-01|1.5|null", "null|5|[]|null|2|t"], await ReadAsync("public", "e"));
    }

    /// <summary>What PostgreSQL makes part of the value and the kernel would drop, in the first lines and far behind them.</summary>
    [Theory]
    [InlineData("a,b\n1, \"x\"\n", "1| x")]
    [InlineData("a,b\n1,\"x\" \n", "1|x ")]
    [InlineData("a,b\n1,\"x\"y\n\n", "1|xy")]
    [InlineData("a,b\n1,\"x, \"y\"z\"\n", "1|x, yz")]
    [InlineData("\"a\",b \n \"x\",\n", " x|null")]
    [InlineData("a,b\r\n1,\"x\"\"\" \r\n", "1|x\" ")]
    [InlineData("a,b\n1,5\" disk\n2,\"\" \n", "1|5\" disk", "2| ")]
    public async Task Text_beside_a_quoted_field_is_part_of_it(string text, params string[] rows)
    {
        Write("beside.csv", text);
        Assert.Equal(rows, await ReadAsync("public", "beside", ("header", "true")));
        var (header, rest) = (text[..(text.IndexOf('\n') + 1)], text[(text.IndexOf('\n') + 1)..]);
        var many = Enumerable.Repeat($"zz,{new string('z', 1000)}{(text.Contains('\r', StringComparison.Ordinal) ? "\r" : "")}\n", 1000);
        Write("behind.csv", header + string.Concat(many) + rest);
        var read = await ReadAsync("public", "behind", ("header", "true"));
        Assert.Equal(rows, read.Where(row => !row.StartsWith("zz|", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("a,b\n1,x\r\n2,y\n", "1|x", "2|y")]
    [InlineData("a,b\r\n1,\"x\"\n\r\n2,\r\n3,\"\"", "1|x", "2|null", "3|")]
    public async Task Line_ends_may_differ(string text, params string[] rows)
    {
        Write("ends.csv", text);
        Assert.Equal(rows, await ReadAsync("public", "ends", ("header", "true")));
    }

    [Theory]
    [InlineData("a,b\n\"l\nl\",2\n\"x\"\t,2\n", "line 4 has text beside a quoted field")]
    [InlineData("a,b\n\"l\nl\",2\r\n", "some of its lines end in a line feed and others in a carriage return and a line feed")]
    public async Task Irregular_files_whose_fields_hold_line_ends_are_refused(string text, string message)
    {
        Write("irregular.csv", text);
        var error = await Assert.ThrowsAsync<SqlException>(() => ReadAsync("public", "irregular", ("header", "true")));
        Assert.Equal(SqlState.BadCopyFileFormat, error.State);
        Assert.EndsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_of_an_irregular_file_have_equal_numbers_of_fields()
    {
        Write("counts.csv", "a,b\n1,\"x\" \n" + string.Concat(Enumerable.Repeat("2,y\n", 30_000)) + "3\n");
        var error = await Assert.ThrowsAsync<SqlException>(() => ReadAsync("public", "counts", ("header", "true")));
        Assert.Equal(SqlState.BadCopyFileFormat, error.State);
    }

    [Theory]
    [InlineData("a,b\n1,\"x, \"\"y\"\" \"\n", "1|x, \"y\" ")]
    [InlineData("a,b\n1, x \n", "1| x ")]
    [InlineData("a,b\n1,5\" disk\n", "1|5\" disk")]
    [InlineData("a,b\n1,\"\"\n", "1|")]
    [InlineData("a,b\n1,\"x\ny\"\n", "1|x\ny")]
    public async Task Quoted_fields_and_text_alone_are_read(string text, string row)
    {
        Write("alone.csv", text);
        Assert.Equal([row], await ReadAsync("public", "alone", ("header", "true")));
    }

    [Fact]
    public async Task Parquet_columns_of_all_shapes()
    {
        await ExecuteAsync($$$"""
            COPY (SELECT 1::TINYINT AS a, 4000000000::UINTEGER AS b, TIMESTAMP_NS '1969-12-31 23:59:59.999999999' AS c, encode('é') AS d,
                  MAP {'kk': 1.5::DOUBLE, 'k': NULL} AS m, [{'x': MAP {1: DATE '2024-01-01'}}] AS l, 12.340::DECIMAL(9,3) AS n,
                  TIMESTAMPTZ '2024-01-01 00:00:00+00' AS t, uuid '00000000-0000-0000-0000-000000000001' AS u) TO '{{{Folder}}}/p.parquet' (FORMAT parquet)
            """);
        Assert.Equal(
            "a smallint,b bigint,c timestamp without time zone,d bytea,m jsonb,l record[],n numeric(9,3),t timestamp with time zone,u uuid",
            await ColumnsAsync("public", "p"));
        Assert.Equal(
            ["1|4000000000|1969-12-31 23:59:59.999999|\\xc3a9|{\"k\": null, \"kk\": 1.5}|{({\"1\": \"2024-01-01\"})}|12.340|"
            + "2024-01-01 00:00:00+00|"
                + "00000000-0000-0000-0000-000000000001"],
            await ReadAsync("public", "p"));
    }

    [Fact]
    public async Task Folders_are_tables_and_schemas_united_by_name()
    {
        Write("sales/2023.csv", "id,amount\n1,10\n");
        Write("sales/2024.csv", "amount,region,id\n2.5,eu,2\n");
        Write("mixed/a.csv", "x\n1\n");
        Write("mixed/b.jsonl", "{\"x\": 1}\n");
        Write("_hidden/a.csv", "x\n1\n");
        Write("readme.txt", "");
        var connector = Metadata();
        Assert.Equal(["public", "mixed", "sales"], await connector.ListSchemasAsync(default));
        Assert.Equal(["sales"], (await connector.ListTablesAsync("public", default)).Select(table => table.Name));
        Assert.Equal(["2023", "2024"], (await connector.ListTablesAsync("sales", default)).Select(table => table.Name));
        Assert.Equal("id bigint,amount numeric,region text", await ColumnsAsync("public", "sales"));
        Assert.Equal(["1|10|null", "2|2.5|eu"], await ReadAsync("public", "sales"));
        Assert.Equal(["1|10"], await ReadAsync("sales", "2023"));
        Assert.Equal(["1|10|null", "2|2.5|eu"], await ReadAsync("sales", "20*.csv"));
        Assert.Null(await connector.FindTableAsync("public", "mixed", null, default));
        Assert.Null(await connector.FindTableAsync("public", "readme", null, default));
        Assert.Null(await connector.FindTableAsync("nowhere", "x", null, default));
    }

    [Fact]
    public async Task Parquet_files_of_a_folder_are_united_by_name()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "p"));
        await ExecuteAsync($"COPY (SELECT 1::INTEGER AS a, 'x' AS b) TO '{Folder}/p/1.parquet' (FORMAT parquet)");
        await ExecuteAsync($"COPY (SELECT 5000000000::BIGINT AS a, 1.5 AS c) TO '{Folder}/p/2.parquet' (FORMAT parquet)");
        Assert.Equal("a bigint,b text,c numeric(2,1)", await ColumnsAsync("public", "p"));
        Assert.Equal(["1|x|null", "5000000000|null|1.5"], await ReadAsync("public", "p"));
        await ExecuteAsync($"COPY (SELECT 'text' AS a) TO '{Folder}/p/3.parquet' (FORMAT parquet)");
        Assert.Equal(SqlState.DatatypeMismatch, (await Assert.ThrowsAsync<SqlException>(() => ReadAsync("public", "p"))).State);
    }

    /// <summary>
    /// What row groups say of their columns is known of the table, united over its files; what one of them does not say is not.
    /// </summary>
    [Fact]
    public async Task Ranges_of_columns_come_from_the_footers()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "r"));
        const string Columns =
            "{0} AS i, DATE '2024-01-01' + {0} AS d, TIMESTAMP '2024-01-01 00:00:00' + INTERVAL ({0}) HOUR AS t, ({0} * "
                + "1.25)::DECIMAL(30,2) AS n, {0}::DOUBLE / 4 AS f, 'x' AS s, CASE WHEN {0} < 0 THEN 1 END AS u";
        var rows = string.Format(CultureInfo.InvariantCulture, Columns, "x::INTEGER");
        await ExecuteAsync(
            $"COPY (SELECT {rows} FROM range(-4, 3000) t(x)) TO '{Folder}/r/1.parquet' (FORMAT parquet, ROW_GROUP_SIZE 2048)");
        await ExecuteAsync($"COPY (SELECT {rows}, 7 AS late FROM range(5000, 5001) t(x)) TO '{Folder}/r/2.parquet' (FORMAT parquet)");
        var found = (await TableAsync("public", "r")).Columns.ToDictionary(column => column.Name, column => column.Statistics);
        const double Day = 86_400_000_000;
        Assert.Equal(new ColumnStatistics(-4, 5000), found["i"]);
        Assert.Equal(new ColumnStatistics((19723 - 4) * Day, (19723 + 5000) * Day), found["d"]);
        Assert.Equal(new ColumnStatistics((19723 * Day) - (4 * Day / 24), (19723 * Day) + (5000 * Day / 24)), found["t"]);
        Assert.Equal(new ColumnStatistics(-5, 6250), found["n"]);
        Assert.Equal(new ColumnStatistics(-1, 1250), found["f"]);
        Assert.Null(found["s"]);
        Assert.Equal(new ColumnStatistics(7, 7), found["late"]);
        Assert.Equal(5005, found["i"]!.CountValues(SqlType.Int4));
        Assert.Equal(5005, found["d"]!.CountValues(SqlType.Date));
    }

    /// <summary>Files of ids 1 to 10, 11 to 20 and so on; the last has NaN and no id.</summary>
    [Theory]
    [InlineData("id = 15", 1)]
    [InlineData("id IN 1 40", 2)]
    [InlineData("id > 31", 1)]
    [InlineData("id >= 30", 2)]
    [InlineData("id < 10", 1)]
    [InlineData("id <= 11", 2)]
    [InlineData("id = 99", 0)]
    [InlineData("15 < id", 3)]
    [InlineData("amount = 0.3", 2)]
    [InlineData("amount > 3.5", 1)]
    [InlineData("ratio > 1000", 5)]
    [InlineData("ratio = 1000", 1)]
    [InlineData("name = x", 5)]
    public async Task Files_are_chosen_by_their_footers(string filter, int files)
    {
        Directory.CreateDirectory(Path.Combine(Folder, "m"));
        for (var i = 0; i < 4; i++)
            await ExecuteAsync(
                "COPY (SELECT x::BIGINT AS id, (x * 0.1)::DECIMAL(9,2) AS amount, x::DOUBLE AS ratio, 'n' AS name FROM "
                    + $"range({(i * 10) + 1}, {(i * 10) + 11}) t(x)) TO '{Folder}/m/{i}.parquet' (FORMAT parquet)");
        await ExecuteAsync(
            $"COPY (SELECT 0.3::DECIMAL(9,2) AS amount, 'nan'::DOUBLE AS ratio, 'x' AS name) "
            + $"TO '{Folder}/m/late.parquet' (FORMAT parquet)");
        var connector = Metadata();
        var table = (await connector.FindTableAsync("public", "m", null, default))!;
        var types = table.Columns.ToDictionary(column => column.Name, column => column.Type);
        var pushed = ((IFilterPushdown)connector).PushFilter(table.Handle, [Parse(filter)]);
        Assert.Equal(filter.StartsWith("name", StringComparison.Ordinal) ? PushPrecision.Unsupported : PushPrecision.Inexact,
            pushed.Conjuncts[0].Precision);
        var plan = await ((IScanPlanner)connector).PlanScanAsync(pushed.Handle, ["id"], "t", default);
        var scan = Assert.IsType<FileScan>(Assert.Single(plan.Splits));

        // The file without ids says nothing of them and is always read for a filter of ids.
        Assert.Equal(filter.Contains("id", StringComparison.Ordinal) ? files + 1 : files, scan.Groups.Sum(group => group.Files.Count));
        Assert.Equal(filter.StartsWith("name", StringComparison.Ordinal) || files == 5
            ? "5 Parquet"
            : $"{scan.Groups.Sum(group => group.Files.Count)} of 5 Parquet", string.Join(' ', plan.Details[0].Split(' ')[..^3]));

        ConnectorExpression Parse(string text)
        {
            var words = text.Split(' ');
            if (words[1] == "IN") return new ConnectorExpression.In(Word(words[0]), words.Skip(2).Select(Word).ToEquatableArray());
            return new ConnectorExpression.Operator(words[1], [Word(words[0]), Word(words[2])], SqlType.Bool);
        }

        ConnectorExpression Word(string word) => types.TryGetValue(word, out var type) ? new ConnectorExpression.Column(word, type)
            : word == "x" ? new ConnectorExpression.Constant(word, SqlType.Text)
            : word.Contains('.', StringComparison.Ordinal) ? new ConnectorExpression.Constant(PgNumeric.Parse(word), SqlType.Numeric)
            : new ConnectorExpression.Constant(long.Parse(word, CultureInfo.InvariantCulture), SqlType.Int8);
    }

    [Fact]
    public async Task Compressed_files_and_counts()
    {
        using (var file = new GZipStream(File.Create(Path.Combine(Folder, "z.csv.gz")), CompressionMode.Compress))
            file.Write("a\n1\n2\n"u8);
        Assert.Equal(["1", "2"], await ReadAsync("public", "z"));
        Write("z.jsonl", "{\"a\": 1}\n{}\n");
        var table = await TableAsync("public", "z.jsonl");
        var plan = await ((IScanPlanner)Metadata()).PlanScanAsync(table.Handle, [], "t", default);
        Assert.Equal(2, (await RowsAsync(plan)).Count);
        Assert.Equal(SqlState.AmbiguousAlias, (await Assert.ThrowsAsync<SqlException>(() => TableAsync("public", "z"))).State);
    }

    [Fact]
    public async Task Nothing_outside_of_the_root_is_read()
    {
        var outside = Directory.CreateTempSubdirectory("federation-outside-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(outside, "secret.csv"), "a\n1\n");
            File.CreateSymbolicLink(Path.Combine(Folder, "link.csv"), Path.Combine(outside, "secret.csv"));
            var connector = Metadata();
            Assert.Equal(SqlState.InsufficientPrivilege, (await Assert.ThrowsAsync<SqlException>(() => TableAsync("public", "link")))
                .State);
            Assert.Equal(["link"], (await connector.ListTablesAsync("public", default)).Select(table => table.Name));
            File.Delete(Path.Combine(Folder, "link.csv"));
            Directory.CreateSymbolicLink(Path.Combine(Folder, "folder"), outside);
            Assert.Contains("folder", await connector.ListSchemasAsync(default));
            Assert.Empty(await connector.ListTablesAsync("public", default));
            Assert.Equal(SqlState.InsufficientPrivilege,
                (await Assert.ThrowsAsync<SqlException>(() => connector.ListTablesAsync("folder", default).AsTask())).State);
            Assert.Equal(SqlState.InsufficientPrivilege, (await Assert.ThrowsAsync<SqlException>(() => TableAsync("folder", "secret")))
                .State);
            Assert.Equal(SqlState.InsufficientPrivilege, (await Assert.ThrowsAsync<SqlException>(() => TableAsync("public", "../x")))
                .State);
            Assert.Null(await connector.FindTableAsync("..", "x", null, default));
        }
        finally
        {
            Directory.Delete(outside, recursive: true);
        }
    }

    [Fact]
    public void Options_are_checked()
    {
        Assert.Equal(SqlState.FdwDynamicParameterValueNeeded, Refused());
        Assert.Equal(SqlState.FdwInvalidAttributeValue, Refused(("root", "relative")));
        Assert.Equal(SqlState.FdwInvalidAttributeValue, Refused(("root", Folder), ("delimiter", "ab")));
        Assert.Equal(SqlState.FdwInvalidAttributeValue, Refused(("root", Folder), ("header", "maybe")));
        Assert.Equal(SqlState.InsufficientPrivilege, Refused(("root", "/etc")));

        SqlState Refused(params (string, string)[] options) => Assert.Throws<SqlException>(() => Create(options)).State;
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private IConnectorMetadata Metadata(params (string Name, string Value)[] options) =>
        (IConnectorMetadata)Create([("root", Folder), .. options]);

    private IConnector Create((string Name, string Value)[] options) => new FilesConnectorFactory(new ParquetFooters()).Create(
        new ConnectorDefinition(
            "f", "files", options.ToDictionary(option => option.Name, option => option.Value)) { AllowedRoots = [Folder] });

    private async Task<ConnectorTable> TableAsync(string schema, string table, params (string, string)[] options)
    {
        var found = await Metadata(options).FindTableAsync(schema, table, null, default);
        Assert.NotNull(found);
        return found;
    }

    private async Task<string> ColumnsAsync(string schema, string table) =>
        string.Join(',', (await TableAsync(schema, table)).Columns.Select(column => $"{column.Name} {column.Type}"));

    private async Task<List<string>> ReadAsync(string schema, string table, params (string, string)[] options)
    {
        var connector = Metadata(options);
        var found = await connector.FindTableAsync(schema, table, null, default);
        Assert.NotNull(found);
        return await RowsAsync(await ((IScanPlanner)connector).PlanScanAsync(
            found.Handle, found.Columns.Select(column => column.Name).ToEquatableArray(), "t", default));
    }
}
