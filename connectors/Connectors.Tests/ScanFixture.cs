using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Lakehouse.Iceberg;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.Worker;

namespace Federation.Connectors.Tests;

/// <summary>Runs scans through the worker's kernel, as queries do.</summary>
public abstract class ScanFixture : IDisposable
{
    private TaskRunner? _runner;

    protected string Folder { get; } = Directory.CreateTempSubdirectory("federation-lake-").FullName;

    protected TaskRunner Runner => _runner ??= new TaskRunner(
        new WorkerOptions { Threads = 2, MemoryLimitBytes = 512 << 20, SpillDirectory = Path.Combine(Folder, "spill"),
            DataDirectories = [Folder] },
        new NoConnectors());

    public void Dispose()
    {
        _runner?.Dispose();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>All rows of a plan, cells joined by "|", in text order.</summary>
    protected async Task<List<string>> RowsAsync(ScanPlan plan)
    {
        var scan = Assert.IsType<FileScan>(Assert.Single(plan.Splits));
        var task = new TaskSpec(
            new TaskId(Guid.NewGuid(), 0, 0, 0), $"SELECT * FROM {scan.Name}", [scan], scan.Columns, new TaskOutput.Stream(),
                new TaskSettings("Europe/Amsterdam"));
        var rows = new List<string>();
        await foreach (var batch in Runner.RunAsync(task, default))
            using (batch)
                for (var row = 0; row < batch.RowCount; row++)
                    rows.Add(string.Join('|', batch.Columns.Select(column => BatchText.Cell(column, row))));
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    /// <summary>Runs a statement that may write files into <see cref="Folder"/>.</summary>
    protected async Task ExecuteAsync(string sql)
    {
        var task = new TaskSpec(
            new TaskId(Guid.NewGuid(), 0, 0, 0), sql, [], [new RecordField("count", SqlType.Int8)], new TaskOutput.Stream(),
                new TaskSettings("UTC"));
        await foreach (var batch in Runner.RunAsync(task, default)) batch.Dispose();
    }

    protected static IcebergFormat Iceberg(params string[] roots) => new(new ParquetFooters(), roots);

    private sealed class NoConnectors : IConnectorResolver
    {
        public ValueTask<IConnector> ResolveAsync(string key, CancellationToken cancellationToken) =>
            throw new SqlException(SqlState.SqlclientUnableToEstablishSqlconnection, $"server \"{key}\" does not exist");
    }
}
