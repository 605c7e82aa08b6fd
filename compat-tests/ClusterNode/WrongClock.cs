namespace Federation.CompatTests.ClusterNode;

/// <summary>
/// The machine's clock, wrong by a time that does not change. Its monotonic clock is right, as it is on a machine whose date was set wrong.
/// </summary>
internal sealed class WrongClock(TimeSpan error) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + error;
}
