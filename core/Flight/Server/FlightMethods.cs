using System.Collections.Frozen;
using Federation.Flight.Protocol;
using Google.Protobuf;

namespace Federation.Flight.Server;

/// <summary>A method of the Flight service: its name in the path, and how its messages reach the service.</summary>
internal sealed record FlightMethod(string Name, Func<FlightExchange, FlightService, FlightCallContext, ValueTask> Invoke);

/// <summary>The methods of FlightService in Flight.proto.</summary>
internal static class FlightMethods
{
    private const string ServicePath = "/arrow.flight.protocol.FlightService/";

    private static readonly FrozenDictionary<string, FlightMethod> s_byPath = new FlightMethod[]
    {
        new("Handshake",
            (exchange, service, context) =>
                exchange.WriteAllAsync(service.HandshakeAsync(exchange.ReadAllAsync(HandshakeRequest.Parser), context))),
        new("ListFlights",
            async (exchange, service, context) =>
                await exchange.WriteAllAsync(service.ListFlightsAsync(await exchange.ReadOneAsync(Criteria.Parser), context))),
        new("GetFlightInfo",
            async (exchange, service, context) =>
                await exchange.WriteAsync(
                    OneAsync(service.GetFlightInfoAsync(await exchange.ReadOneAsync(FlightDescriptor.Parser), context)))),
        new("PollFlightInfo",
            async (exchange, service, context) =>
                await exchange.WriteAsync(
                    OneAsync(service.PollFlightInfoAsync(await exchange.ReadOneAsync(FlightDescriptor.Parser), context)))),
        new("GetSchema",
            async (exchange, service, context) =>
                await exchange.WriteAsync(OneAsync(service.GetSchemaAsync(await exchange.ReadOneAsync(FlightDescriptor.Parser), context)))),
        new("DoGet",
            async (exchange, service, context) =>
                await exchange.WriteAllAsync(service.DoGetAsync(await exchange.ReadOneAsync(Ticket.Parser), context))),
        new("DoPut", (exchange, service, context) => exchange.WriteAllAsync(service.DoPutAsync(exchange.ReadDataAsync(), context))),
        new("DoExchange",
            (exchange, service, context) => exchange.WriteAllAsync(service.DoExchangeAsync(exchange.ReadDataAsync(), context))),
        new("DoAction",
            async (exchange, service, context) =>
                await exchange.WriteAllAsync(service.DoActionAsync(await exchange.ReadOneAsync(Protocol.Action.Parser), context))),
        new("ListActions", async (exchange, service, context) =>
        {
            await exchange.ReadOneAsync(Empty.Parser);
            await exchange.WriteAllAsync(service.ListActionsAsync(context));
        }),
    }.ToFrozenDictionary(method => ServicePath + method.Name, StringComparer.Ordinal);

    public static FlightMethod? Find(string path) => s_byPath.GetValueOrDefault(path);

    public static string PathOf(string method) => ServicePath + method;

    private static async ValueTask<IMessage> OneAsync<T>(ValueTask<T> message)
        where T : IMessage => await message;
}
