using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using Federation.CompatTests.Harness;
using Federation.Core.Security;
using Federation.PgWire.Tests.Fakes;
using Federation.SessionApi;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Federation.PgWire.Tests;

/// <summary>
/// Mutated conversations, from the first byte on, through a whole connection without its socket: start-up, authentication, both query
/// protocols and COPY. Whatever comes, what is answered is whole messages, each error has a SQLSTATE that is not ours to be ashamed of, and
/// the connection ends.
/// </summary>
public sealed class ConversationFuzzTests
{
    private const int Inputs = 100_000;
    private const int MostMutations = 5;
    private const int MostRows = 1000;

    /// <summary>
    /// A numeric of some bytes may have 131072 digits, which take megabytes to convert; nothing else grows by a length that was only
    /// claimed.
    /// </summary>
    private const long MostBytes = 64 << 20;

    private static readonly PgServerOptions s_options = new() { AuthenticationTimeout = TimeSpan.FromSeconds(30) };

    [Fact]
    public void Mutated_conversations()
    {
        var random = new Random(20_250_104);
        var cancels = new CancelRegistry();
        var trust = Services(new AuthenticationDemand.Trust(), cancels);
        var scram = Services(new AuthenticationDemand.Scram(ScramVerifiers.Create("secret")), cancels);
        var seeds = WireConversations.All();
        var (errors, fatal, served) = (0, 0, 0);
        var seed = 0;
        var chunk = 0;
        FuzzRun.Run(
            Inputs,
            _ =>
            {
                seed = random.Next(seeds.Count);
                chunk = random.Next(4) switch { 0 => 1 + random.Next(8), 1 => 8, _ => int.MaxValue };
                return Mutate(random, seeds[seed]);
            },
            bytes =>
            {
                var answers = Talk(bytes, chunk, seed < WireConversations.PasswordSeeds ? scram : trust);
                foreach (var (type, body) in answers)
                {
                    if (type == 'Z') served++;
                    if (type != 'E') continue;
                    errors++;
                    if (Check(body) == "FATAL") fatal++;
                }
            },
            length => MostBytes + (length * 16L));

        // Most conversations get past the start-up and go on after an error.
        Assert.True(served > Inputs && errors > Inputs / 4 && fatal > Inputs / 100 && fatal < errors,
            $"{served} served, {errors} errors, {fatal} of them fatal");
        Assert.Equal(0, cancels.Count);
    }

    /// <summary>The seeds themselves are conversations as they ought to be: nothing fatal, and all that is asked is answered.</summary>
    [Fact]
    public void Seeds_are_served()
    {
        var services = Services(new AuthenticationDemand.Trust(), new CancelRegistry());
        foreach (var bytes in WireConversations.All().Skip(WireConversations.PasswordSeeds))
        {
            var answers = Talk(bytes, 8, services);
            Assert.DoesNotContain(answers, answer => answer.Type == 'E' && Check(answer.Body) == "FATAL");
            if (bytes.Length > 16) Assert.Contains(answers, answer => answer.Type == 'Z');
        }
    }

    private static ConnectionServices Services(AuthenticationDemand demand, CancelRegistry cancels) => new(
        s_options, new FakeSessionFactory { Demand = demand, Results = new FakeResults { MostRows = MostRows }, KeepsSessions = false },
        cancels, TimeProvider.System, new InternalErrors(), CancellationToken.None);

    /// <summary>Everything is there already, so the whole conversation runs on this thread.</summary>
    private static List<(char Type, byte[] Body)> Talk(byte[] bytes, int chunk, ConnectionServices services)
    {
        using var sent = new MemoryStream();
        var transport = new Transport(PipeReader.Create(new ChunkStream(bytes, chunk)), PipeWriter.Create(sent));
        var connection = new DefaultConnectionContext("fuzz", transport, transport);
        try
        {
            var running = new PgConnection(connection, services).RunAsync();
            Assert.True(running.IsCompleted, "the conversation waits for something");
            running.GetAwaiter().GetResult();
        }
        catch (IOException)
        {
            // The client is gone in the middle of its authentication; nobody is there to be told.
        }

        return Split(sent.ToArray());
    }

    private static List<(char Type, byte[] Body)> Split(byte[] answers)
    {
        var at = 0;
        // Refusals of encryption are bare bytes.
        while (at < answers.Length && at < 2 && answers[at] == 'N') at++;
        var messages = new List<(char, byte[])>();
        while (at < answers.Length)
        {
            Assert.True(answers.Length - at >= 5, "a header is cut off");
            var length = BinaryPrimitives.ReadInt32BigEndian(answers.AsSpan(at + 1));
            Assert.InRange(length, 4, answers.Length - at - 1);
            messages.Add(((char)answers[at], answers[(at + 5)..(at + 1 + length)]));
            at += 1 + length;
        }

        return messages;
    }

    /// <summary>The severity of an error, after a look at the rest of it.</summary>
    private static string Check(byte[] body)
    {
        var fields = Encoding.UTF8.GetString(body).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .ToDictionary(field => field[0], field => field[1..]);
        // PostgreSQL has this one as an internal error too.
        var isInternal = fields['C'].StartsWith("XX", StringComparison.Ordinal)
            && !fields['M'].StartsWith("unsupported jsonb version number", StringComparison.Ordinal);
        Assert.True(fields['C'].Length == 5 && !isInternal, $"{fields['C']} {fields['M']}");
        Assert.NotEmpty(fields['M']);
        return fields['S'];
    }

    private static byte[] Mutate(Random random, byte[] seed)
    {
        var bytes = (byte[])seed.Clone();
        for (var count = random.Next(MostMutations + 1); count > 0 && bytes.Length > 0; count--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(9))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = random.Next(2) == 0 ? byte.MaxValue : (byte)0; break;
                case 3 when at + 2 <= bytes.Length: BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(at), (short)Interesting(random));
                break;
                case 4 when at + 4 <= bytes.Length: BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), Interesting(random)); break;
                case 5 when random.Next(4) == 0: bytes = bytes[..at]; break;
                case 6: bytes = [.. bytes[..at], .. bytes.AsSpan(random.Next(at + 1), Math.Min(random.Next(24), bytes.Length - at)),
                    .. bytes[at..]]; break;
                case 7: bytes = [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(12))..]]; break;
                case 8: WireConversations.Shuffle(random, bytes); break;
            }
        }

        return bytes;
    }

    private static int Interesting(Random random) => random.Next(8) switch
    {
        0 => -1,
        1 => int.MaxValue,
        2 => int.MinValue,
        3 => 0,
        4 => random.Next(5),
        5 => random.Next(70_000),
        6 => 256 << 20,
        _ => 1 << random.Next(31),
    };

    /// <summary>What a connection takes for its own mistake fails the test with its stack.</summary>
    private sealed class InternalErrors : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            throw new InvalidOperationException(formatter(state, exception), exception);
    }

    private sealed record Transport(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Gives some bytes at a time, as a network does.</summary>
    private sealed class ChunkStream(byte[] bytes, int chunk) : MemoryStream(bytes, writable: false)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer.Length > chunk ? buffer[..chunk] : buffer, cancellationToken);
    }
}
