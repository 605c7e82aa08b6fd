using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.DuckDb;
using Federation.Worker.Tests.Kernel;

namespace Federation.Worker.Tests.Tasks;

/// <summary>A task runner whose connector "numbers" streams batches of ids, and a folder with data files.</summary>
public abstract class TaskFixture : KernelFixture
{
    private TaskRunner? _runner;

    protected TaskFixture() => System.IO.Directory.CreateDirectory(Data);

    protected string Data => Path.Combine(Directory, "data");

    protected FakeConnector Connector { get; } = new();

    protected TaskRunner Runner => _runner ??= new TaskRunner(
        new WorkerOptions { Threads = 4, MemoryLimitBytes = 512 << 20, SpillDirectory = Path.Combine(Directory, "tasks") },
        new Resolver(Connector));

    public override void Dispose()
    {
        _runner?.Dispose();
        base.Dispose();
    }

    protected static TaskSpec Task(string sql, EquatableArray<TaskInput> inputs, params RecordField[] columns) => new(
        new TaskId(Guid.Parse("00000000-0000-0000-0000-000000000001"), 3, 0, 0),
        sql, inputs, new EquatableArray<RecordField>(columns), new TaskOutput.Stream(), new TaskSettings("UTC"));

    protected async Task<List<string>> RunAsync(TaskSpec task, CancellationToken cancellationToken = default)
    {
        var rows = new List<string>();
        await foreach (var batch in Runner.RunAsync(task, cancellationToken))
            using (batch)
                for (var row = 0; row < batch.RowCount; row++)
                    rows.Add(string.Join('|', batch.Columns.Select(column => Cell(column, row))));
        return rows;
    }

    /// <summary>Writes a Parquet file with the rows of a kernel query.</summary>
    protected string WriteParquet(string name, string query)
    {
        var path = Path.Combine(Data, name);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var connection = Kernel.Connect();
        connection.Execute($"COPY ({query}) TO '{path}' (FORMAT parquet)");
        return path;
    }

    protected static ScanFile FileAt(string path, string? recordedPath = null) => new(path, recordedPath ?? path, 0, 0);

    protected sealed class FakeConnector : IConnector, IPageSource
    {
        public string ServerName => "numbers";

        public string Key => ServerName;

        /// <summary>Batches made so far by all reads.</summary>
        public int Batches { get; private set; }

        /// <summary>Done when a read of the split that hangs has begun.</summary>
        public TaskCompletionSource Hanging { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool WasCancelled { get; private set; }

        public async IAsyncEnumerable<Batch> ReadAsync(
            ConnectorSplit split, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            if (split.Payload == "fail")
                throw new SqlException(SqlState.ConnectionFailure, "server \"numbers\" is gone") { Detail = "It left." };
            if (split.Payload == "hang")
            {
                Hanging.TrySetResult();
                try
                {
                    await System.Threading.Tasks.Task.Delay(Timeout.Infinite, cancellationToken);
                }
                finally
                {
                    WasCancelled = true;
                }
            }

            using var builder =
                new BatchBuilder(new BatchSchema(split.Columns.Select(column => new Field(column.Name, column.Type)).ToEquatableArray()));
            var rows = long.Parse(split.Payload);
            for (long id = 0; id < rows; id++)
            {
                builder.Columns[0].AppendValue(id);
                builder.EndRow();
                if (builder.RowCount < 10_000 && id + 1 < rows) continue;
                Batches++;
                yield return builder.Build();
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Resolver(IConnector connector) : IConnectorResolver
    {
        public ValueTask<IConnector> ResolveAsync(string key, CancellationToken cancellationToken) => key == connector.Key
            ? ValueTask.FromResult(connector)
            : throw new SqlException(SqlState.SqlclientUnableToEstablishSqlconnection, $"server \"{key}\" does not exist");
    }
}
