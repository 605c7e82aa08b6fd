using System.Globalization;
using Federation.Catalog;
using Federation.Planner.Binding;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>The options of sequences, by the rules of PostgreSQL's init_params (sequence.c). Pure.</summary>
internal sealed record SequenceOptions(uint Type, SequenceRule Rule)
{
    /// <summary>Where RESTART puts the sequence; null without it.</summary>
    public long? Restart { get; init; }

    /// <summary>The options of a new sequence.</summary>
    /// <param name="type">The type without AS: that of the column for one that a column has.</param>
    /// <param name="isIdentity">For the words of errors.</param>
    public static SequenceOptions New(EquatableArray<SequenceOption> options, SqlType type, bool isIdentity) =>
        Read(options, null, type, isIdentity);

    /// <summary>The options of a sequence that is altered.</summary>
    public static SequenceOptions Altered(EquatableArray<SequenceOption> options, SequenceEntry present) =>
        Read(options, present, SqlType.FromOid(new Oid(present.Type))!, isIdentity: false);

    private static SequenceOptions Read(EquatableArray<SequenceOption> options, SequenceEntry? present, SqlType type, bool isIdentity)
    {
        var given = new Dictionary<SequenceOptionKind, SequenceOption>();
        foreach (var option in options)
            if (!given.TryAdd(option.Kind, option))
                throw new SqlException(SqlState.SyntaxError, "conflicting or redundant options") { Position = option.Span.Position };
        var before = type;
        if (given.TryGetValue(SequenceOptionKind.As, out var named)) type = TypeNames.Bind(named.Type!);
        if (type.IsArray || type.Base.Name is not ("int2" or "int4" or "int8"))
            throw new SqlException(SqlState.InvalidParameterValue,
                $"{(isIdentity ? "identity column" : "sequence")} type must be smallint, integer, or bigint");
        var (least, most) = BoundsOf(type);
        var rule = present?.Rule;
        var increment = NumberOf(SequenceOptionKind.Increment) ?? rule?.Increment ?? 1;
        if (increment == 0) throw Invalid("INCREMENT must not be zero");
        var (oldLeast, oldMost) = BoundsOf(before);
        var (resetsMaximum, resetsMinimum) = type == before ? (false, false) : (rule?.Maximum == oldMost, rule?.Minimum == oldLeast);
        var maximum = NumberOf(SequenceOptionKind.MaxValue)
            ?? (rule is null || given.ContainsKey(SequenceOptionKind.MaxValue) || resetsMaximum ? increment > 0 ? most : -1 : rule.Maximum);
        if (maximum < least || maximum > most) throw OutOfRange("MAXVALUE", maximum, type);
        var minimum = NumberOf(SequenceOptionKind.MinValue)
            ?? (rule is null || given.ContainsKey(SequenceOptionKind.MinValue) || resetsMinimum ? increment > 0 ? 1 : least : rule.Minimum);
        if (minimum < least || minimum > most) throw OutOfRange("MINVALUE", minimum, type);
        if (minimum >= maximum) throw Invalid($"MINVALUE ({minimum}) must be less than MAXVALUE ({maximum})");
        var start = NumberOf(SequenceOptionKind.Start) ?? rule?.Start ?? (increment > 0 ? minimum : maximum);
        RequireWithin("START", start);
        long? restart = given.TryGetValue(SequenceOptionKind.Restart, out _) ? NumberOf(SequenceOptionKind.Restart) ?? start : null;
        if (restart is { } value) RequireWithin("RESTART", value);
        var cache = NumberOf(SequenceOptionKind.Cache) ?? rule?.Cache ?? 1;
        if (cache <= 0) throw Invalid($"CACHE ({cache}) must be greater than zero");
        var cycles = given.TryGetValue(SequenceOptionKind.Cycle, out var cycle) ? cycle.IsOn : rule?.Cycles ?? false;
        return new SequenceOptions(type.AnnouncedOid.Value, new SequenceRule(start, increment, minimum, maximum, cache, cycles))
            { Restart = restart };

        long? NumberOf(SequenceOptionKind kind)
        {
            if (!given.TryGetValue(kind, out var option) || option.Number is not { } text) return null;
            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)) return number;
            throw text.All(character => char.IsAsciiDigit(character) || character == '-')
                ? new SqlException(SqlState.NumericValueOutOfRange, $"value \"{text}\" is out of range for type bigint")
                : new SqlException(SqlState.InvalidTextRepresentation, $"invalid input syntax for type bigint: \"{text}\"");
        }

        void RequireWithin(string word, long number)
        {
            if (number < minimum) throw Invalid($"{word} value ({number}) cannot be less than MINVALUE ({minimum})");
            if (number > maximum) throw Invalid($"{word} value ({number}) cannot be greater than MAXVALUE ({maximum})");
        }
    }

    private static (long Least, long Most) BoundsOf(SqlType type) => type.Base.Name switch
    {
        "int2" => (short.MinValue, short.MaxValue),
        "int4" => (int.MinValue, int.MaxValue),
        _ => (long.MinValue, long.MaxValue),
    };

    private static SqlException OutOfRange(string word, long value, SqlType type) =>
        Invalid($"{word} ({value}) is out of range for sequence data type {type}");

    private static SqlException Invalid(string message) => new(SqlState.InvalidParameterValue, message);
}
