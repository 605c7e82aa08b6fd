using System.Globalization;
using Federation.Catalog;
using Federation.CompatTests.ClusterNode;
using Federation.Host;
using Federation.Maintenance;

// A gateway that runs until it is killed, or its input ends. Arguments:
//   clock FOLDER CATALOG WORKERS SECONDS    with a job that counts, and a clock that is wrong by so many seconds;
//   step FOLDER CATALOG METHOD before|after COUNT    killed at a step of a commit; an empty CATALOG is the folder's own, 0 is never.
using var loggers = new LineLogger();
CatalogDatabase? catalog = null;
var common = new ServeOptions
{
    DataDirectory = args[1], Catalog = args[2].Length == 0 ? null : args[2], Port = 0, FlightPort = -1, MemoryLimitBytes = 512L << 20,
};
ServeOptions options;
if (args[0] == "clock")
{
    var clock = new WrongClock(TimeSpan.FromSeconds(double.Parse(args[4], CultureInfo.InvariantCulture)));
    options = common with
    {
        WorkerCount = int.Parse(args[3], CultureInfo.InvariantCulture), Clock = clock, Jobs = [MarksJob.Of(() => catalog!)],
    };
    var keys = CatalogKeyring.Open(Path.Combine(Directory.CreateDirectory(options.DataDirectory).FullName, "catalog.key"));
    var store = await PostgresCatalogStore.OpenAsync(args[2], clock, CancellationToken.None);
    catalog = await CatalogDatabase.OpenAsync(store, keys, CancellationToken.None);
}
else
{
    var step = new StepKill(args[3], args[4] == "after", int.Parse(args[5], CultureInfo.InvariantCulture));
    options = common with { AroundFiles = step.Around, AroundCatalog = step.Around, MaintainsTables = false,
        // Each commit takes all steps.
        Tails = TailLimits.None };
}

await using (catalog)
await using (var gateway = await Gateway.StartAsync(options, loggers, CancellationToken.None))
{
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ready {gateway.EndPoint.Port}"));
    while (await Console.In.ReadLineAsync() is not null)
    {
        // Nothing is said on it; only its end means something.
    }
}
