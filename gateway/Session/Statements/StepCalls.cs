using System.Globalization;
using Federation.Plan;
using Federation.Planner;
using Federation.Session.Locks;

namespace Federation.Session.Statements;

/// <summary>The calls of one statement that only the session can make: those of sequences and of advisory locks.</summary>
internal sealed class StepCalls(QuerySession session)
{
    private readonly SequenceCalls _sequences = new(session);

    /// <summary>Says that rows come whose calls will be made next.</summary>
    public void Expect(Oid sequence, long count) => _sequences.Expect(sequence, count);

    /// <summary>The value of a call; NULL when one of its arguments is.</summary>
    public async ValueTask<object?> CallAsync(FunctionEntry function, object?[] arguments, CancellationToken cancellationToken)
    {
        if (!SessionCalls.IsOfLocks(function))
            return await _sequences.CallAsync(function, arguments, cancellationToken);
        if (Array.Exists(arguments, argument => argument is null)) return null;
        var (name, locks) = (function.Name, session.Locks);
        if (name == "pg_advisory_unlock_all")
        {
            locks.ReleaseAll();
            return "";
        }

        var numbers = Array.ConvertAll(arguments, argument => Convert.ToInt64(argument, CultureInfo.InvariantCulture));
        var key = numbers is [var first, var second] ? AdvisoryKey.Of((int)first, (int)second) : AdvisoryKey.Of(numbers[0]);
        var isShared = name.EndsWith("_shared", StringComparison.Ordinal);
        if (name.StartsWith("pg_advisory_unlock", StringComparison.Ordinal)) return locks.Release(key, isShared);
        var waits = !name.StartsWith("pg_try_", StringComparison.Ordinal);
        var isTaken = await locks.TakeAsync(key, isShared, ofTransaction: name.Contains("_xact_", StringComparison.Ordinal), waits,
            cancellationToken);
        return waits ? "" : isTaken;
    }
}
