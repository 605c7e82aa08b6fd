namespace Federation.CompatTests.Suite;

/// <summary>Gateways that run in the tests' own process.</summary>
internal static class InProcess
{
    /// <summary>
    /// What each is given. A gateway ends statements when its process has grown beyond its limit, and cannot tell which part of the memory
    /// is another gateway's, or what a test before it has left.
    /// </summary>
    public const long MemoryLimitBytes = 4096L << 20;
}
