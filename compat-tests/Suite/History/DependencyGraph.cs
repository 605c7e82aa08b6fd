namespace Federation.CompatTests.Suite.History;

/// <summary>Which transaction must come before which, and why.</summary>
internal sealed class DependencyGraph(int count)
{
    private readonly List<(int To, string Reason, bool IsAnti)>[] _edges =
        [.. Enumerable.Range(0, count).Select(_ => new List<(int, string, bool)>())];

    /// <summary>The second reads or overwrites what the first has written.</summary>
    public void Add(int from, int to, string reason) => Add(from, to, reason, isAnti: false);

    /// <summary>The second overwrites what the first has read.</summary>
    public void AddAnti(int from, int to, string reason) => Add(from, to, reason, isAnti: true);

    /// <summary>
    /// Whoever ended before another one began comes before it. Instants stand between, so that there are as many edges as transactions.
    /// </summary>
    /// <param name="times">When each began and ended; those that never began have no place in time.</param>
    public void AddClock(IReadOnlyList<(long Begun, long Ended)> times)
    {
        var byEnd = Enumerable.Range(0, times.Count).Where(i => times[i].Ended < long.MaxValue).OrderBy(i => times[i].Ended).ToList();
        var byBegin = Enumerable.Range(0, times.Count).Where(i => times[i].Begun < long.MaxValue).OrderBy(i => times[i].Begun).ToList();

        // Only those matter whose end no other transaction lies after: one that began after this end and ended before the next begin
        // stands for this one. The frontier stays as small as the number of clients.
        var frontier = new List<int>();
        var next = 0;
        foreach (var i in byBegin)
        {
            while (next < byEnd.Count && times[byEnd[next]].Ended < times[i].Begun)
            {
                var ended = byEnd[next++];
                frontier.RemoveAll(other => times[other].Ended < times[ended].Begun);
                frontier.Add(ended);
            }

            foreach (var before in frontier) Add(before, i, "clock");
        }
    }

    /// <summary>Cycles, at most one for each transaction that is in one.</summary>
    /// <param name="isSerializable">
    /// Every cycle counts; otherwise only those in which no two anti-dependencies follow each other.
    /// </param>
    public IReadOnlyList<IReadOnlyList<(int From, string Reason)>> FindCycles(bool isSerializable)
    {
        // In snapshot isolation a step is a dependency with at most one anti-dependency after it.
        var steps = isSerializable
            ? _edges.Select(edges => edges.Select(edge => (edge.To, edge.Reason)).ToList()).ToList()
            : [.. _edges.Select(edges => edges.Where(edge => !edge.IsAnti).SelectMany(edge =>
                _edges[edge.To].Where(anti => anti.IsAnti).Select(anti => (anti.To, $"{edge.Reason}, {anti.Reason}"))
                    .Prepend((edge.To, edge.Reason))).ToList())];
        var cycles = new List<IReadOnlyList<(int, string)>>();
        foreach (var component in Components(steps))
            if (component.Count > 1 || steps[component[0]].Any(step => step.Item1 == component[0]))
                cycles.Add(ShortestCycle(steps, component));
        return cycles;
    }

    private void Add(int from, int to, string reason, bool isAnti)
    {
        if (from != to) _edges[from].Add((to, reason, isAnti));
    }

    /// <summary>Strongly connected components (Tarjan), without recursion.</summary>
    private static List<List<int>> Components(List<List<(int To, string Reason)>> steps)
    {
        var (index, low) = (new int[steps.Count], new int[steps.Count]);
        var onStack = new bool[steps.Count];
        var (stack, calls) = (new Stack<int>(), new Stack<(int Node, int Edge)>());
        var components = new List<List<int>>();
        var counter = 0;
        for (var root = 0; root < steps.Count; root++)
        {
            if (index[root] != 0) continue;
            calls.Push((root, 0));
            while (calls.TryPop(out var call))
            {
                var (node, edge) = call;
                if (edge == 0)
                {
                    index[node] = low[node] = ++counter;
                    stack.Push(node);
                    onStack[node] = true;
                }
                else
                {
                    low[node] = Math.Min(low[node], low[steps[node][edge - 1].To]);
                }

                while (edge < steps[node].Count && index[steps[node][edge].To] != 0)
                {
                    if (onStack[steps[node][edge].To]) low[node] = Math.Min(low[node], index[steps[node][edge].To]);
                    edge++;
                }

                if (edge < steps[node].Count)
                {
                    calls.Push((node, edge + 1));
                    calls.Push((steps[node][edge].To, 0));
                    continue;
                }

                if (low[node] != index[node]) continue;
                var component = new List<int>();
                int member;
                do
                {
                    member = stack.Pop();
                    onStack[member] = false;
                    component.Add(member);
                }
                while (member != node);
                components.Add(component);
            }
        }

        return components;
    }

    /// <summary>The shortest way from the first member of a component back to it.</summary>
    private static List<(int From, string Reason)> ShortestCycle(List<List<(int To, string Reason)>> steps, List<int> component)
    {
        var start = component[0];
        var inside = component.ToHashSet();
        var cameFrom = new Dictionary<int, (int From, string Reason)>();
        var queue = new Queue<int>([start]);
        while (queue.TryDequeue(out var node))
        {
            foreach (var (to, reason) in steps[node])
            {
                if (!inside.Contains(to) || !cameFrom.TryAdd(to, (node, reason))) continue;
                if (to == start)
                {
                    var cycle = new List<(int, string)>();
                    for (var at = start; cycle.Count == 0 || at != start; at = cameFrom[at].From) cycle.Add(cameFrom[at]);
                    cycle.Reverse();
                    return cycle;
                }

                queue.Enqueue(to);
            }
        }

        throw new System.Diagnostics.UnreachableException();
    }
}
