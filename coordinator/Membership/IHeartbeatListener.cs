using Federation.Catalog;
using Federation.Core.Errors;

namespace Federation.Membership;

/// <summary>A part of a gateway that goes by the heartbeat's answers. Calls are made one at a time, and are short.</summary>
public interface IHeartbeatListener
{
    /// <summary>The jobs that the next heartbeat renews.</summary>
    IReadOnlyList<JobLease> Held => [];

    /// <summary>The jobs that it asks about.</summary>
    IReadOnlyList<string> Jobs => [];

    /// <param name="askedAt">When the heartbeat was sent, by the monotonic clock.</param>
    void OnAnswer(HeartbeatAnswer answer, long askedAt);

    /// <summary>The store did not answer.</summary>
    void OnFailure(SqlException error) { }
}
