using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Tasks;
using Federation.Core.Types;

namespace Federation.Scheduling;

/// <summary>A plan that is one statement of a source, for all values of its parameters. Thread-safe.</summary>
public sealed class RemoteRead
{
    private readonly ConnectorSplit _split;
    private readonly EquatableArray<SqlType> _parameterTypes;
    private volatile Prepared? _prepared;

    internal RemoteRead(ConnectorSplit split, EquatableArray<SqlType> parameterTypes) =>
        (_split, _parameterTypes) = (split, parameterTypes);

    /// <summary>
    /// The rows, as <see cref="IPreparedRead.TryReadAsync"/> gives them. Null when the query has to be planned for the values.
    /// </summary>
    internal async ValueTask<IAsyncEnumerable<Batch>?> TryReadAsync(
        IConnectorResolver connectors, EquatableArray<object?> parameters, CancellationToken cancellationToken) =>
        (await PrepareAsync(connectors, cancellationToken))?.TryReadAsync(parameters, cancellationToken);

    /// <summary>Prepared anew when the server's connector is another one than before.</summary>
    internal async ValueTask<IPreparedRead?> PrepareAsync(IConnectorResolver connectors, CancellationToken cancellationToken)
    {
        var connector = await connectors.ResolveAsync(_split.Server, cancellationToken);
        if (_prepared is { } known && ReferenceEquals(known.Connector, connector)) return known.Read;
        if ((connector as IPreparedReads)?.TryPrepare(_split, _parameterTypes) is not { } read) return null;
        _prepared = new Prepared(connector, read);
        return read;
    }

    private sealed record Prepared(IConnector Connector, IPreparedRead Read);
}
