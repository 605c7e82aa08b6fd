using System.Globalization;
using Federation.Catalog;
using Federation.CompatTests.ClusterNode;
using Federation.Host;

// Arguments: data folder, connection string, workers, seconds by which the clock is wrong. It runs until it is killed, or its input ends.
var clock = new WrongClock(TimeSpan.FromSeconds(double.Parse(args[3], CultureInfo.InvariantCulture)));
using var loggers = new LineLogger();
CatalogDatabase? catalog = null;
var options = new ServeOptions
{
    DataDirectory = args[0],
    Catalog = args[1],
    Port = 0,
    FlightPort = -1,
    WorkerCount = int.Parse(args[2], CultureInfo.InvariantCulture),
    MemoryLimitBytes = 512L << 20,
    Clock = clock,
    Jobs = [MarksJob.Of(() => catalog!)],
};
var keys = CatalogKeyring.Open(Path.Combine(Directory.CreateDirectory(options.DataDirectory).FullName, "catalog.key"));
var store = await PostgresCatalogStore.OpenAsync(options.Catalog, clock, CancellationToken.None);
catalog = await CatalogDatabase.OpenAsync(store, keys, CancellationToken.None);
await using (catalog)
await using (var gateway = await Gateway.StartAsync(options, loggers, CancellationToken.None))
{
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ready {gateway.EndPoint.Port}"));
    while (await Console.In.ReadLineAsync() is not null)
    {
        // Nothing is said on it; only its end means something.
    }
}
