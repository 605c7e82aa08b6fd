using System.Text;
using Federation.DuckDb;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>The kernel by itself, as a reader of Parquet files that knows nothing of tables. Disposal removes its folder.</summary>
internal sealed class PlainKernel : IDisposable
{
    private readonly string _spill = Directory.CreateTempSubdirectory("federation-plain-").FullName;
    private readonly KernelInstance _kernel;
    private readonly KernelConnection _connection;

    public PlainKernel(string folder)
    {
        _kernel = KernelInstance.Open(new KernelOptions { SpillDirectory = _spill, AllowedDirectories = [folder, _spill] });
        _connection = _kernel.Connect();
        _connection.Execute("SET SESSION TimeZone = 'UTC'");
    }

    /// <summary>The rows of a query whose columns are all text; NULL as null.</summary>
    public List<string?[]> Rows(string sql)
    {
        var rows = new List<string?[]>();
        using var reader = _connection.Query(sql, null, CancellationToken.None);
        while (reader.Read(CancellationToken.None) is { } batch)
        {
            using (batch)
                for (var row = 0; row < batch.RowCount; row++)
                    rows.Add([.. batch.Columns
                        .Select(column => column.IsNull(row) ? null : Encoding.UTF8.GetString(column.GetBytes(row)))]);
        }

        return rows;
    }

    /// <summary>The one number of a query.</summary>
    public long Number(string sql) =>
        long.Parse(Rows($"SELECT CAST(({sql}) AS VARCHAR)")[0][0]!, System.Globalization.CultureInfo.InvariantCulture);

    public void Dispose()
    {
        _connection.Dispose();
        _kernel.Dispose();
        Directory.Delete(_spill, recursive: true);
    }
}
