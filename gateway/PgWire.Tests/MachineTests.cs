using Federation.PgWire.Protocol;

namespace Federation.PgWire.Tests;

/// <summary>The rules of the machine, without sockets. Letters are message types; ! after a letter means that its action failed.</summary>
public sealed class MachineTests
{
    [Theory]
    [InlineData("Q", "RunSimpleQuery SendReadyForQuery Flush")]
    [InlineData("Q!", "SendError SendReadyForQuery Flush")]
    [InlineData("Q! Q", "SendError SendReadyForQuery Flush, RunSimpleQuery SendReadyForQuery Flush")]
    [InlineData("P B D E S", "Parse, Bind, Describe, Execute, EndTransaction SendReadyForQuery Flush")]
    [InlineData("P! B Q H F S", "SendError Flush, , , , , EndTransaction SendReadyForQuery Flush")]
    [InlineData("E! S P", "SendError Flush, EndTransaction SendReadyForQuery Flush, Parse")]
    [InlineData("S!", "SendError SendReadyForQuery Flush")]
    [InlineData("S! P", "SendError SendReadyForQuery Flush, Parse")]
    [InlineData("F! P", "SendError SendReadyForQuery Flush, Parse")]
    [InlineData("P! X", "SendError Flush, Terminate")]
    [InlineData("d c f Q", ", , , RunSimpleQuery SendReadyForQuery Flush")]
    [InlineData("C! S S", "SendError Flush, EndTransaction SendReadyForQuery Flush, EndTransaction SendReadyForQuery Flush")]
    [InlineData("H", "Flush")]
    [InlineData("p", "Violate")]
    public void Messages_become_actions(string messages, string expected)
    {
        var machine = new ExtendedQueryMachine();
        var steps = messages.Split(' ').Select(message =>
        {
            var actions = machine.Accept((FrontendMessageType)message[0]);
            return string.Join(' ', message.EndsWith('!') ? machine.Fail() : actions);
        });
        Assert.Equal(expected, string.Join(", ", steps));
    }

    [Fact]
    public void Each_sync_has_one_ready_for_query_whatever_failed()
    {
        var random = new Random(12345);
        for (var round = 0; round < 500; round++)
        {
            var machine = new ExtendedQueryMachine();
            var due = 0;
            var sent = 0;
            for (var i = 0; i < 50; i++)
            {
                var message = (FrontendMessageType)"QPBDECHSFdcf"[random.Next(12)];
                var skipping = machine.IsSkipping;
                var actions = machine.Accept(message);
                if (actions.Length > 0 && message != FrontendMessageType.Flush && random.Next(4) == 0) actions = machine.Fail();
                var startsCycle = message is FrontendMessageType.Sync
                    || (!skipping && (message is FrontendMessageType.Query or FrontendMessageType.FunctionCall));
                if (startsCycle) due++;
                sent += actions.Count(action => action == ProtocolAction.SendReadyForQuery);
                if (skipping && message != FrontendMessageType.Sync) Assert.Empty(actions);
            }

            Assert.Equal(due, sent);
        }
    }
}
