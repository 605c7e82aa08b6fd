using Federation.Core.Errors;

namespace Federation.PgWire.Protocol;

/// <summary>
/// What large messages of all clients may take together, from their first byte until the client waits for answers. The kernel reads a
/// value in one where it is, but a result may hold it once and what is sent once more, so a message counts three times. A message that
/// finds no room waits for others to end; one that is larger than all there is comes alone. Thread-safe.
/// </summary>
internal static class MessageMemory
{
    /// <summary>Smaller than what a process may take beside the kernel's limit.</summary>
    private const long MostBytes = 512L << 20;

    private const int Copies = 3;

    /// <summary>A client may send slowly, and hold up others: they are told after this time.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private static readonly Lock s_lock = new();
    private static readonly LinkedList<(long Bytes, TaskCompletionSource Entered)> s_waiting = [];
    private static long s_held;

    /// <summary>Waits for room. The error ends the connection: the message that comes cannot be skipped.</summary>
    public static async ValueTask EnterAsync(int messageBytes, CancellationToken cancellationToken)
    {
        var bytes = (long)messageBytes * Copies;
        LinkedListNode<(long Bytes, TaskCompletionSource Entered)> node;
        lock (s_lock)
        {
            if (s_waiting.Count == 0 && HasRoom(bytes))
            {
                s_held += bytes;
                return;
            }

            node = s_waiting.AddLast((bytes, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        try
        {
            await node.Value.Entered.Task.WaitAsync(s_patience, cancellationToken);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            lock (s_lock)
            {
                if (node.List is null) s_held -= bytes;
                else s_waiting.Remove(node);
                Admit();
            }

            if (error is OperationCanceledException) throw;
            throw new SqlException(SqlState.OutOfMemory, "out of memory", error)
            {
                Detail = "Large messages of other clients take the memory there is for them.",
                IsFatal = true,
            };
        }
    }

    public static void Leave(int messageBytes)
    {
        lock (s_lock)
        {
            s_held -= (long)messageBytes * Copies;
            Admit();
        }
    }

    private static bool HasRoom(long bytes) => s_held == 0 || s_held + bytes <= MostBytes;

    private static void Admit()
    {
        while (s_waiting.First is { } first && HasRoom(first.Value.Bytes))
        {
            s_held += first.Value.Bytes;
            s_waiting.RemoveFirst();
            first.Value.Entered.SetResult();
        }
    }
}
