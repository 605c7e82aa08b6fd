using Federation.Core;

namespace Federation.Connectors.Spi;

/// <summary>How far a source applies one conjunct.</summary>
public enum PushPrecision
{
    /// <summary>Not at all; the engine applies it.</summary>
    Unsupported,

    /// <summary>
    /// Some rows that fail it may still come (statistics, partitions); the engine applies it again and pushes no LIMIT below.
    /// </summary>
    Inexact,

    /// <summary>Exactly the rows for which it is true come; the engine drops it.</summary>
    Exact,
}

/// <param name="Handle">The handle with the filters absorbed; the same handle when nothing was.</param>
/// <param name="Conjuncts">One answer per conjunct asked, in order.</param>
public sealed record FilterPushdown(ITableHandle Handle, EquatableArray<PushedConjunct> Conjuncts);

/// <param name="Reason">Why it was not pushed exactly, for EXPLAIN; null when exact.</param>
public sealed record PushedConjunct(PushPrecision Precision, string? Reason = null);

/// <summary>
/// Plan time, no I/O. A conjunct may only be taken exactly when the source gives PostgreSQL's answer for it: same collation, same NULLs,
/// same rounding. Repeated calls add to what the handle already holds.
/// </summary>
public interface IFilterPushdown
{
    FilterPushdown PushFilter(ITableHandle handle, EquatableArray<ConnectorExpression> conjuncts);
}

/// <summary>Plan time, no I/O.</summary>
public interface ILimitPushdown
{
    /// <summary>A handle that yields at most about <paramref name="count"/> rows, or null. The engine keeps its own LIMIT.</summary>
    ITableHandle? PushLimit(ITableHandle handle, long count);
}

/// <summary>
/// Plan time, no I/O: a source that runs whole queries over its tables. It takes a tree only when its rows are those that PostgreSQL would
/// give: the same texts for equal and for less, the same result types and scales, NULLs placed as asked, the same errors for wrong values.
/// </summary>
public interface ISubtreePushdown
{
    SubtreePushdown TryTake(RelationalTree tree);
}

/// <param name="Handle">A handle whose columns are those of the tree, under their names; null when the tree was refused.</param>
/// <param name="Reason">Why it was refused, for EXPLAIN; null when it was taken.</param>
public sealed record SubtreePushdown(ITableHandle? Handle, string? Reason);
