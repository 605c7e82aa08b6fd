namespace Federation.CompatTests.Suite.History;

/// <summary>The checker finds what it is there for, and nothing where there is nothing.</summary>
public sealed class HistoryCheckerTests
{
    private int _next;

    [Fact]
    public void A_serial_history_is_right()
    {
        HistoryTransaction[] history =
        [
            After(Append(1, 10), Read(2)), After(Append(1, 11), Append(2, 20)), After(Read(1, 10, 11), Append(1, 12), Read(1, 10, 11, 12)),
            After(Read(1, 10, 11, 12), Read(2, 20)),
        ];
        Assert.Empty(HistoryChecker.Check(history, isSerializable: true));
        Assert.Empty(HistoryChecker.Check(history, isSerializable: false));
    }

    [Fact]
    public void A_read_of_what_was_rolled_back_is_found() => Find(
        "rolled back", true, After(Append(1, 10)) with { Outcome = Outcome.Aborted }, After(Read(1, 10)));

    [Fact]
    public void A_value_from_nowhere_is_found() => Find("nobody appended", true, After(Read(1, 7)));

    [Fact]
    public void Half_a_transaction_is_found() => Find(
        "lacks 11", true, After(Append(1, 10), Append(1, 11)), After(Read(1, 10)), After(Read(1, 10, 11)));

    [Fact]
    public void Lists_that_part_are_found() => Find(
        "no beginning", true, After(Append(1, 10)), After(Append(1, 11)), After(Read(1, 11)), After(Read(1, 10, 11)));

    [Fact]
    public void Own_appends_that_are_not_seen_are_found() =>
        Find("should be", true, After(Read(1), Append(1, 10), Read(1)), After(Read(1, 10)));

    /// <summary>An acknowledged append that a later read lacks.</summary>
    [Fact]
    public void A_lost_append_is_found()
    {
        Find("cycle", true, After(Append(1, 10)), After(Append(1, 11)), After(Read(1, 10)));
        Find("cycle", true, After(Append(1, 10)), After(Read(1)));
    }

    [Fact]
    public void A_lost_update_is_found_at_both_levels()
    {
        // Both saw nothing and both appended.
        HistoryTransaction[] history = [Together(Read(1), Append(1, 10)), Together(Read(1), Append(1, 11)), After(Read(1, 10, 11))];
        Assert.NotEmpty(HistoryChecker.Check(history, isSerializable: true));
        Assert.NotEmpty(HistoryChecker.Check(history, isSerializable: false));
    }

    [Fact]
    public void Read_skew_is_found_at_both_levels()
    {
        HistoryTransaction[] history =
            [Together(Append(1, 10), Append(2, 20)), Together(Read(1, 10), Read(2)), After(Read(1, 10), Read(2, 20))];
        Assert.NotEmpty(HistoryChecker.Check(history, isSerializable: true));
        Assert.NotEmpty(HistoryChecker.Check(history, isSerializable: false));
    }

    [Fact]
    public void Write_skew_is_allowed_in_snapshot_isolation_alone()
    {
        HistoryTransaction[] history =
            [Together(Read(1), Append(2, 20)), Together(Read(2), Append(1, 10)), After(Read(1, 10), Read(2, 20))];
        Assert.NotEmpty(HistoryChecker.Check(history, isSerializable: true));
        Assert.Empty(HistoryChecker.Check(history, isSerializable: false));
    }

    [Fact]
    public void A_long_fork_is_found_at_both_levels()
    {
        HistoryTransaction[] history =
        [
            Together(Append(1, 10)), Together(Append(2, 20)), Together(Read(1, 10), Read(2)), Together(Read(1), Read(2, 20)),
            After(Read(1, 10), Read(2, 20)),
        ];
        Assert.NotEmpty(HistoryChecker.Check(history, isSerializable: true));
        Assert.NotEmpty(HistoryChecker.Check(history, isSerializable: false));
    }

    [Fact]
    public void A_transaction_of_unknown_outcome_may_be_there_or_not()
    {
        var unknown = After(Append(1, 10)) with { Outcome = Outcome.Unknown };
        Assert.Empty(HistoryChecker.Check([unknown, After(Read(1, 10))], isSerializable: true));
        Assert.Empty(HistoryChecker.Check([unknown, After(Read(1))], isSerializable: true));
        Find("cycle", true, unknown, After(Read(1, 10)), After(Read(1)));
    }

    private static void Find(string expected, bool isSerializable, params HistoryTransaction[] history) =>
        Assert.Contains(HistoryChecker.Check(history, isSerializable), line => line.Contains(expected, StringComparison.Ordinal));

    private static Operation Append(int key, int value) => new Operation.Append(key, value);

    private static Operation Read(int key, params int[] values) => new Operation.Read(key, values);

    /// <summary>A transaction after all before it.</summary>
    private HistoryTransaction After(params Operation[] operations)
    {
        var id = ++_next;
        return new HistoryTransaction(id, 1000 + (10 * id), 1005 + (10 * id), Outcome.Committed, operations);
    }

    /// <summary>A transaction at the same time as all others that are made so.</summary>
    private HistoryTransaction Together(params Operation[] operations) => new(++_next, 0, 999, Outcome.Committed, operations);
}
