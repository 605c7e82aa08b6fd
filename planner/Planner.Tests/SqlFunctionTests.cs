using Federation.Planner.Functions;
using Federation.Sql.Syntax;

namespace Federation.Planner.Tests;

public sealed class SqlFunctionTests
{
    /// <summary>
    /// A body takes the place of its call, for ever if it leads back to its own name. Where the kernel computes other functions of a name,
    /// as overlaps of moments, a body of that name may call them.
    /// </summary>
    [Fact]
    public void No_function_written_in_SQL_leads_back_to_itself()
    {
        var calls = SqlFunctions.Keys.Select(key => key[..key.IndexOf('(', StringComparison.Ordinal)]).Distinct()
            .ToDictionary(name => name, name => SqlFunctions.Named(name).SelectMany(Called).ToHashSet(StringComparer.Ordinal));
        var computed = Federation.Planner.Writing.KernelFunctions.Keys.Where(key => key.Contains('(', StringComparison.Ordinal))
            .Select(key => key[..key.IndexOf('(', StringComparison.Ordinal)]).ToHashSet(StringComparer.Ordinal);
        foreach (var name in calls.Keys)
        {
            if (computed.Contains(name)) calls[name].Remove(name);
            var reached = new HashSet<string>(StringComparer.Ordinal);
            var open = new Stack<string>([name]);
            while (open.TryPop(out var next))
                foreach (var called in calls.GetValueOrDefault(next, []))
                    if (reached.Add(called))
                        open.Push(called);
            Assert.False(reached.Contains(name), $"{name} calls itself");
        }
    }

    private static IEnumerable<string> Called(SyntaxNode node)
    {
        var below = SyntaxTree.Children(node).SelectMany(Called);
        return node is FunctionCall call ? below.Prepend(call.Name.Name) : below;
    }
}
