using Federation.DuckDb;
using Npgsql;

namespace Federation.Bench;

/// <summary>
/// TPC-H at scale factor 1, made once by the gateway's own generator and kept in the cache folder: Parquet files that both sides of a
/// comparison read, and a PostgreSQL data base.
/// </summary>
internal sealed class DataSets(string cache, string gatewayBinary)
{
    private static readonly string[] s_tables = ["region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"];

    /// <summary>Column types as the kernel's CSV reader takes them.</summary>
    private static readonly Dictionary<string, string> s_columns = new(StringComparer.Ordinal)
    {
        ["region"] = "r_regionkey int, r_name varchar, r_comment varchar",
        ["nation"] = "n_nationkey int, n_name varchar, n_regionkey int, n_comment varchar",
        ["supplier"] =
            "s_suppkey int, s_name varchar, s_address varchar, s_nationkey int, s_phone varchar, "
            + "s_acctbal numeric(15,2), s_comment varchar",
        ["customer"] =
            "c_custkey int, c_name varchar, c_address varchar, c_nationkey int, c_phone varchar, c_acctbal numeric(15,2), c_mktsegment "
                + "varchar, c_comment varchar",
        ["part"] =
            "p_partkey int, p_name varchar, p_mfgr varchar, p_brand varchar, p_type varchar, p_size int, p_container varchar, "
                + "p_retailprice numeric(15,2), p_comment varchar",
        ["partsupp"] = "ps_partkey int, ps_suppkey int, ps_availqty int, ps_supplycost numeric(15,2), ps_comment varchar",
        ["orders"] =
            "o_orderkey bigint, o_custkey int, o_orderstatus varchar, o_totalprice numeric(15,2), o_orderdate date, o_orderpriority "
                + "varchar, o_clerk varchar, o_shippriority int, o_comment varchar",
        ["lineitem"] =
            "l_orderkey bigint, l_partkey int, l_suppkey int, l_linenumber int, l_quantity numeric(15,2), l_extendedprice numeric(15,2), "
                + "l_discount numeric(15,2), l_tax numeric(15,2), l_returnflag varchar, l_linestatus varchar, l_shipdate date, "
                + "l_commitdate date, l_receiptdate date, l_shipinstruct varchar, l_shipmode varchar, l_comment varchar",
    };

    public static IReadOnlyList<string> Tables => s_tables;

    /// <summary>The folder of one Parquet file per table.</summary>
    public string Parquet()
    {
        var folder = Path.Combine(cache, "tpch-sf1");
        if (Directory.Exists(folder)) return folder;
        var unfinished = folder + ".unfinished";
        if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        Directory.CreateDirectory(unfinished);
        using var gateway = new GatewayProcess(gatewayBinary);
        using var kernel = OpenKernel(unfinished);
        using var writer = kernel.Connect();
        foreach (var table in s_tables)
        {
            Progress.Say($"writing {table} as Parquet");
            var csv = Path.Combine(unfinished, table + ".csv");
            using (var file = File.CreateText(csv)) Copy(gateway, table, buffer => file.Write(buffer.Span));
            var columns = string.Join(", ",
                s_columns[table].Split(", ").Select(column => column.Split(' ', 2)).Select(column => $"'{column[0]}': '{column[1]}'"));
            writer.Execute(
                $"COPY (SELECT * FROM read_csv('{csv}', header = false, quote = '\"', columns = {{{columns}}})) TO "
                    + $"'{unfinished}/{table}.parquet' (FORMAT parquet)");
            File.Delete(csv);
        }

        Directory.Move(unfinished, folder);
        return folder;
    }

    /// <summary>A running PostgreSQL with the tables, indexed by their keys, and analysed.</summary>
    public PostgresProcess Postgres()
    {
        Directory.CreateDirectory(cache);
        var server = new PostgresProcess(Path.Combine(cache, "postgres"));
        try
        {
            Load(server);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>The kernel alone, in this process, with the machine's cores.</summary>
    public static KernelInstance OpenKernel(string folder)
    {
        var spill = Directory.CreateTempSubdirectory("federation-bench-").FullName;
        Processes.AtExit(() => Directory.Delete(spill, recursive: true));
        return KernelInstance.Open(
            new KernelOptions { MemoryLimitBytes = 4L << 30, SpillDirectory = spill, AllowedDirectories = [folder] });
    }

    private void Load(PostgresProcess server)
    {
        using var target = new NpgsqlConnection(server.ConnectionString);
        target.Open();
        if ((bool)Scalar(target, "SELECT to_regclass('loaded') IS NOT NULL")!) return;
        using var gateway = new GatewayProcess(gatewayBinary);
        foreach (var table in s_tables)
        {
            Progress.Say($"loading {table} into PostgreSQL");
            Scalar(target, $"DROP TABLE IF EXISTS {table}");
            Scalar(target, $"CREATE TABLE {table} ({s_columns[table]})");
            using var writer = target.BeginTextImport($"COPY {table} FROM STDIN WITH (FORMAT csv)");
            Copy(gateway, table, buffer => writer.Write(buffer.Span));
        }

        Scalar(target, "VACUUM ANALYZE");
        Scalar(target, "CREATE TABLE loaded ()");
    }

    private static void Copy(GatewayProcess gateway, string table, Action<ReadOnlyMemory<char>> write)
    {
        gateway.Execute("CREATE SERVER IF NOT EXISTS tpch FOREIGN DATA WRAPPER tpch");
        using var source = new NpgsqlConnection(
            $"Host=127.0.0.1;Port={Processes.Text(gateway.Port)};Username=federation;Database=federation;Pooling=false;Command Timeout=0");
        source.Open();
        using var rows = source.BeginTextExport($"COPY (SELECT * FROM tpch.sf1.{table}) TO STDOUT WITH (FORMAT csv)");
        var buffer = new char[1 << 18];
        for (int read; (read = rows.Read(buffer, 0, buffer.Length)) > 0;) write(buffer.AsMemory(0, read));
    }

    private static object? Scalar(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        return command.ExecuteScalar();
    }
}
