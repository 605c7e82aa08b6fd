using System.Text.Json.Serialization;

namespace Federation.Core.Tasks;

/// <summary>
/// What coordinators and workers say to each other over Arrow Flight. A call's life is the life of what it asked for: when the caller goes
/// away, so does the task or the query.
/// </summary>
public static class WorkerProtocol
{
    /// <summary>
    /// DoAction: the body is a query's id as text. Answers one empty result when the query is open, and ends when the caller cancels; then
    /// the query is closed.
    /// </summary>
    public const string OpenQuery = "federation.open_query";

    /// <summary>DoAction: the body is a task. Answers one result, its report, when the task has ended.</summary>
    public const string SpoolTask = "federation.spool_task";

    /// <summary>DoAction: answers one empty result at once.</summary>
    public const string Ping = "federation.ping";

    /// <summary>Header that carries the cluster's secret as <c>Bearer secret</c>.</summary>
    public const string Authorization = "authorization";
}

/// <summary>DoGet: what a worker is asked to stream.</summary>
[JsonDerivedType(typeof(Run), "run")]
[JsonDerivedType(typeof(Read), "read")]
public abstract record WorkerTicket
{
    private WorkerTicket() { }

    /// <summary>A task's rows as it makes them.</summary>
    public sealed record Run(TaskSpec Task) : WorkerTicket;

    /// <summary>A partition of what a task has spooled.</summary>
    public sealed record Read(TaskId Task, int Partition) : WorkerTicket;
}
