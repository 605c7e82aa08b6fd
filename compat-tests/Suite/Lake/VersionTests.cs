using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>Older states of tables: how they are read, named, written to, compared and looked at. PostgreSQL has none of this.</summary>
[Collection(SuiteCollection.Name)]
public sealed class VersionTests(SuiteServers servers)
{
    private const string Table = "CREATE TABLE t (id int PRIMARY KEY, n int)";

    [Fact]
    public async Task Inspection_tables_have_the_columns_of_Trino()
    {
        await using var client = await OpenAsync("versions_inspection");
        await client.RunAsync("CREATE TABLE t (id int, p text, d numeric(9,2)) PARTITIONED BY (p)",
            "INSERT INTO t VALUES (1, 'a', 1.5), (2, 'b', NULL), (3, NULL, 7)", "DELETE FROM t WHERE id = 3",
            "UPDATE t SET d = 8 WHERE id = 2");
        foreach (var (table, columns) in (ValueTuple<string, string>[])
        [
            ("properties", "key value"), ("history", "made_current_at snapshot_id parent_id is_current_ancestor"),
            ("snapshots", "committed_at snapshot_id parent_id operation manifest_list summary"),
            ("refs", "name type snapshot_id max_reference_age_in_ms min_snapshots_to_keep max_snapshot_age_in_ms"),
            ("partitions", "partition record_count file_count total_size data"),
            ("manifests", "path length partition_spec_id added_snapshot_id added_data_files_count added_rows_count "
                + "existing_data_files_count existing_rows_count deleted_data_files_count deleted_rows_count partition_summaries"),
            ("entries", "status snapshot_id sequence_number file_sequence_number data_file readable_metrics"),
        ])
        {
            var result = await client.QueryAsync($"SELECT * FROM lake.versions_inspection.\"t${table}\"");
            Assert.True(result.Error is null, result.Error?.ToString());
            Assert.Equal(columns.Split(' '), result.Columns.Select(column => column.Name));
        }

        Assert.Equal(["append\t3", "delete\t2", "overwrite\t2"], await client.RowsAsync(
            "SELECT operation, summary->>'total-records' FROM \"t$snapshots\" ORDER BY committed_at"));
        Assert.Equal(["a\t1\t1\t1.50", "b\t1\t2\t8.00"], await client.RowsAsync(
            "SELECT partition->>'p', record_count, lower_bounds->>'1', readable_metrics->'d'->>'upper_bound' FROM \"t$files\" ORDER BY 1"));
        Assert.Equal(["a\t1\t1.50", "b\t1\t8.00"], await client.RowsAsync(
            "SELECT partition->>'p', file_count, data->'d'->>'max' FROM \"t$partitions\" ORDER BY 1"));
        Assert.Equal(["3"], await client.RowsAsync("SELECT count(*) FROM \"t$snapshots\" JOIN \"t$history\" USING (snapshot_id)"));
        // A transaction sees its own changes, others do not.
        await using var other = await OpenAsync("versions_inspection", isNew: false);
        await client.RunAsync("BEGIN", "INSERT INTO t VALUES (9, 'z', 1)");
        Assert.Equal(["4"], await client.RowsAsync("SELECT count(*) FROM \"t$snapshots\""));
        Assert.Equal(["3"], await other.RowsAsync("SELECT count(*) FROM \"t$snapshots\""));
        await client.RunAsync("ROLLBACK", "CREATE VIEW v AS SELECT count(*) AS files FROM \"t$files\"");
        Assert.Equal(["2"], await client.RowsAsync("SELECT files FROM v"));
        Assert.Equal("42P01", await CodeAsync(client, "SELECT * FROM \"t$nosuch\""));
        Assert.Equal("42P01", await CodeAsync(client, "SELECT * FROM \"nosuch$files\""));
        Assert.Equal("0A000", await CodeAsync(client, "INSERT INTO \"t$files\" VALUES (1)"));
    }

    [Fact]
    public async Task Only_those_who_may_read_a_table_look_into_it()
    {
        await using var client = await OpenAsync("versions_rights");
        await client.RunAsync(Table, "INSERT INTO t VALUES (1, 1)", "DROP ROLE IF EXISTS versions_reader", "CREATE ROLE versions_reader",
            "GRANT USAGE ON SCHEMA versions_rights TO versions_reader", "GRANT SELECT (id) ON t TO versions_reader",
            "CALL lake.system.create_branch('versions_rights', 't', 'dev')");
        string[] reads =
        [
            "SELECT count(*) FROM \"t$files\"", "SELECT count(*) FROM \"t$branch_dev\"",
            "SELECT count(*) FROM lake.system.table_changes('versions_rights', 't')",
        ];
        await client.RunAsync("SET ROLE versions_reader");
        foreach (var read in reads) Assert.Equal("42501", await CodeAsync(client, read));
        Assert.Equal("42501", await CodeAsync(client, "CALL lake.system.create_tag('versions_rights', 't', 'mine')"));
        Assert.Equal("42501", await CodeAsync(client, "INSERT INTO \"t$branch_dev\" VALUES (2, 2)"));
        await client.RunAsync("RESET ROLE", "GRANT SELECT ON t TO versions_reader", "SET ROLE versions_reader");
        foreach (var read in reads) Assert.Equal(["1"], await client.RowsAsync(read));
        await client.RunAsync("RESET ROLE", "DROP SCHEMA versions_rights CASCADE", "DROP ROLE versions_reader");
    }

    [Fact]
    public async Task Versions_are_read_by_number_name_and_time()
    {
        await using var client = await OpenAsync("versions_travel");
        await client.RunAsync(Table, "INSERT INTO t VALUES (1, 1), (2, 2)",
            "CALL lake.system.create_tag('versions_travel', 't', 'first')");
        var first = (await client.RowsAsync("SELECT snapshot_id FROM \"t$history\""))[0];
        var time = (await client.RowsAsync("SELECT made_current_at::text FROM \"t$history\""))[0];
        await client.RunAsync("ALTER TABLE t ADD COLUMN s text DEFAULT 'x'", "INSERT INTO t VALUES (3, 3, 'y')");
        string[] old = ["1\t1", "2\t2"];
        foreach (var version in (string[])[$"VERSION AS OF {first}", "VERSION AS OF 'first'", $"VERSION AS OF '{first}'",
            $"TIMESTAMP AS OF '{time}'", $"SYSTEM_TIME AS OF timestamptz '{time}'", $"SYSTEM_VERSION AS OF {first}"])
        {
            Assert.Equal(old, await client.RowsAsync($"SELECT * FROM t FOR {version} ORDER BY id"));
            Assert.Equal(["3"], await client.RowsAsync(
                $"SELECT n.id FROM t n LEFT JOIN t FOR {version} AS o USING (id) WHERE o.id IS NULL"));
            Assert.Equal(["2"], await client.RowsAsync($"SELECT (SELECT count(*) FROM t FOR {version})"));
        }

        Assert.Equal(["3"], await client.RowsAsync("SELECT count(*) FROM t FOR TIMESTAMP AS OF now() + interval '1 hour'"));
        await client.RunAsync("CREATE VIEW v AS SELECT * FROM t FOR VERSION AS OF 'first'", "CREATE TABLE c AS SELECT * FROM v");
        Assert.Equal(old, await client.RowsAsync("SELECT * FROM c ORDER BY id"));
        await client.RunAsync("PREPARE at_time(timestamptz) AS SELECT count(*) FROM t FOR TIMESTAMP AS OF $1",
            "PREPARE of_version AS SELECT count(*) FROM t FOR VERSION AS OF $1 WHERE id > $2");
        Assert.Equal(["2"], await client.RowsAsync($"EXECUTE at_time('{time}')"));
        Assert.Equal(["3"], await client.RowsAsync("EXECUTE at_time(now())"));
        Assert.Equal(["1"], await client.RowsAsync("EXECUTE of_version('first', 1)"));
        Assert.Equal("42704", await CodeAsync(client, "EXECUTE of_version('nosuch', 1)"));
        Assert.Equal("22004", await CodeAsync(client, "EXECUTE of_version(NULL, 1)"));
        Assert.Equal("42704", await CodeAsync(client, "SELECT * FROM t FOR TIMESTAMP AS OF '2001-01-01'"));
        Assert.Equal("42704", await CodeAsync(client, "SELECT * FROM t FOR VERSION AS OF 5"));
        Assert.Equal("42804", await CodeAsync(client, "SELECT * FROM t FOR VERSION AS OF 12.5"));
        Assert.Equal("42703", await CodeAsync(client, "SELECT * FROM t FOR VERSION AS OF id"));
        Assert.Equal("0A000", await CodeAsync(client, "SELECT * FROM v FOR VERSION AS OF 'first'"));
    }

    [Fact]
    public async Task The_whole_database_is_read_as_of_a_time()
    {
        await using var client = await OpenAsync("versions_as_of");
        await client.RunAsync(Table, "INSERT INTO t VALUES (1, 1)");
        var time = (await client.RowsAsync("SELECT clock_timestamp()::text"))[0];
        await client.RunAsync("INSERT INTO t VALUES (2, 2)", "CREATE TABLE later (i int)", $"SET federation.as_of = '{time}'");
        Assert.Equal(["1"], await client.RowsAsync("SELECT count(*) FROM t"));
        Assert.Equal("42P01", await CodeAsync(client, "SELECT * FROM later"));
        Assert.Equal("25006", await CodeAsync(client, "INSERT INTO t VALUES (3, 3)"));
        await client.RunAsync("RESET federation.as_of");
        Assert.Equal(["2"], await client.RowsAsync("SELECT count(*) FROM t"));
        await client.RunAsync("SET federation.as_of = '1999-01-01'");
        Assert.Equal("22023", await CodeAsync(client, "SELECT * FROM t"));
        Assert.Equal("22023", await CodeAsync(client, "SET federation.as_of = 'yesterdays'"));
    }

    [Fact]
    public async Task A_branch_is_a_table_of_its_own_until_the_main_one_follows_it()
    {
        await using var client = await OpenAsync("versions_branches");
        await client.RunAsync(Table, "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)",
            "CALL lake.system.create_branch('versions_branches', 't', 'dev', max_age => interval '7 days', min_snapshots_to_keep => 2)");
        Assert.Equal(["4\t4"], await client.RowsAsync("INSERT INTO \"t$branch_dev\" VALUES (4, 4) RETURNING *"));
        await client.RunAsync("UPDATE \"t$branch_dev\" SET n = n * 10 WHERE id <= 2", "DELETE FROM \"t$branch_dev\" WHERE id = 3",
            "INSERT INTO \"t$branch_dev\" VALUES (4, 7) ON CONFLICT (id) DO UPDATE SET n = excluded.n",
            "MERGE INTO \"t$branch_dev\" AS d USING (VALUES (1), (9)) AS v(id) ON d.id = v.id WHEN MATCHED THEN UPDATE SET n = -1 "
                + "WHEN NOT MATCHED THEN INSERT VALUES (v.id, 9)");
        Assert.Equal("23505", await CodeAsync(client, "INSERT INTO \"t$branch_dev\" VALUES (4, 0)"));
        Assert.Null((await client.CopyInAsync("COPY \"t$branch_dev\" FROM STDIN", "5\t5\n"u8.ToArray(), int.MaxValue)).Error);
        await client.RunAsync("DELETE FROM \"t$branch_dev\" WHERE id = 5");
        string[] branch = ["1\t-1", "2\t20", "4\t7", "9\t9"];
        Assert.Equal(branch, await client.RowsAsync("SELECT * FROM \"t$branch_dev\" ORDER BY id"));
        Assert.Equal(branch, await client.RowsAsync("SELECT * FROM t FOR VERSION AS OF 'dev' ORDER BY id"));
        Assert.Equal(["1\t1", "2\t2", "3\t3"], await client.RowsAsync("SELECT * FROM t ORDER BY id"));
        Assert.Equal(["dev\tBRANCH\t604800000\t2", "main\tBRANCH\t<null>\t<null>"], (await client.RowsAsync(
            "SELECT name, type, coalesce(max_reference_age_in_ms::text, '<null>'), coalesce(min_snapshots_to_keep::text, '<null>') "
                + "FROM \"t$refs\" ORDER BY name")));
        // Old snapshots go, but not those that the branch keeps.
        await client.RunAsync("CALL lake.system.expire_snapshots('versions_branches', 't', older_than => now())");
        Assert.Equal(branch, await client.RowsAsync("SELECT * FROM \"t$branch_dev\" ORDER BY id"));
        await client.RunAsync("BEGIN", "INSERT INTO t VALUES (100, 1)");
        Assert.Equal("55000", await CodeAsync(client, "CALL lake.system.fast_forward('versions_branches', 't', 'main', 'dev')"));
        await client.RunAsync("ROLLBACK");
        Assert.Equal("42704", await CodeAsync(client, "INSERT INTO \"t$branch_nosuch\" VALUES (1, 1)"));
        await client.RunAsync("CALL lake.system.create_tag('versions_branches', 't', 'v1')");
        Assert.Equal("42710", await CodeAsync(client, "CALL lake.system.create_tag('versions_branches', 't', 'v1')"));
        Assert.Equal("42809", await CodeAsync(client, "CALL lake.system.drop_branch('versions_branches', 't', 'v1')"));
        await client.RunAsync("CALL lake.system.create_tag('versions_branches', 't', 'v1', if_not_exists => true)",
            "CALL lake.system.create_tag('versions_branches', 't', 'v1', replaces => true)",
            "CALL lake.system.drop_tag('versions_branches', 't', 'v1')",
            "CALL lake.system.drop_tag('versions_branches', 't', 'v1', if_exists => true)");
        Assert.Equal("42704", await CodeAsync(client, "SELECT * FROM t FOR VERSION AS OF 'v1'"));
    }

    [Fact]
    public async Task The_main_branch_moves_back_and_forward()
    {
        await using var client = await OpenAsync("versions_moves");
        await client.RunAsync(Table, "INSERT INTO t VALUES (1, 1)",
            "CALL lake.system.create_branch('versions_moves', 't', 'dev')", "INSERT INTO \"t$branch_dev\" VALUES (2, 2)",
            "CALL lake.system.fast_forward('versions_moves', 't', 'main', 'dev')");
        Assert.Equal(["1", "2"], await client.RowsAsync("SELECT id FROM t ORDER BY id"));
        var first = (await client.RowsAsync("SELECT snapshot_id FROM \"t$history\" ORDER BY made_current_at LIMIT 1"))[0];
        await client.RunAsync("BEGIN", $"CALL lake.system.rollback_to_snapshot('versions_moves', 't', {first})");
        Assert.Equal(["1"], await client.RowsAsync("SELECT id FROM t ORDER BY id"));
        await client.RunAsync("ROLLBACK");
        Assert.Equal(["1", "2"], await client.RowsAsync("SELECT id FROM t ORDER BY id"));
        await client.RunAsync($"CALL lake.system.rollback_to_snapshot('versions_moves', 't', {first})", "INSERT INTO t VALUES (3, 3)");
        Assert.Equal(["1", "3"], await client.RowsAsync("SELECT id FROM t ORDER BY id"));
        Assert.Equal(["t", "f", "t", "t"], await client.RowsAsync(
            "SELECT is_current_ancestor FROM \"t$history\" ORDER BY made_current_at"));
        // Rows that others have added since are not lost in silence.
        await using var other = await OpenAsync("versions_moves", isNew: false);
        await client.RunAsync("BEGIN", $"CALL lake.system.rollback_to_snapshot('versions_moves', 't', {first})");
        await other.RunAsync("INSERT INTO t VALUES (4, 4)");
        Assert.Equal("40001", await CodeAsync(client, "COMMIT"));
    }

    [Fact]
    public async Task Changes_of_rows_are_told_snapshot_by_snapshot()
    {
        await using var client = await OpenAsync("versions_changes");
        await client.RunAsync(Table, "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)",
            "CALL lake.system.create_tag('versions_changes', 't', 'start')", "UPDATE t SET n = 20 WHERE id = 2", "DELETE FROM t WHERE id = 3",
            "INSERT INTO t VALUES (4, 4)", "CALL lake.system.rewrite_data_files('versions_changes', 't', rewrite_all => true)",
            "MERGE INTO t USING (VALUES (1), (9)) v(id) ON t.id = v.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (v.id, 0)");
        const string Changes = "lake.system.table_changes('versions_changes', 't'";
        Assert.Equal(
            ["0\t2\t2\tupdate_preimage", "0\t2\t20\tupdate_postimage", "1\t3\t3\tdelete", "2\t4\t4\tinsert", "3\t1\t1\tdelete",
                "3\t9\t0\tinsert"],
            await client.RowsAsync($"SELECT _change_ordinal, id, n, _change_type FROM {Changes}, 'start') ORDER BY 1, 2, 4 DESC"));
        Assert.Equal(["insert\t3"], await client.RowsAsync(
            $"SELECT _change_type, count(*) FROM {Changes}, NULL, 'start') GROUP BY 1"));
        Assert.Equal(["5"], await client.RowsAsync(
            $"SELECT count(DISTINCT c._commit_snapshot_id) FROM {Changes}) c JOIN \"t$snapshots\" s ON s.snapshot_id = c._commit_snapshot_id AND s.committed_at = c._commit_timestamp"));
        Assert.Equal(["0"], await client.RowsAsync($"SELECT count(*) FROM {Changes}, 'main')"));
        await client.RunAsync($"CREATE VIEW v AS SELECT * FROM {Changes})", "TRUNCATE t");
        Assert.Equal(["2", "4", "9"], await client.RowsAsync(
            "SELECT id FROM v WHERE _change_type = 'delete' AND _change_ordinal = (SELECT max(_change_ordinal) FROM v) ORDER BY id"));
        // The changes, applied in turn, come to the table.
        Assert.Equal(["0"], await client.RowsAsync(
            "SELECT coalesce(sum(CASE WHEN _change_type IN ('insert', 'update_postimage') THEN 1 ELSE -1 END), 0) FROM v"));
        Assert.Equal("42704", await CodeAsync(client, $"SELECT * FROM {Changes}, 'nosuch')"));
        Assert.Equal("42P01", await CodeAsync(client, "SELECT * FROM lake.system.table_changes('versions_changes', 'nosuch')"));
    }

    [Fact]
    public async Task A_dropped_table_comes_back_as_it_was()
    {
        await using var client = await OpenAsync("versions_dropped");
        await client.RunAsync(Table, "INSERT INTO t VALUES (1, 1)", "COMMENT ON TABLE t IS 'mine'", "DROP ROLE IF EXISTS versions_granted",
            "CREATE ROLE versions_granted", "GRANT USAGE ON SCHEMA versions_dropped TO versions_granted",
            "GRANT SELECT ON t TO versions_granted", "DROP TABLE t");
        Assert.Equal("42P01", await CodeAsync(client, "SELECT * FROM t"));
        await client.RunAsync("CALL lake.system.undrop_table('versions_dropped', 't')", "SET ROLE versions_granted");
        Assert.Equal(["1\t1"], await client.RowsAsync("SELECT * FROM t"));
        await client.RunAsync("RESET ROLE");
        Assert.Equal(["mine"], await client.RowsAsync("SELECT obj_description('t'::regclass)"));
        Assert.Equal("23505", await CodeAsync(client, "INSERT INTO t VALUES (1, 2)"));
        await client.RunAsync("CREATE TABLE s (id serial, n int)", "INSERT INTO s (n) VALUES (1), (2)", "DROP TABLE s",
            "CALL lake.system.undrop_table('versions_dropped', 's')", "INSERT INTO s (n) VALUES (3)");
        Assert.Equal(["1\t1", "2\t2", "3\t3"], await client.RowsAsync("SELECT * FROM s ORDER BY id"));
        Assert.Equal("42P07", await CodeAsync(client, "CALL lake.system.undrop_table('versions_dropped', 't')"));
        await client.RunAsync("ALTER TABLE t RENAME TO u");
        Assert.Equal("42P01", await CodeAsync(client, "CALL lake.system.undrop_table('versions_dropped', 't')"));
        await client.RunAsync("DROP SCHEMA versions_dropped CASCADE", "DROP ROLE versions_granted");
    }

    private async Task<RawClient> OpenAsync(string schema, bool isNew = true)
    {
        var client = await ClientStatements.ConnectForFilesAsync(servers.Gateway);
        if (isNew) await client.RunAsync($"DROP SCHEMA IF EXISTS {schema} CASCADE", $"CREATE SCHEMA {schema}");
        await client.RunAsync($"SET search_path = {schema}");
        return client;
    }

    private static async Task<string?> CodeAsync(RawClient client, string sql) => (await client.QueryAsync(sql)).Error?.Code;
}
