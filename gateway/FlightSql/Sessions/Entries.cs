using Federation.Core;
using Federation.SessionApi;

namespace Federation.FlightSql.Sessions;

/// <summary>A prepared statement, and the rows of parameters that were bound last.</summary>
internal sealed record PreparedEntry(string Handle, string Sql, string? Transaction)
{
    /// <summary>Each row is one execution; empty when nothing was bound.</summary>
    public IReadOnlyList<EquatableArray<object?>> Rows { get; set; } = [];

    /// <summary>The columns that were announced; null for statements without rows.</summary>
    public EquatableArray<ResultField>? Fields { get; init; }
}

/// <summary>A query between GetFlightInfo and the end of DoGet.</summary>
internal sealed class QueryEntry(string sql, string? transaction, EquatableArray<ResultField>? fields) : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();

    public string Sql => sql;

    public string? Transaction => transaction;

    public EquatableArray<ResultField>? Fields => fields;

    public CancellationToken Cancelled => _cancellation.Token;

    public bool IsRunning { get; set; }

    public void Cancel()
    {
        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The query ended at the same moment.
        }
    }

    public void Dispose() => _cancellation.Dispose();
}
