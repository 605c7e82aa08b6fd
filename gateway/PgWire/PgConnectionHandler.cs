using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;

namespace Federation.PgWire;

/// <summary>Runs a connection that Kestrel's transport accepted, and turns every way it can end into a log line.</summary>
internal sealed class PgConnectionHandler(ConnectionServices services) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        Log.Opened(services.Logger, connection.ConnectionId, connection.RemoteEndPoint);
        try
        {
            await new PgConnection(connection, services).RunAsync();
            Log.Closed(services.Logger, connection.ConnectionId);
        }
        catch (Exception exception) when (
            exception is IOException or ConnectionAbortedException or AuthenticationException or OperationCanceledException)
        {
            // The client vanished, or never spoke TLS properly: nobody is left to be told.
            Log.Broken(services.Logger, connection.ConnectionId, exception.Message);
        }
        catch (Exception exception)
        {
            Log.ConnectionFailed(services.Logger, exception, connection.ConnectionId);
        }
    }
}
