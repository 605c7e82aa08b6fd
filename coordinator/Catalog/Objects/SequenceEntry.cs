using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>
/// A sequence. Which values it has given is no part of the catalog's versions, since that is never rolled back: see
/// <see cref="ISequenceStore"/>.
/// </summary>
/// <param name="Type">The OID of smallint, integer or bigint.</param>
public sealed record SequenceEntry(Oid Oid, string Schema, string Name, string Owner, uint Type, SequenceRule Rule)
    : RelationEntry(Oid, Schema, Name, Owner)
{
    /// <summary>The state in the store; none for that of the sequence's own OID. RESTART gives the sequence a new one.</summary>
    public Oid State { get; init; }

    /// <summary>Where a state is that the store does not have yet.</summary>
    public SequencePosition First { get; init; }

    public Oid StateOid => State == Oid.None ? Oid : State;

    internal override RelationEntry Definition => this with { ChangedAt = 0 };

    protected override CatalogKey GetKey() => KeyOf(Schema, Name);

    public static CatalogKey KeyOf(string schema, string name) => new(ObjectKind.Sequence, schema, name);
}

/// <summary>Where a sequence is.</summary>
/// <param name="LastValue">The value given last; the one to be given next if none was given since the sequence was set.</param>
/// <param name="IsCalled">Whether <paramref name="LastValue"/> has been given.</param>
public readonly record struct SequencePosition(long LastValue, bool IsCalled);

/// <summary>Values that follow each other at equal distance.</summary>
/// <param name="Count">Zero when the sequence has reached its end.</param>
public readonly record struct SequenceRun(long First, long Count, SequencePosition Next);

/// <summary>Which values a sequence gives.</summary>
/// <param name="Increment">Not zero.</param>
/// <param name="Cache">How many values a session takes at a time.</param>
public sealed record SequenceRule(long Start, long Increment, long Minimum, long Maximum, long Cache, bool Cycles)
{
    /// <summary>The next values, at most <paramref name="count"/>: fewer up to the end, from where the next run begins anew.</summary>
    public SequenceRun Advance(SequencePosition position, long count)
    {
        Int128 first = position.IsCalled ? (Int128)position.LastValue + Increment : position.LastValue;
        if (first > Maximum || first < Minimum)
        {
            if (!Cycles) return new SequenceRun(0, 0, position);
            first = Increment > 0 ? Minimum : Maximum;
        }

        var left = Increment > 0 ? (Maximum - first) / Increment : (first - Minimum) / -(Int128)Increment;
        var taken = Int128.Min(count, left + 1);
        return new SequenceRun((long)first, (long)taken, new SequencePosition((long)(first + ((taken - 1) * Increment)), true));
    }
}
