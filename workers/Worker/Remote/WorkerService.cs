using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Tasks.Json;
using Federation.Core.Types;
using Federation.Flight;
using Federation.Flight.Protocol;
using Federation.Flight.Server;
using Federation.Worker.Exchange;
using Action = Federation.Flight.Protocol.Action;

namespace Federation.Worker.Remote;

/// <summary>
/// A worker behind Arrow Flight: runs the tasks that coordinators send and hands out what tasks have spooled. Only callers with the
/// cluster's secret are heard.
/// </summary>
public sealed class WorkerService(string clusterSecret) : FlightService
{
    private readonly byte[] _authorization = Encoding.UTF8.GetBytes($"Bearer {clusterSecret}");
    private readonly ConcurrentDictionary<string, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<byte[]>>> _actions =
        new(StringComparer.Ordinal);
    private TaskRunner? _runner;

    /// <summary>
    /// The tasks' runner. Calls before are refused with 57P03: a worker has its address, which the runner needs, only once it listens.
    /// </summary>
    public void Attach(TaskRunner runner) => _runner = runner;

    /// <summary>Answers a further action of members of the cluster: from its body to the body of the one result.</summary>
    public void Serve(string type, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<byte[]>> answer) => _actions[type] = answer;

    public override IAsyncEnumerable<FlightData> DoGetAsync(Ticket ticket, FlightCallContext context)
    {
        var runner = Admit(context);
        return TaskJson.ReadTicket(ticket.Ticket_.Span) switch
        {
            WorkerTicket.Run run => StreamAsync(runner, run.Task, context.CancellationToken),
            WorkerTicket.Read read => ReadAsync(runner, read),
            var other => throw new SqlException(SqlState.ProtocolViolation, $"malformed ticket: {other.GetType().Name}"),
        };
    }

    public override IAsyncEnumerable<Result> DoActionAsync(Action action, FlightCallContext context)
    {
        var runner = Admit(context);
        return action.Type switch
        {
            WorkerProtocol.OpenQuery => HoldAsync(runner, action, context.CancellationToken),
            WorkerProtocol.SpoolTask => SpoolAsync(runner, TaskJson.ReadTask(action.Body.Span), context.CancellationToken),
            WorkerProtocol.Ping => AnswerAsync(static (_, _) => ValueTask.FromResult<byte[]>([]), action, context.CancellationToken),
            _ when _actions.TryGetValue(action.Type, out var answer) => AnswerAsync(answer, action, context.CancellationToken),
            _ => throw new SqlException(SqlState.FeatureNotSupported, $"action \"{action.Type}\" is not supported"),
        };
    }

    private TaskRunner Admit(FlightCallContext context)
    {
        var given = Encoding.UTF8.GetBytes(context.FindHeader(WorkerProtocol.Authorization) ?? "");
        if (!CryptographicOperations.FixedTimeEquals(given, _authorization))
            throw new SqlException(SqlState.InvalidAuthorizationSpecification, "the caller does not belong to this cluster");
        return _runner ?? throw new SqlException(SqlState.CannotConnectNow, "the worker is starting up");
    }

    private static async IAsyncEnumerable<Result> AnswerAsync(
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<byte[]>> answer, Action action,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var body = await answer(action.Body.Memory, cancellationToken);
        yield return new Result { Body = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(body) };
    }

    private static async IAsyncEnumerable<Result> HoldAsync(TaskRunner runner, Action action, [EnumeratorCancellation]
        CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(action.Body.ToStringUtf8(), CultureInfo.InvariantCulture, out var query))
            throw new SqlException(SqlState.ProtocolViolation, "malformed query id");
        await using var hold = await runner.OpenQueryAsync(query, cancellationToken);
        yield return new Result();
        await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async IAsyncEnumerable<Result> SpoolAsync(TaskRunner runner, TaskSpec task, [EnumeratorCancellation]
        CancellationToken cancellationToken)
    {
        var report = await runner.SpoolAsync(task, cancellationToken);
        yield return new Result { Body = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(TaskJson.Write(report)) };
    }

    private static async IAsyncEnumerable<FlightData> StreamAsync(TaskRunner runner, TaskSpec task, [EnumeratorCancellation]
        CancellationToken cancellationToken)
    {
        var schema = IpcSchema.Encode(
            new BatchSchema(task.Columns.Select(column => new Field(column.Name, column.Type)).ToEquatableArray()), IpcForm.Internal);
        var encoder = new IpcBatchWriter(schema);
        yield return new FlightData(schema);
        await foreach (var batch in runner.RunAsync(task, cancellationToken))
        {
            FlightData data;
            using (batch) data = new FlightData(encoder.Encode(batch));
            yield return data;
        }
    }

    private static async IAsyncEnumerable<FlightData> ReadAsync(TaskRunner runner, WorkerTicket.Read read)
    {
        var output = runner.Spool.Find(read.Task);
        yield return new FlightData(output.Schema);
        for (var i = 0; i < output.PageCount(read.Partition); i++)
        {
            var page = output.Read(read.Partition, i);
            yield return new FlightData(page.Header, page.Body?.Memory ?? default, page.Body);
        }

        await Task.CompletedTask;
    }
}
