using System.Diagnostics;
using System.Text;
using Federation.Arrow;
using Federation.Core.Types;
using Federation.DuckDb;

// The counters of native objects are those of the process, so test classes run one after another.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Federation.Worker.Tests.Kernel;

/// <summary>A kernel for a test class and the check that the class leaves no native object behind.</summary>
public abstract class KernelFixture : IDisposable
{
    private readonly long _liveObjects = KernelObjects.Live;
    private readonly long _liveBytes = NativeBuffer.LiveBytes;
    private KernelInstance? _instance;

    protected KernelFixture() => Directory = System.IO.Directory.CreateTempSubdirectory("federation-").FullName;

    protected string Directory { get; }

    protected virtual KernelOptions Options => new()
    {
        Threads = 4,
        MemoryLimitBytes = 512 << 20,
        SpillDirectory = Path.Combine(Directory, "spill"),
        AllowedDirectories = [Path.Combine(Directory, "data")],
    };

    internal KernelInstance Kernel => _instance ??= KernelInstance.Open(Options);

    public virtual void Dispose()
    {
        _instance?.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
        Assert.Equal(_liveObjects, KernelObjects.Live);
        Assert.Equal(_liveBytes, NativeBuffer.LiveBytes);
        GC.SuppressFinalize(this);
    }

    /// <summary>All rows, cells joined by "|", NULL as "null".</summary>
    internal List<string> Rows(string sql)
    {
        using var connection = Kernel.Connect();
        using var reader = connection.Query(sql, null, default);
        var rows = new List<string>();
        while (reader.Read(default) is { } batch)
            using (batch)
                for (var row = 0; row < batch.RowCount; row++)
                    rows.Add(string.Join('|', batch.Columns.Select(column => Cell(column, row))));
        return rows;
    }

    internal string Value(string sql) => Assert.Single(Rows(sql));

    /// <summary>Cancels after 100 ms and measures from then; a thread of its own, because tests block those of the pool.</summary>
    protected static CancelWatch CancelSoon(CancellationTokenSource source) => new(source);

    protected sealed class CancelWatch : IDisposable
    {
        private readonly Stopwatch _watch = new();
        private readonly Thread _thread;

        public CancelWatch(CancellationTokenSource source)
        {
            _thread = new Thread(() =>
            {
                Thread.Sleep(100);
                _watch.Start();
                source.Cancel();
            });
            _thread.Start();
        }

        public long Milliseconds => _watch.ElapsedMilliseconds;

        public void Dispose() => _thread.Join();
    }

    /// <summary>The value in a plain text form that is enough to compare.</summary>
    internal static string Cell(Column column, int row)
    {
        if (column.IsNull(row)) return "null";
        switch (column.Type.Storage)
        {
            case Storage.Boolean: return column.GetBoolean(row) ? "t" : "f";
            case Storage.Int16: return $"{column.Get<short>(row)}";
            case Storage.Int32 or Storage.Date: return $"{column.Get<int>(row)}";
            case Storage.Int64 or Storage.Time or Storage.Timestamp or Storage.TimeTz: return $"{column.Get<long>(row)}";
            case Storage.Float32: return $"{column.Get<float>(row)}";
            case Storage.Float64: return $"{column.Get<double>(row)}";
            case Storage.Decimal: return $"{column.GetDecimal(row)}e-{column.Type.Decimal!.Value.Scale}";
            case Storage.Text: return Encoding.UTF8.GetString(column.GetBytes(row));
            case Storage.Bytes or Storage.Bit: return Convert.ToHexString(column.GetBytes(row));
            case Storage.Interval or Storage.Uuid: return $"{column.Get<Int128>(row):x}";
            case Storage.List:
                var (start, length) = column.GetList(row);
                return $"[{string.Join(",", Enumerable.Range(start, length).Select(item => Cell(column.Children[0], item)))}]";
            default: return $"({string.Join(",", column.Children.Select(child => Cell(child, row)))})";
        }
    }
}
