using System.Runtime.CompilerServices;
using Federation.Core.Errors;

namespace Federation.Core.Execution;

/// <summary>
/// What code that walks or loops over a user's input asks on its way: whether the statement has been cancelled, and whether the stack
/// suffices for another level. The token is the thread's, set by who runs work for a statement on it, so that deep code need not be handed
/// one.
/// </summary>
public static class StatementGuard
{
    [ThreadStatic]
    private static CancellationToken t_cancellation;

    /// <summary>The token of the statement that this thread works for.</summary>
    public static CancellationToken Cancellation => t_cancellation;

    /// <summary>One level of a recursion over a user's input begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void EnterLevel()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw TooDeep();
        t_cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>A loop over a user's input has done a piece of its work.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check() => t_cancellation.ThrowIfCancellationRequested();

    /// <summary>Makes the thread work for a statement until disposal.</summary>
    public static Scope Enter(CancellationToken cancellationToken)
    {
        var scope = new Scope(t_cancellation);
        t_cancellation = cancellationToken;
        return scope;
    }

    public static SqlException TooDeep() => new(SqlState.StatementTooComplex, "stack depth limit exceeded")
    {
        Hint = "Split the statement, or nest its expressions and queries less deeply.",
    };

    /// <summary>Gives the thread back to the statement that it worked for before.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly CancellationToken _before;

        internal Scope(CancellationToken before) => _before = before;

        public void Dispose() => t_cancellation = _before;
    }
}
