using Federation.Arrow;

namespace Federation.Connectors.Postgres.Reading;

/// <summary>The rows of one query at the source. Disposing it before the end makes the source stop.</summary>
internal interface IRemoteRows : IAsyncDisposable
{
    /// <summary>The next rows, or null after the last.</summary>
    ValueTask<Batch?> ReadAsync();
}
