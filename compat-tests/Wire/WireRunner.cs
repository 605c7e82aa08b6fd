using System.Globalization;

namespace Federation.CompatTests.Wire;

/// <summary>The server that a script is played against. It must accept the user without a password.</summary>
public sealed record WireTarget(string Host, int Port, string User, string Database);

/// <summary>A block whose answers differ from the script's.</summary>
public sealed record WireMismatch(string Script, int LineNumber, IReadOnlyList<string> Expected, IReadOnlyList<string> Actual)
{
    public override string ToString() =>
        $"{Script}:{LineNumber}\nexpected:\n  {string.Join("\n  ", Expected)}\nactual:\n  {string.Join("\n  ", Actual)}";
}

/// <summary>
/// Plays scripts against a server and compares its answers, or records them. Thread-safe; each run has its own connections.
/// </summary>
public sealed class WireRunner(WireTarget target)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(20);

    /// <summary>The blocks that differ; empty when the server behaves as the script says.</summary>
    public async Task<IReadOnlyList<WireMismatch>> RunAsync(WireScript script, CancellationToken cancellationToken = default)
    {
        var mismatches = new List<WireMismatch>();
        await PlayAsync(script, (block, actual) =>
        {
            var expected = block.Messages.Select(WireMessage.Normalise).ToList();
            if (!expected.SequenceEqual(actual, StringComparer.Ordinal))
                mismatches.Add(new WireMismatch(script.Name, block.LineNumber, expected, actual));
        }, cancellationToken);
        return mismatches;
    }

    /// <summary>The script with the server's answers as its expectations.</summary>
    public async Task<string> RecordAsync(WireScript script, CancellationToken cancellationToken = default)
    {
        var answers = new Dictionary<int, IReadOnlyList<string>>();
        await PlayAsync(script, (block, actual) => answers[block.LineNumber] = actual, cancellationToken);
        return script.Rewrite(answers);
    }

    private async Task PlayAsync(WireScript script, Action<WireBlock, IReadOnlyList<string>> onAnswers, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(s_timeout);
        var connections = new Dictionary<string, WireConnection>(StringComparer.Ordinal);
        var current = default(WireConnection);
        try
        {
            foreach (var block in script.Blocks)
            {
                var argument = block.Arguments.FirstOrDefault() ?? "";
                switch (block.Kind)
                {
                    case WireBlockKind.Connect: current = connections[argument] = await ConnectAsync(script, timeout.Token); break;
                    case WireBlockKind.Open: current = connections[argument] = await WireConnection.OpenAsync(target, timeout.Token); break;
                    case WireBlockKind.Use: current = connections[argument]; break;
                    case WireBlockKind.Sleep: await Task.Delay(int.Parse(argument, CultureInfo.InvariantCulture), timeout.Token); break;
                    case WireBlockKind.Cancel: await CancelAsync(connections[argument], timeout.Token); break;
                    case WireBlockKind.Send: await SendAsync(Demand(current, script, block), block, timeout.Token); break;
                    default: onAnswers(block, await ReceiveAsync(Demand(current, script, block), script, block, timeout.Token)); break;
                }
            }
        }
        finally
        {
            foreach (var connection in connections.Values) await connection.DisposeAsync();
        }
    }

    private static WireConnection Demand(WireConnection? connection, WireScript script, WireBlock block) =>
        connection ?? throw new FormatException($"{script.Name}:{block.LineNumber}: no connection is open");

    private async Task<WireConnection> ConnectAsync(WireScript script, CancellationToken cancellationToken)
    {
        var connection = await WireConnection.OpenAsync(target, cancellationToken);
        await connection.LogInAsync(target, script.VolatileParameters, cancellationToken);
        return connection;
    }

    private async Task SendAsync(WireConnection connection, WireBlock block, CancellationToken cancellationToken)
    {
        // One write, so that pipelined messages arrive together.
        var bytes = new List<byte>();
        foreach (var line in block.Messages)
        {
            if (line is "SSLRequest" or "GSSENCRequest") connection.ExpectsSingleByte = true;
            var text = line.Replace("$user", target.User, StringComparison.Ordinal)
                .Replace("$database", target.Database, StringComparison.Ordinal);
            bytes.AddRange(FrontendEncoder.Encode(text));
        }

        await connection.SendAsync(bytes.ToArray(), cancellationToken);
    }

    private static async Task<List<string>> ReceiveAsync(
        WireConnection connection, WireScript script, WireBlock block, CancellationToken cancellationToken)
    {
        var ignored = block.Arguments.Where(word => word.StartsWith("ignore=", StringComparison.Ordinal))
            .SelectMany(word => word["ignore=".Length..].Split(',')).ToHashSet(StringComparer.Ordinal);
        var awaited = new Queue<string>(block.Arguments.Where(word => !word.Contains('=', StringComparison.Ordinal)));
        var lines = new List<string>();
        while (awaited.Count > 0)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(s_timeout / 2);
            WireMessage message;
            try
            {
                message = await connection.ReceiveAsync(script.VolatileParameters, patience.Token);
            }
            catch (OperationCanceledException)
            {
                message = new WireMessage("Nothing", null);
            }

            if (!ignored.Contains(message.Type)) lines.Add(message.ToString());
            if (message.Type == awaited.Peek()) awaited.Dequeue();
            else if (message.Type is "Closed" or "Nothing") break;
        }

        return lines;
    }

    private async Task CancelAsync(WireConnection victim, CancellationToken cancellationToken)
    {
        await using var connection = await WireConnection.OpenAsync(target, cancellationToken);
        await connection.SendAsync(
            FrontendEncoder.Encode(
                $"CancelRequest {{\"pid\":{victim.ProcessId},\"secret\":\"{Convert.ToHexString(victim.Secret)}\"}}"), cancellationToken);
        // The server closes this connection once it has acted.
        await connection.ReceiveAsync(new HashSet<string>(StringComparer.Ordinal), cancellationToken);
    }
}
