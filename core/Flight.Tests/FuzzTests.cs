using System.Net;
using System.Net.Http.Headers;
using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core.Errors;
using Federation.Flight.Client;
using Federation.Flight.Grpc;
using Federation.Flight.Protocol;
using Federation.Flight.Server;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Federation.Flight.Tests;

/// <summary>
/// Whatever bytes a peer sends, reading them ends with messages or a <see cref="SqlException"/>, and the server lives on.
/// </summary>
public sealed class FuzzTests
{
    private const int Inputs = 100_000;
    private const int SentInputs = 1000;
    private const int MostMutations = 6;

    [Fact]
    public async Task Mutated_messages()
    {
        var random = new Random(20_250_102);
        var seed = Seed();
        var refused = 0;
        for (var i = 0; i < Inputs; i++)
        {
            var bytes = Mutate(random, seed);
            try
            {
                using var input = new GrpcInput(new MemoryStream(bytes, writable: false), 64 << 20);
                using var reader = new IpcBatchReader(TestService.Schema);
                while (await FlightDataCodec.ReadAsync(input, CancellationToken.None) is { } data)
                {
                    using (data)
                    {
                        if (!data.Header.IsEmpty && data.Body.Length > 0) reader.Read(data.Header.Span, data.TakeBody())?.Dispose();
                        if (!data.Descriptor.IsEmpty) Parse(data.Descriptor.ToArray());
                    }
                }
            }
            catch (SqlException error)
            {
                Assert.True(error.State.Class is "08" or "0A" or "22" or "54", $"{error.State} {error.Message}");
                refused++;
            }
            catch (Exception exception)
            {
                Assert.Fail($"input {i}: {Convert.ToBase64String(bytes)}\n{exception}");
            }
        }

        Assert.InRange(refused, Inputs / 10, Inputs - 1);
    }

    /// <summary>The same over a connection: each call is answered, and the next one finds the server well.</summary>
    [Fact]
    public async Task Mutated_calls()
    {
        await using var server = new FlightServer(new FlightServerOptions(), new TestService(), NullLoggerFactory.Instance);
        await server.StartAsync(CancellationToken.None);
        using var http = new HttpMessageInvoker(new SocketsHttpHandler { EnableMultipleHttp2Connections = true });
        var random = new Random(20_250_103);
        var seed = Seed();
        string[] methods = ["DoPut", "DoExchange", "DoGet", "GetFlightInfo", "DoAction", "Handshake", "Nonsense"];
        for (var i = 0; i < SentInputs; i++)
        {
            using var content = new ByteArrayContent(Mutate(random, seed));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
            using var request = new HttpRequestMessage(HttpMethod.Post,
                new Uri(server.Address, $"/arrow.flight.protocol.FlightService/{methods[i % methods.Length]}"))
            {
                Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content,
            };
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            try
            {
                using var response = await http.SendAsync(request, limit.Token);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                await response.Content.CopyToAsync(System.IO.Stream.Null, limit.Token);
                Assert.True(response.TrailingHeaders.Contains("grpc-status"));
            }
            catch (HttpRequestException)
            {
                // The server may answer an early error and reset what is still sent.
            }
        }

        await using var client = new FlightClient(server.Address);
        Assert.Equal(7, (await client.GetFlightInfoAsync(new FlightDescriptor())).TotalRecords);
    }

    private static void Parse(byte[] descriptor)
    {
        try
        {
            FlightDescriptor.Parser.ParseFrom(descriptor);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new SqlException(SqlState.ProtocolViolation, exception.Message, exception);
        }
    }

    /// <summary>A stream of gRPC messages as DoPut sends it.</summary>
    private static byte[] Seed()
    {
        using var stream = new MemoryStream();
        var head = new System.Buffers.ArrayBufferWriter<byte>();
        var writer = new IpcBatchWriter(TestService.Schema);
        foreach (var data in (FlightData[])[new FlightData(TestService.Schema)
            { Descriptor = new FlightDescriptor { Path = { "table" } }.ToByteArray() }, Message(writer, 0), Message(writer, 20)])
        {
            using (data)
            {
                head.ResetWrittenCount();
                FlightDataCodec.WriteHead(head, data);
                stream.Write(head.WrittenSpan);
                stream.Write(data.Body.Span);
            }
        }

        return stream.ToArray();
    }

    private static FlightData Message(IpcBatchWriter writer, long first)
    {
        using var batch = TestService.Rows(first, 20);
        return new FlightData(writer.Encode(batch)) { AppMetadata = new byte[] { 1, 2, 3 } };
    }

    private static byte[] Mutate(Random random, byte[] seed)
    {
        var bytes = (byte[])seed.Clone();
        var mutations = 1 + random.Next(MostMutations);
        for (var i = 0; i < mutations; i++)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(5))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = byte.MaxValue; break;
                case 3: bytes[random.Next(Math.Min(32, bytes.Length))] ^= (byte)(1 << random.Next(8)); break;
                case 4 when random.Next(3) == 0: bytes = bytes[..(at + 1)]; break;
            }
        }

        return bytes;
    }
}
