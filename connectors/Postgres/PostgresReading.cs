using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Connectors.Postgres.Reading;
using Federation.Connectors.RemoteSql;
using Federation.Core.Errors;
using Federation.Core.Types;
using Npgsql;

namespace Federation.Connectors.Postgres;

/// <summary>Runs the queries of planned scans. Thread-safe.</summary>
internal sealed class PostgresReading(string server, NpgsqlDataSource source, PostgresCatalog catalog, PostgresErrors errors)
{
    /// <summary>Statements that gave many rows: COPY gives those faster.</summary>
    private readonly StatementSet _many = new();

    /// <summary>Name and expression of a column with its type: what a query is written for.</summary>
    public static string Signature(RemoteColumn column) => $"{column.Expression} {column.Type} {column.Type.AnnouncedOid}";

    /// <summary>Whether the scan is better read by its statement than by COPY.</summary>
    public bool GivesFew(PostgresScan scan) => scan.Statement is { } statement && !_many.Contains(statement);

    /// <param name="values">Text forms of the parameters of the scan's statement.</param>
    public async IAsyncEnumerable<Batch> ReadAsync(GuardedScan scan, BatchSchema schema, string[] values, [EnumeratorCancellation]
        CancellationToken cancellationToken)
    {
        var (rows, first) = await Patience.WaitAsync(StartAsync(scan, schema, values, cancellationToken), started => _ = DropAsync(started),
            cancellationToken);
        var reading = Task.FromResult<Batch?>(null);
        try
        {
            for (var batch = first; batch is not null;)
            {
                yield return batch;
                var read = rows.ReadAsync();
                if (!read.IsCompleted) read = new ValueTask<Batch?>(reading = read.AsTask());
                batch = await Patience.WaitAsync(read, late => late?.Dispose(), cancellationToken);
            }
        }
        finally
        {
            await Patience.DisposeAsync(rows, reading);
        }
    }

    private static async Task DropAsync((IRemoteRows Rows, Batch? First) started)
    {
        started.First?.Dispose();
        await started.Rows.DisposeAsync();
    }

    /// <summary>The first rows. When the table turns out to be another than the one that is kept, it is looked at again, once.</summary>
    private async ValueTask<(IRemoteRows Rows, Batch? First)> StartAsync(GuardedScan scan, BatchSchema schema, string[] values,
        CancellationToken cancellationToken)
    {
        try
        {
            return await OpenAsync(scan, schema, values, isCurrent: scan.Scan.Snapshot is not null, cancellationToken);
        }
        catch (SqlException exception) when (exception.State == SqlState.UndefinedTable || exception.State == SqlState.UndefinedColumn
            || exception.State == SqlState.FeatureNotSupported || DefinitionGuard.IsChange(exception))
        {
            return await OpenAsync(scan, schema, values, isCurrent: true, cancellationToken);
        }
    }

    private async ValueTask<(IRemoteRows Rows, Batch? First)> OpenAsync(GuardedScan scan, BatchSchema schema, string[] values,
        bool isCurrent, CancellationToken cancellationToken)
    {
        var planned = scan.Scan.Tables;
        var tables = new PostgresTable[planned.Length];
        for (var i = 0; i < tables.Length; i++) tables[i] = await FindAsync(planned[i], isCurrent, cancellationToken);
        if (!scan.IsWrittenFor(tables))
            for (var i = 0; i < tables.Length; i++)
                CheckColumns(planned[i], tables[i]);
        IRemoteRows rows = GivesFew(scan.Scan)
            ? new RecordRows(source, scan.Statement(tables), values, scan.Shown, errors, schema, () => _many.Add(scan.Scan.Statement!),
                cancellationToken)
            : new CopyRows(
                await CopyStream.OpenAsync(source, DefinitionGuard.Apply(scan.Scan.Sql, tables), scan.Shown, scan.Scan.Snapshot, errors,
                    cancellationToken), schema);
        try
        {
            return (rows, await rows.ReadAsync());
        }
        catch
        {
            await rows.DisposeAsync();
            throw;
        }
    }

    /// <summary>The query itself finds out when what is kept of the table is out of date, however old it is.</summary>
    private async ValueTask<PostgresTable> FindAsync(ScannedTable scan, bool isCurrent, CancellationToken cancellationToken) =>
        (isCurrent ? null : catalog.FindKnown(scan.Schema, scan.Table))
            ?? await catalog.GetTableAsync(scan.Schema, scan.Table, isCurrent, cancellationToken)
            ?? throw new SqlException(SqlState.UndefinedTable,
                $"relation \"{scan.Schema}.{scan.Table}\" does not exist on server \"{server}\"");

    /// <summary>
    /// COPY does not say what types its columns have. A plan may be older than the table it reads (prepared statements live long), so the
    /// columns are compared with what the source's catalog says.
    /// </summary>
    private void CheckColumns(ScannedTable scan, PostgresTable table)
    {
        var current = table.Columns.Select(Signature).ToHashSet(StringComparer.Ordinal);
        if (Array.Find(scan.Columns, column => !current.Contains(column)) is null) return;
        throw new SqlException(SqlState.FeatureNotSupported, "cached plan must not change result type")
        {
            Detail = $"The columns of relation \"{scan.Schema}.{scan.Table}\" changed on server \"{server}\".",
            Hint = "Run the statement again.",
        };
    }
}
