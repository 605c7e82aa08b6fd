namespace Federation.CompatTests.Suite;

/// <summary>Tests that take minutes run a part by default and all of it with FEDERATION_FULL=1.</summary>
internal static class Full
{
    public static bool IsAsked { get; } = Environment.GetEnvironmentVariable("FEDERATION_FULL") == "1";
}

/// <summary>A test that has no shorter form.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FullTheoryAttribute : TheoryAttribute
{
    public FullTheoryAttribute()
    {
        if (!Full.IsAsked) Skip = "takes many minutes: set FEDERATION_FULL=1";
    }
}
