using Federation.Bench;
using Federation.Bench.Members;

if (args is [ExchangeMember.ServeArgument])
{
    await ExchangeMember.ServeAsync();
    return 0;
}

// federation-bench [member…] [--write] [--pairs N] [--cache FOLDER]: the benchmarks by their numbers; all that this build can run when none
// is named.
(string Name, string What, bool IsDefault, Func<Context, IEnumerable<Measurement>> Run)[] members =
[
    ("B8", "short statements against PostgreSQL", true, ShortStatementMember.Run),
    ("B10", "bulk results against PostgreSQL, and over Flight SQL", true,
        context => [.. BulkMember.Run(context), .. FlightSqlMember.Run(context)]),
    ("B1", "TPC-H over Parquet against the kernel alone", true, TpchMember.Run),
    ("B3", "shapes of ClickBench over Parquet against the kernel alone", true, HitsMember.Run),
    ("B12a", "a table of PostgreSQL through the gateway against a direct read", true, BulkMember.RunFederated),
    ("B6", "TPC-H with two worker processes against one process", true, TpchMember.RunDistributed),
    ("B13", "nested scalar functions against the kernel's nearest own", true, FunctionMember.Run),
    ("B14", "one row of an attached PostgreSQL by its key against PgBouncer", true, PointLookupMember.Run),
    ("B15", "one row of a lake table by its key against PostgreSQL with an index", true, LakeMember.RunLookups),
    ("B16", "commits of one row, and COPY FROM, against PostgreSQL", true, LakeMember.RunWrites),
    ("B7", "pages from worker to worker against plain TCP", true, ExchangeMember.Run),
];

var root = AppContext.BaseDirectory;
while (!File.Exists(Path.Combine(root, "Federation.sln")))
    root = Path.GetDirectoryName(root) ?? throw new DirectoryNotFoundException("no Federation.sln above the program");
var (names, pairs, cache, isWritten) = (new List<string>(), 5, Path.Combine("/var/tmp", "federation-bench"), false);
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--write": isWritten = true; break;
        case "--pairs": pairs = int.Parse(args[++i], System.Globalization.CultureInfo.InvariantCulture); break;
        case "--cache": cache = Path.GetFullPath(args[++i]); break;
        case var name when members.Any(member => member.Name.Equals(name, StringComparison.OrdinalIgnoreCase)): names.Add(name); break;
        default:
            Console.Error.WriteLine("usage: bench [member...] [--write] [--pairs N] [--cache FOLDER]; members:");
            foreach (var member in members) Console.Error.WriteLine($"  {member.Name,-5} {member.What}");
            return 1;
    }
}

Console.WriteLine(
    FormattableString.Invariant($"{Environment.ProcessorCount} cores, {Machine.Model}, {Machine.MemoryBytes >> 30} GiB, {pairs} pairs"));
var build = Processes.Run("git", "-C", root, "rev-parse", "--short", "HEAD").Trim();
var rows = new List<string>();
var failed = 0;
using var context = new Context(root, cache, pairs);
var chosen =
    members.Where(member => names.Count == 0 ? member.IsDefault : names.Contains(member.Name, StringComparer.OrdinalIgnoreCase)).ToArray();
foreach (var member in chosen)
{
    Progress.Say($"{member.Name}: {member.What}");
    try
    {
        foreach (var measurement in member.Run(context)) rows.Add(ResultsFile.Row(measurement, build));
    }
    catch (Exception error) when (error is InvalidOperationException or IOException or System.Net.Sockets.SocketException)
    {
        // One member that cannot run does not keep the others from running.
        Console.Error.WriteLine($"{member.Name} failed: {error.Message}");
        failed++;
    }
}

Console.WriteLine("| Member | What | Goal | Ratio | CPU | Met | Pairs | Steal | Cores, CPU | Build, day | Note |");
foreach (var row in rows) Console.WriteLine(row);
if (isWritten) ResultsFile.Write(Path.Combine(root, "bench", "RESULTS.md"), rows, [.. rows.Select(row => row.Split('|')[1].Trim())]);
return failed == 0 ? 0 : 2;
