using Federation.Arrow;
using Federation.Core.Tasks;

namespace Federation.Scheduling;

/// <summary>A worker that may be given tasks.</summary>
/// <param name="Address"><c>host:port</c> of its exchange; empty for the worker in this process.</param>
/// <param name="Lost">Fires when the worker's lease has run out or it was found dead: what it does or holds is not to be waited
/// for.</param>
public sealed record Worker(string Address, ITaskRunner<Batch> Runner, CancellationToken Lost);

/// <summary>The workers that are alive now. Thread-safe.</summary>
public interface IWorkerDirectory
{
    /// <summary>The worker in this process.</summary>
    Worker Local { get; }

    /// <summary>Workers of their own processes, for spread plans; empty when there are none.</summary>
    IReadOnlyList<Worker> Remote { get; }

    /// <summary>Tells that a worker could not be reached; it gets no tasks until it has renewed its lease.</summary>
    void Suspect(string address);
}
