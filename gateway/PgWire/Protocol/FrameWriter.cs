using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Pipelines;

namespace Federation.PgWire.Protocol;

/// <summary>
/// Writes messages straight into the memory of a pipe. A message is started by <see cref="Begin"/> and gets its length at <see
/// cref="End"/>; until then it can be taken back.
/// </summary>
internal sealed class FrameWriter(PipeWriter pipe) : ByteWriter(pipe)
{
    private const int HeaderBytes = sizeof(byte) + sizeof(int);

    public bool FlushIsDue { get; private set; }

    public void Begin(BackendMessageType type)
    {
        Debug.Assert(Mark == 0, "the message before was not ended");
        GetSpan(HeaderBytes)[0] = (byte)type;
        Advance(HeaderBytes);
    }

    public void End()
    {
        PatchInt32(sizeof(byte), Mark - sizeof(byte));
        EndRecord();
    }

    public void WriteEmpty(BackendMessageType type)
    {
        Begin(type);
        End();
    }

    /// <summary>Asks for a flush before the next wait; answers to pipelined messages leave together.</summary>
    public void RequestFlush() => FlushIsDue = true;

    /// <summary>The result of work that may take long: what the client is owed already is sent before waiting for it.</summary>
    public ValueTask<T> WaitForAsync<T>(ValueTask<T> work, CancellationToken cancellationToken) =>
        work.IsCompleted || !FlushIsDue ? work : FlushAndWaitAsync(work, cancellationToken);

    protected override void OnFlush() => FlushIsDue = false;

    private async ValueTask<T> FlushAndWaitAsync<T>(ValueTask<T> work, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        return await work;
    }
}
