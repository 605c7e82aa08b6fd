using Federation.CompatTests.Wire;
using Federation.PgWire.Tests.Fakes;

namespace Federation.PgWire.Tests;

/// <summary>The order of messages over a real socket, in the paths of the message-flow chapter.</summary>
public sealed class ProtocolFlowTests
{
    private static readonly HashSet<string> s_noParameters = [];

    [Theory]
    [InlineData("simple query", """
        send
        Query "rows 2"

        until ReadyForQuery
        RowDescription [{"name":"n","table":0,"column":0,"type":23,"length":4,"modifier":-1,"format":0},{"name":"text","table":0,"column":0,"type":25,"length":-1,"modifier":-1,"format":0}]
        DataRow ["1","row 1"]
        DataRow ["2","row 2"]
        CommandComplete "SELECT 2"
        ReadyForQuery "I"
        """)]
    [InlineData("empty query", """
        send
        Query " ; -- nothing"

        until ReadyForQuery
        EmptyQueryResponse
        ReadyForQuery "I"
        """)]
    [InlineData("error in a simple query stops the string and skips nothing", """
        send
        Query "begin; fail; begin"
        Query "rollback"

        until ReadyForQuery ReadyForQuery
        CommandComplete "BEGIN"
        ErrorResponse {"S":"ERROR","C":"22012","M":"division by zero","D":"the detail","P":"3"}
        ReadyForQuery "E"
        CommandComplete "ROLLBACK"
        ReadyForQuery "I"
        """)]
    [InlineData("extended query with portal limits", """
        send
        Parse {"sql":"rows 3"}
        Bind {"resultFormats":[1,0]}
        Describe {"portal":""}
        Execute {"limit":2}
        Execute {"limit":2}
        Sync

        until ReadyForQuery
        ParseComplete
        BindComplete
        RowDescription [{"name":"n","table":0,"column":0,"type":23,"length":4,"modifier":-1,"format":1},{"name":"text","table":0,"column":0,"type":25,"length":-1,"modifier":-1,"format":0}]
        DataRow [{"hex":"00000001"},"row 1"]
        DataRow [{"hex":"00000002"},"row 2"]
        PortalSuspended
        DataRow [{"hex":"00000003"},"row 3"]
        CommandComplete "SELECT 1"
        ReadyForQuery "I"
        """)]
    [InlineData("an error skips to Sync, queries included", """
        send
        Parse {"sql":"syntax error"}
        Flush

        until ErrorResponse
        ErrorResponse {"S":"ERROR","C":"42601","M":"syntax error at or near \"syntax\"","P":"1"}

        send
        Query "rows 1"
        Bind {}
        Sync
        Sync

        until ReadyForQuery ReadyForQuery
        ReadyForQuery "I"
        ReadyForQuery "I"
        """)]
    [InlineData("statements and portals that do not exist", """
        send
        Bind {"statement":"none"}
        Sync
        Execute {"portal":"none"}
        Sync
        Close {"portal":"none"}
        Describe {"statement":"none"}
        Sync

        until ReadyForQuery ReadyForQuery ReadyForQuery
        ErrorResponse {"S":"ERROR","C":"26000","M":"prepared statement \"none\" does not exist"}
        ReadyForQuery "I"
        ErrorResponse {"S":"ERROR","C":"34000","M":"portal \"none\" does not exist"}
        ReadyForQuery "I"
        CloseComplete
        ErrorResponse {"S":"ERROR","C":"26000","M":"prepared statement \"none\" does not exist"}
        ReadyForQuery "I"
        """)]
    [InlineData("function calls are refused in sync", """
        send
        FunctionCall {"oid":1}
        Query "begin"

        until ReadyForQuery ReadyForQuery
        ErrorResponse {"S":"ERROR","C":"0A000","M":"the function call protocol is not supported"}
        ReadyForQuery "I"
        CommandComplete "BEGIN"
        ReadyForQuery "T"
        """)]
    [InlineData("notices come at once, parameters before ReadyForQuery", """
        send
        Query "set TimeZone GMT; notice; set TimeZone UTC"

        until ReadyForQuery
        CommandComplete "SET"
        NoticeResponse {"S":"NOTICE","C":"00000","M":"hello","H":"none"}
        CommandComplete "NOTICE"
        CommandComplete "SET"
        ParameterStatus {"TimeZone":"UTC"}
        ReadyForQuery "I"
        """)]
    [InlineData("an unexpected exception is an internal error and the session goes on", """
        send
        Query "crash"
        Query "notice"

        until ReadyForQuery ReadyForQuery
        ErrorResponse {"S":"ERROR","C":"XX000","M":"internal error: the session is broken"}
        ReadyForQuery "I"
        NoticeResponse {"S":"NOTICE","C":"00000","M":"hello","H":"none"}
        CommandComplete "NOTICE"
        ReadyForQuery "I"
        """)]
    [InlineData("copy out as text", """
        send
        Query "copy text 2"

        until ReadyForQuery
        CopyOutResponse {"format":0,"columns":[0,0]}
        CopyData "1\trow 1\n"
        CopyData "2\trow 2\n"
        CopyDone
        CommandComplete "COPY 2"
        ReadyForQuery "I"
        """)]
    [InlineData("copy out as csv with header", """
        send
        Query "copy csv 1"

        until ReadyForQuery
        CopyOutResponse {"format":0,"columns":[0,0]}
        CopyData "n,text\n"
        CopyData "1,row 1\n"
        CopyDone
        CommandComplete "COPY 1"
        ReadyForQuery "I"
        """)]
    [InlineData("copy out as binary", """
        send
        Query "copy binary 1"

        until ReadyForQuery
        CopyOutResponse {"format":1,"columns":[1,1]}
        CopyData {"hex":"5047434f50590aff0d0a0000000000000000000002000000040000000100000005726f772031"}
        CopyData {"hex":"ffff"}
        CopyDone
        CommandComplete "COPY 1"
        ReadyForQuery "I"
        """)]
    [InlineData("bind checks its counts", """
        send
        Parse {"name":"e","sql":"echo int4"}
        Bind {"statement":"e"}
        Sync
        Bind {"statement":"e","parameters":["x"]}
        Sync
        Bind {"statement":"e","parameters":["1"],"parameterFormats":[0,0]}
        Sync
        Bind {"statement":"e","parameters":[{"hex":"0001"}],"parameterFormats":[1]}
        Sync
        Bind {"statement":"e","parameters":[{"hex":"000000010a"}],"parameterFormats":[1]}
        Sync
        Bind {"statement":"e","parameters":["1"],"resultFormats":[0,0]}
        Sync
        Bind {"statement":"e","parameters":["1"],"resultFormats":[2]}
        Execute {}
        Sync

        until ReadyForQuery ReadyForQuery ReadyForQuery ReadyForQuery ReadyForQuery ReadyForQuery ReadyForQuery
        ParseComplete
        ErrorResponse {"S":"ERROR","C":"08P01","M":"bind message supplies 0 parameters, but prepared statement \"e\" requires 1"}
        ReadyForQuery "I"
        ErrorResponse {"S":"ERROR","C":"22P02","M":"invalid input syntax for type integer: \"x\"","W":"unnamed portal parameter $1 = '...'"}
        ReadyForQuery "I"
        ErrorResponse {"S":"ERROR","C":"08P01","M":"bind message has 2 parameter formats but 1 parameters"}
        ReadyForQuery "I"
        ErrorResponse {"S":"ERROR","C":"08P01","M":"insufficient data left in message","W":"unnamed portal parameter $1"}
        ReadyForQuery "I"
        ErrorResponse {"S":"ERROR","C":"22P03","M":"incorrect binary data format in bind parameter 1","W":"unnamed portal parameter $1"}
        ReadyForQuery "I"
        ErrorResponse {"S":"ERROR","C":"08P01","M":"bind message has 2 result formats but query has 1 columns"}
        ReadyForQuery "I"
        BindComplete
        ErrorResponse {"S":"ERROR","C":"22023","M":"unsupported format code: 2"}
        ReadyForQuery "I"
        """)]
    [InlineData("garbage ends the connection", """
        send
        Raw {"hex":"ff00000004"}

        until Closed
        ErrorResponse {"S":"FATAL","C":"08P01","M":"invalid frontend message type 255"}
        Closed
        """)]
    [InlineData("an impossible length ends the connection", """
        send
        Raw {"hex":"5300000001"}

        until Closed
        ErrorResponse {"S":"FATAL","C":"08P01","M":"invalid message length"}
        Closed
        """)]
    public async Task Messages_come_in_order(string what, string script)
    {
        Assert.NotEmpty(what);
        await using var server = await TestServer.StartAsync();
        await server.PlayAsync("connect\n\n" + script);
    }

    [Fact]
    public async Task Cancel_requests_end_the_running_statement()
    {
        await using var server = await TestServer.StartAsync();
        await server.PlayAsync("""
            connect one

            send
            Query "sleep"

            sleep 100

            cancel one

            until ReadyForQuery
            ErrorResponse {"S":"ERROR","C":"57014","M":"canceling statement due to user request"}
            ReadyForQuery "I"
            """);
    }

    [Fact]
    public async Task A_client_that_disappears_cancels_its_statement()
    {
        await using var server = await TestServer.StartAsync();
        await server.PlayAsync("""
            connect

            send
            Query "sleep"

            sleep 100
            """);
        for (var i = 0; i < 100 && !server.Factory.Sessions[0].IsDisposed; i++) await Task.Delay(20);
        Assert.True(server.Factory.Sessions[0].IsDisposed);
        Assert.Equal(1, server.Factory.Sessions[0].CancelCount);
    }

    [Fact]
    public async Task Stopping_tells_idle_clients()
    {
        await using var server = await TestServer.StartAsync();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using var client = await WireConnection.OpenAsync(server.Target, timeout.Token);
        await client.LogInAsync(server.Target, s_noParameters, timeout.Token);

        await server.Server.StopAsync(CancellationToken.None);
        Assert.Equal(
            """ErrorResponse {"S":"FATAL","C":"57P01","M":"terminating connection due to administrator command"}""",
            (await client.ReceiveAsync(s_noParameters, timeout.Token)).ToString());
        Assert.Equal("Closed", (await client.ReceiveAsync(s_noParameters, timeout.Token)).Type);
    }
}
