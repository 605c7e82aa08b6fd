namespace Federation.CompatTests.Suite.History;

/// <summary>How a transaction ended, as its client knows.</summary>
internal enum Outcome
{
    Committed,
    Aborted,

    /// <summary>The connection broke: it may have committed.</summary>
    Unknown,
}

/// <summary>One step of a transaction on a list, which is known by its key.</summary>
internal abstract record Operation(int Key)
{
    /// <param name="Value">Appended once in the whole history.</param>
    internal sealed record Append(int Key, int Value) : Operation(Key);

    /// <param name="Values">The list that was seen, own appends of the transaction among it.</param>
    internal sealed record Read(int Key, IReadOnlyList<int> Values) : Operation(Key);
}

/// <param name="Begun">Before its first statement was sent; of one clock with all others.</param>
/// <param name="Ended">After its outcome was known.</param>
internal sealed record HistoryTransaction(int Id, long Begun, long Ended, Outcome Outcome, IReadOnlyList<Operation> Operations);
