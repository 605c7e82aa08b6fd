using Federation.Core.Errors;
using Federation.PgWire.Startup;
using Federation.PgWire.Tests.Fakes;

namespace Federation.PgWire.Tests;

public sealed class StartupTests
{
    [Theory]
    [InlineData("protocol 3.0 and a database that is not there", """
        open

        send
        Startup {"user":"u","database":"missing"}

        until Closed
        AuthenticationOk
        ErrorResponse {"S":"FATAL","C":"3D000","M":"database \"missing\" does not exist"}
        Closed
        """)]
    [InlineData("no user", """
        open

        send
        Startup {"database":"d"}

        until Closed
        ErrorResponse {"S":"FATAL","C":"28000","M":"no PostgreSQL user name specified in startup packet"}
        Closed
        """)]
    [InlineData("replication", """
        open

        send
        Startup {"user":"u","replication":"database"}

        until Closed
        ErrorResponse {"S":"FATAL","C":"0A000","M":"replication connections are not supported"}
        Closed
        """)]
    [InlineData("protocol 2", """
        open

        send
        Startup {"version":131072}

        until Closed
        ErrorResponse {"S":"FATAL","C":"0A000","M":"unsupported frontend protocol 2.0: server supports 3.0 to 3.2"}
        Closed
        """)]
    [InlineData("a newer minor version and an unknown protocol option", """
        open

        send
        Startup {"version":196611,"user":"u","_pq_.new":"1"}

        until ReadyForQuery ignore=ParameterStatus
        NegotiateProtocolVersion {"version":196610,"options":["_pq_.new"]}
        AuthenticationOk
        BackendKeyData
        ReadyForQuery "I"
        """)]
    [InlineData("encryption requests without a certificate", """
        open

        send
        GSSENCRequest

        until EncryptionResponse
        EncryptionResponse "N"

        send
        SSLRequest

        until EncryptionResponse
        EncryptionResponse "N"

        send
        Startup {"user":"u"}

        until ReadyForQuery ignore=ParameterStatus
        AuthenticationOk
        BackendKeyData
        ReadyForQuery "I"
        """)]
    [InlineData("plain bytes behind a request for TLS", """
        open

        send
        SSLRequest
        Startup {"user":"u"}

        until Closed
        ErrorResponse {"S":"FATAL","C":"08P01","M":"received unencrypted data after SSL request","D":"This could be either a client-software bug or evidence of an attempted man-in-the-middle attack."}
        Closed
        """)]
    [InlineData("a start-up packet that is too long", """
        open

        send
        Raw {"hex":"0000ffff00030000"}

        until Closed
        ErrorResponse {"S":"FATAL","C":"08P01","M":"invalid length of startup packet"}
        Closed
        """)]
    public async Task Startup_follows_the_protocol(string what, string script)
    {
        Assert.NotEmpty(what);
        await using var server = await TestServer.StartAsync();
        await server.PlayAsync(script);
    }

    [Fact]
    public async Task Silent_clients_are_sent_away()
    {
        await using var server = await TestServer.StartAsync(
            configure: options => options with { AuthenticationTimeout = TimeSpan.FromMilliseconds(100) });
        await server.PlayAsync("""
            open

            until Closed
            ErrorResponse {"S":"FATAL","C":"57014","M":"canceling authentication due to timeout"}
            Closed
            """);
    }

    [Fact]
    public async Task Too_many_clients_are_refused()
    {
        await using var server = await TestServer.StartAsync(configure: options => options with { MaxConnections = 1 });
        await server.PlayAsync("""
            connect one

            open two

            until Closed
            ErrorResponse {"S":"FATAL","C":"53300","M":"sorry, too many clients already"}
            Closed

            use one

            send
            Query ""

            until ReadyForQuery
            EmptyQueryResponse
            ReadyForQuery "I"
            """);
    }

    [Theory]
    [InlineData("-c search_path=a,b", "search_path=a,b")]
    [InlineData("-csearch_path=x --statement-timeout=5", "search_path=x|statement_timeout=5")]
    [InlineData("  --datestyle=ISO,\\ DMY ", "datestyle=ISO, DMY")]
    [InlineData("-c a\\\\b=c", "a\\b=c")]
    [InlineData("", "")]
    public void Options_are_split(string options, string expected) =>
        Assert.Equal(
            expected, string.Join('|', StartupParameters.SplitOptions(options).Select(setting => $"{setting.Key}={setting.Value}")));

    [Theory]
    [InlineData("-c search_path", "-c search_path requires a value")]
    [InlineData("search_path=x", "invalid command-line argument for server process: search_path=x")]
    public void Bad_options_are_refused(string options, string message) =>
        Assert.Equal(message, Assert.Throws<SqlException>(() => StartupParameters.SplitOptions(options).ToList()).Message);
}
