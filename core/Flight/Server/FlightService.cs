using Federation.Core.Errors;
using Federation.Flight.Protocol;

namespace Federation.Flight.Server;

/// <summary>
/// What a Flight server answers. A service overrides what it supports; the rest is 0A000, which clients see as UNIMPLEMENTED. Calls run
/// concurrently. Errors are <see cref="SqlException"/>s, before the first item or between items; the client gets them whole. Streams are
/// pulled: the next item is asked for when the client's window has room, so a slow client slows its service.
/// </summary>
public abstract class FlightService
{
    /// <summary>Authentication in messages; most clients send headers instead.</summary>
    public virtual IAsyncEnumerable<HandshakeResponse> HandshakeAsync(IAsyncEnumerable<HandshakeRequest> requests,
        FlightCallContext context) => throw Unsupported("Handshake");

    public virtual IAsyncEnumerable<FlightInfo> ListFlightsAsync(Criteria criteria, FlightCallContext context) =>
        throw Unsupported("ListFlights");

    public virtual ValueTask<FlightInfo> GetFlightInfoAsync(FlightDescriptor descriptor, FlightCallContext context) =>
        throw Unsupported("GetFlightInfo");

    public virtual ValueTask<PollInfo> PollFlightInfoAsync(FlightDescriptor descriptor, FlightCallContext context) =>
        throw Unsupported("PollFlightInfo");

    public virtual ValueTask<SchemaResult> GetSchemaAsync(FlightDescriptor descriptor, FlightCallContext context) =>
        throw Unsupported("GetSchema");

    /// <summary>The messages of a stream, the schema first. Each is disposed when it was sent.</summary>
    public virtual IAsyncEnumerable<FlightData> DoGetAsync(Ticket ticket, FlightCallContext context) => throw Unsupported("DoGet");

    /// <summary>Takes what the client sends; the service disposes each message.</summary>
    public virtual IAsyncEnumerable<PutResult> DoPutAsync(IAsyncEnumerable<FlightData> data, FlightCallContext context) =>
        throw Unsupported("DoPut");

    public virtual IAsyncEnumerable<FlightData> DoExchangeAsync(IAsyncEnumerable<FlightData> data, FlightCallContext context) =>
        throw Unsupported("DoExchange");

    public virtual IAsyncEnumerable<Result> DoActionAsync(Protocol.Action action, FlightCallContext context) =>
        throw Unsupported("DoAction");

    public virtual IAsyncEnumerable<ActionType> ListActionsAsync(FlightCallContext context) => throw Unsupported("ListActions");

    private static SqlException Unsupported(string method) => new(SqlState.FeatureNotSupported, $"this server does not support {method}");
}
