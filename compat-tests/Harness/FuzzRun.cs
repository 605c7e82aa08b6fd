using System.Diagnostics;
using System.Globalization;

namespace Federation.CompatTests.Harness;

/// <summary>
/// Gives many inputs to a reader, one after another on a thread of its own, and stops at the first that raises, hangs, or allocates beyond
/// a bound. The message tells the input's number and its bytes, so that it can be tried again alone.
/// </summary>
public static class FuzzRun
{
    /// <summary>Far above any honest input, also where the machine is busy with other work.</summary>
    private static readonly TimeSpan s_inputLimit = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs the inputs 0 to <paramref name="count"/> - 1.</summary>
    /// <param name="make">An input by its number; called in order.</param>
    /// <param name="read">What is under test. Raises for what must not happen.</param>
    /// <param name="mostBytes">The most that reading may allocate on the thread of the caller, by the length of the input.</param>
    /// <exception cref="InvalidOperationException">An input raised, hung or allocated too much.</exception>
    public static void Run(int count, Func<int, byte[]> make, Action<byte[]> read, Func<int, long> mostBytes)
    {
        var state = new State();
        var thread = new Thread(() => state.Failure = ReadAll(state, count, make, read, mostBytes)) { IsBackground = true, Name = "fuzz" };
        thread.Start();
        while (!thread.Join(s_look))
        {
            var started = Interlocked.Read(ref state.Started);
            if (started == 0 || Stopwatch.GetElapsedTime(started) < s_inputLimit) continue;
            throw new InvalidOperationException(Describe(state.Number, state.Input, $"is not read after {s_inputLimit}"));
        }

        if (state.Failure is { } failure) throw failure;
    }

    private static InvalidOperationException? ReadAll(State state, int count, Func<int, byte[]> make, Action<byte[]> read,
        Func<int, long> mostBytes)
    {
        for (var i = 0; i < count; i++)
        {
            var input = make(i);
            (state.Number, state.Input) = (i, input);
            Interlocked.Exchange(ref state.Started, Stopwatch.GetTimestamp());
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(input);
            }
            catch (Exception exception)
            {
                return new InvalidOperationException(Describe(i, input, exception.ToString()), exception);
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Interlocked.Exchange(ref state.Started, 0);
            if (allocated > mostBytes(input.Length))
                return new InvalidOperationException(
                    Describe(i, input, string.Create(CultureInfo.InvariantCulture, $"of {input.Length} bytes allocates {allocated}")));
        }

        return null;
    }

    private static string Describe(int number, byte[] input, string problem) =>
        string.Create(CultureInfo.InvariantCulture, $"input {number} {problem}\n{Convert.ToBase64String(input)}");

    private sealed class State
    {
        /// <summary>When the input of now was begun; 0 between inputs.</summary>
        public long Started;

        public volatile int Number;

        public volatile byte[] Input = [];

        public volatile InvalidOperationException? Failure;
    }
}
