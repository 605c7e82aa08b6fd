using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Federation.CompatTests.Suite.Protocol;

/// <summary>
/// A client that shows what the server really sent: text rows, type oids, SQLSTATEs. One caller at a time.
/// </summary>
internal sealed class RawClient : IAsyncDisposable
{
    private readonly TcpClient _client;
    private readonly BufferedStream _stream;

    private RawClient(TcpClient client)
    {
        _client = client;
        _stream = new BufferedStream(client.GetStream(), 1 << 16);
    }

    /// <summary>The status byte of the last ReadyForQuery.</summary>
    public char Status { get; private set; }

    /// <summary>The session's id, and the secret of cancel requests.</summary>
    public (int ProcessId, byte[] Secret) Key { get; private set; }

    /// <summary>Notices and warnings that came with the last result.</summary>
    public IReadOnlyList<ServerError> Notices { get; private set; } = [];

    /// <summary>Sends a cancel request, and waits until the server has dealt with it.</summary>
    public static async Task CancelAsync(ServerAddress server, int processId, byte[] secret)
    {
        using var socket = new TcpClient { NoDelay = true };
        await socket.ConnectAsync(server.Host, server.Port);
        using var bytes = new MemoryStream();
        Append(bytes, null, [.. BigEndian(80877102), .. BigEndian(processId), .. secret]);
        await socket.GetStream().WriteAsync(bytes.ToArray());
        Assert.Equal(0, await socket.GetStream().ReadAsync(new byte[1]));
    }

    public static async Task<RawClient> ConnectAsync(ServerAddress server, CancellationToken cancellationToken = default)
    {
        var socket = new TcpClient { NoDelay = true };
        await socket.ConnectAsync(server.Host, server.Port, cancellationToken);
        var client = new RawClient(socket);
        var body = new MemoryStream();
        body.Write([0, 3, 0, 0]);
        foreach (var text in (string[])["user", server.User, "database", server.Database, "TimeZone", "UTC", ""])
            body.Write(Encoding.UTF8.GetBytes(text + "\0"));
        await client.WriteAsync(null, body.ToArray(), cancellationToken);
        var result = await client.ReadToReadyAsync(cancellationToken);
        return result.Error is { } error ? throw new IOException($"cannot log in: {error}") : client;
    }

    /// <summary>Runs a query string by the simple protocol, which answers in text.</summary>
    public async Task<QueryResult> QueryAsync(string sql, CancellationToken cancellationToken = default)
    {
        await WriteAsync('Q', Encoding.UTF8.GetBytes(sql + "\0"), cancellationToken);
        return await ReadToReadyAsync(cancellationToken);
    }

    /// <summary>
    /// Runs one statement by the extended protocol: Parse, Bind, Describe, Execute, Sync; parameters and results as text.
    /// </summary>
    public async Task<QueryResult> ExecuteAsync(string sql, IReadOnlyList<string?> parameters,
        CancellationToken cancellationToken = default)
    {
        var bytes = new MemoryStream();
        Append(bytes, 'P', [0, .. Encoding.UTF8.GetBytes(sql + "\0"), 0, 0]);
        var bind = new MemoryStream();
        bind.Write([0, 0, 0, 0]);
        bind.Write(BigEndian((short)parameters.Count));
        foreach (var parameter in parameters)
        {
            var value = parameter is null ? [] : Encoding.UTF8.GetBytes(parameter);
            bind.Write(BigEndian(parameter is null ? -1 : value.Length));
            bind.Write(value);
        }

        bind.Write([0, 0]);
        Append(bytes, 'B', bind.ToArray());
        Append(bytes, 'D', [(byte)'P', 0]);
        Append(bytes, 'E', [0, 0, 0, 0, 0]);
        Append(bytes, 'S', []);
        await _client.GetStream().WriteAsync(bytes.ToArray(), cancellationToken);
        return await ReadToReadyAsync(cancellationToken);
    }

    /// <summary>COPY … FROM STDIN with all of its data, in pieces of so many bytes.</summary>
    public async Task<QueryResult> CopyInAsync(string sql, ReadOnlyMemory<byte> data, int pieceBytes,
        CancellationToken cancellationToken = default)
    {
        using var bytes = new MemoryStream();
        Append(bytes, 'Q', Encoding.UTF8.GetBytes(sql + "\0"));
        for (var start = 0L; start < data.Length; start += pieceBytes)
            Append(bytes, 'd', data.Span.Slice((int)start, (int)Math.Min(pieceBytes, data.Length - start)));
        Append(bytes, 'c', []);
        await _client.GetStream().WriteAsync(bytes.ToArray(), cancellationToken);
        return await ReadToReadyAsync(cancellationToken);
    }

    /// <summary>Sends a message whose body is a text, with a zero behind a query, and reads nothing.</summary>
    public async Task SendAsync(char type, string text)
    {
        using var bytes = new MemoryStream();
        Append(bytes, type, [.. Encoding.UTF8.GetBytes(text), .. type == 'Q' ? [(byte)0] : Array.Empty<byte>()]);
        await _client.GetStream().WriteAsync(bytes.ToArray());
    }

    /// <summary>The answer to what was sent.</summary>
    public Task<QueryResult> ReadAnswerAsync() => ReadToReadyAsync(CancellationToken.None);

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static byte[] BigEndian(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] BigEndian(short value)
    {
        var bytes = new byte[sizeof(short)];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        return bytes;
    }

    private static void Append(MemoryStream stream, char? type, ReadOnlySpan<byte> body)
    {
        if (type is { } code) stream.WriteByte((byte)code);
        stream.Write(BigEndian(body.Length + sizeof(int)));
        stream.Write(body);
    }

    private async Task WriteAsync(char? type, byte[] body, CancellationToken cancellationToken)
    {
        var bytes = new MemoryStream();
        Append(bytes, type, body);
        await _client.GetStream().WriteAsync(bytes.ToArray(), cancellationToken);
    }

    private async Task<QueryResult> ReadToReadyAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ColumnInfo> columns = [];
        var rows = new List<string?[]>();
        var tag = "";
        ServerError? error = null;
        string? context = null;
        var notices = new List<ServerError>();
        Notices = notices;
        while (true)
        {
            var (type, body) = await ReadMessageAsync(cancellationToken);
            switch (type)
            {
                case 'T':
                    columns = Columns(body);
                    rows.Clear();
                    break;
                case 'D': rows.Add(Row(body)); break;
                case 'N': notices.Add(Error(body).Error); break;
                case 'K': Key = (BinaryPrimitives.ReadInt32BigEndian(body), body[sizeof(int)..]); break;
                case 'C': tag = Encoding.UTF8.GetString(body.AsSpan(0, body.Length - 1)); break;
                case 'E':
                    if (error is null) (error, context) = Error(body);
                    if (error.Code == "57P01" || (Status == 0 && error.Code is "3D000" or "28P01" or "28000"))
                        return new QueryResult([], [], "", error);
                    break;
                case 'Z':
                    Status = (char)body[0];
                    return new QueryResult(columns, rows, tag, error) { Context = context };
                default: break; // parameter statuses, authentication
            }
        }
    }

    private async ValueTask<(char Type, byte[] Body)> ReadMessageAsync(CancellationToken cancellationToken)
    {
        var header = new byte[1 + sizeof(int)];
        await _stream.ReadExactlyAsync(header, cancellationToken);
        var body = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - sizeof(int)];
        await _stream.ReadExactlyAsync(body, cancellationToken);
        return ((char)header[0], body);
    }

    private static ColumnInfo[] Columns(ReadOnlySpan<byte> body)
    {
        var columns = new ColumnInfo[BinaryPrimitives.ReadInt16BigEndian(body)];
        body = body[sizeof(short)..];
        for (var i = 0; i < columns.Length; i++)
        {
            var end = body.IndexOf((byte)0);
            var name = Encoding.UTF8.GetString(body[..end]);
            body = body[(end + 1)..];
            columns[i] = new ColumnInfo(name, BinaryPrimitives.ReadUInt32BigEndian(body[6..]),
                BinaryPrimitives.ReadInt32BigEndian(body[12..]));
            body = body[18..];
        }

        return columns;
    }

    private static string?[] Row(ReadOnlySpan<byte> body)
    {
        var values = new string?[BinaryPrimitives.ReadInt16BigEndian(body)];
        body = body[sizeof(short)..];
        for (var i = 0; i < values.Length; i++)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(body);
            body = body[sizeof(int)..];
            if (length < 0) continue;
            values[i] = Encoding.UTF8.GetString(body[..length]);
            body = body[length..];
        }

        return values;
    }

    private static (ServerError Error, string? Context) Error(ReadOnlySpan<byte> body)
    {
        var fields = new Dictionary<char, string>();
        while (body.Length > 1)
        {
            var end = body.IndexOf((byte)0);
            fields[(char)body[0]] = Encoding.UTF8.GetString(body[1..end]);
            body = body[(end + 1)..];
        }

        var position = fields.TryGetValue('P', out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
        return (new ServerError(fields['C'], fields['M'], position, fields.GetValueOrDefault('D'), fields.GetValueOrDefault('H')),
            fields.GetValueOrDefault('W'));
    }
}
