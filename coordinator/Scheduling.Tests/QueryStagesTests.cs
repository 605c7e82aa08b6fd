using Federation.Arrow;
using Federation.Core.Tasks;

namespace Federation.Scheduling.Tests;

/// <summary>Which tasks run again when a worker is lost.</summary>
public sealed class QueryStagesTests
{
    private static readonly Worker s_first = new("first", new NoRunner(), CancellationToken.None);
    private static readonly Worker s_second = new("second", new NoRunner(), CancellationToken.None);

    [Fact]
    public void An_output_that_nobody_reads_any_more_stays_lost()
    {
        var stages = Stages();
        Finish(stages[0], s_first, s_second);
        Finish(stages[1], s_second, s_second);
        stages.Lose([s_first]);
        Assert.Equal("## ## ..", Describe(stages));
    }

    [Fact]
    public void A_lost_output_runs_again_when_the_reader_is_not_done()
    {
        var stages = Stages();
        Finish(stages[0], s_first, s_second);
        stages.Lose([s_first]);
        Assert.Equal(".# .. ..", Describe(stages));
        Assert.True(stages.IsLost(s_first));
        Assert.False(stages.IsLost(s_second));
    }

    /// <summary>The reader on the living worker has rows of the old output, its neighbour would have rows of the new.</summary>
    [Fact]
    public void Readers_of_an_output_that_runs_again_run_again()
    {
        var stages = Stages();
        Finish(stages[0], s_first, s_second);
        Finish(stages[1], s_first, s_second);
        stages.Lose([s_first]);
        Assert.Equal(".# .. ..", Describe(stages));
    }

    [Fact]
    public void A_task_that_was_running_takes_nothing_with_it_but_its_inputs()
    {
        var stages = Stages();
        Finish(stages[0], s_second, s_second);
        Finish(stages[1], s_second, s_first);
        stages[1][1].IsDone = false;
        stages.Lose([s_first]);
        Assert.Equal("## #. ..", Describe(stages));
    }

    [Fact]
    public void A_chain_of_lost_outputs_runs_again_from_its_beginning()
    {
        var stages = new QueryStages();
        stages.Add(0, 1, []);
        stages.Add(1, 2, [0]);
        stages.Add(2, 2, [1]);
        stages.Add(3, 1, [2]);
        Finish(stages[0], s_first);
        Finish(stages[1], s_first, s_second);
        Finish(stages[2], s_second, s_first);
        stages.Lose([s_first]);
        Assert.Equal(". .. .. .", string.Join(' ', Enumerable.Range(0, 4).Select(i => Describe(stages[i]))));
    }

    /// <summary>Two stages, each of two tasks, and a root.</summary>
    private static QueryStages Stages()
    {
        var stages = new QueryStages();
        stages.Add(0, 2, []);
        stages.Add(1, 2, [0]);
        stages.Add(2, 2, [1]);
        return stages;
    }

    private static void Finish(StagedTask[] stage, params Worker[] workers)
    {
        for (var i = 0; i < stage.Length; i++) (stage[i].Worker, stage[i].Attempt, stage[i].IsDone) = (workers[i], 0, true);
    }

    private static string Describe(QueryStages stages) => string.Join(' ', Enumerable.Range(0, 3).Select(i => Describe(stages[i])));

    private static string Describe(StagedTask[] stage) => string.Concat(stage.Select(task => task.IsDone ? '#' : '.'));

    private sealed class NoRunner : ITaskRunner<Batch>
    {
        public IAsyncEnumerable<Batch> RunAsync(TaskSpec task, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("nothing runs here");

        public ValueTask<TaskReport> SpoolAsync(TaskSpec task, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("nothing runs here");

        public ValueTask<IAsyncDisposable> OpenQueryAsync(Guid query, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("nothing runs here");
    }
}
