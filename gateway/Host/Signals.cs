using System.Runtime.InteropServices;

namespace Federation.Host;

/// <summary>SIGINT and SIGTERM, taken instead of the runtime's own end for as long as this lives.</summary>
internal sealed class Signals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;

    public Signals(Action<PosixSignal> action) =>
        _registrations = [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(signal => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            action(context.Signal);
        }))];

    /// <summary>Completes at the first signal, or when the token is cancelled.</summary>
    public static async Task WaitAsync(CancellationToken cancellationToken)
    {
        var signalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var signals = new Signals(_ => signalled.TrySetResult());
        using var stop = cancellationToken.Register(() => signalled.TrySetResult());
        await signalled.Task;
    }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }
}
