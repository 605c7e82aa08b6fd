using System.Globalization;

namespace Federation.Bench.Members;

/// <summary>
/// B3: 43 queries in the shapes of ClickBench over a generated log of 5 million page views in 20 Parquet files, through the gateway's
/// socket and by the kernel in this process, the same text, in turn.
/// </summary>
internal static class HitsMember
{
    private const int Files = 20;
    private const int RowsPerFile = 250_000;

    public static IEnumerable<Measurement> Run(Context context)
    {
        var folder = Generate(context);
        var queries = File.ReadAllLines(Path.Combine(context.HitsFolder, "queries.sql"))
            .Select((sql, number) => (Name: string.Create(CultureInfo.InvariantCulture, $"h{number + 1:00}"), Sql: sql)).ToArray();
        using var gateway = new GatewayProcess(context.GatewayBinary, ["--allow", folder]);
        gateway.Execute($"CREATE SERVER log FOREIGN DATA WRAPPER files OPTIONS (root '{folder}')");
        using var client = gateway.Connect("log");
        using var kernel = DataSets.OpenKernel(folder);
        using var peer = kernel.Connect();
        peer.Execute($"CREATE VIEW hits AS SELECT * FROM read_parquet('{folder}/hits/*.parquet')");
        return QueryRounds.Compare(
            context.Pairs,
            queries,
            new Measurement("B3", "43 shapes of ClickBench over Parquet, time, geometric mean", "<= 1.05x of the kernel",
                ratio => ratio <= 1.05) { Ratios = [] },
            new Measurement("B3", "43 shapes of ClickBench over Parquet, time, worst query", "<= 1.43x of the kernel",
                ratio => ratio <= 1.43) { Ratios = [] },
            sql => Pairs.Time(gateway.CpuSeconds, () => client.Query(sql)),
            sql => Pairs.Time(() => Machine.CpuSeconds(Environment.ProcessId), () => peer.Execute(sql)));
    }

    /// <summary>The folder of the table's folder, made once.</summary>
    private static string Generate(Context context)
    {
        var folder = Path.Combine(context.Cache, "hits-5m");
        if (Directory.Exists(folder)) return folder;
        var unfinished = folder + ".unfinished";
        if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        Directory.CreateDirectory(Path.Combine(unfinished, "hits"));
        using var kernel = DataSets.OpenKernel(unfinished);
        using var writer = kernel.Connect();
        var generate = File.ReadAllText(Path.Combine(context.HitsFolder, "generate.sql"));
        for (var file = 0; file < Files; file++)
        {
            Progress.Say($"writing page views, file {file + 1} of {Files}");
            var rows = string.Format(CultureInfo.InvariantCulture, generate, file, RowsPerFile);
            writer.Execute(
                $"COPY ({rows}) TO '{unfinished}/hits/part-{file.ToString("00", CultureInfo.InvariantCulture)}.parquet' (FORMAT parquet)");
        }

        Directory.Move(unfinished, folder);
        return folder;
    }
}
