using Federation.Core.Errors;

namespace Federation.Worker.Functions.Regex;

/// <summary>The flags of PostgreSQL's regular expression functions.</summary>
internal readonly record struct AreOptions
{
    public bool IgnoreCase { get; init; }

    /// <summary>. and [^…] stop at line ends (flags n, m, p).</summary>
    public bool DotStopsAtNewline { get; init; }

    /// <summary>^ and $ match at line ends (flags n, m, w).</summary>
    public bool AnchorsMatchLines { get; init; }

    /// <summary>White space and comments in the pattern are ignored (x).</summary>
    public bool IsExpanded { get; init; }

    /// <summary>The pattern is plain text (q).</summary>
    public bool IsLiteral { get; init; }

    public bool IsGlobal { get; init; }

    public static AreOptions Parse(ReadOnlySpan<char> flags)
    {
        var options = default(AreOptions);
        foreach (var flag in flags)
            options = flag == 'g' ? options with { IsGlobal = true }
                : options.With(flag)
                    ?? throw new SqlException(SqlState.InvalidParameterValue, $"invalid regular expression option: \"{flag}\"");
        return options;
    }

    /// <summary>Null for an unknown flag.</summary>
    public AreOptions? With(char flag) => flag switch
    {
        'i' => this with { IgnoreCase = true },
        'c' => this with { IgnoreCase = false },
        's' => this with { DotStopsAtNewline = false, AnchorsMatchLines = false },
        'n' or 'm' => this with { DotStopsAtNewline = true, AnchorsMatchLines = true },
        'p' => this with { DotStopsAtNewline = true, AnchorsMatchLines = false },
        'w' => this with { DotStopsAtNewline = false, AnchorsMatchLines = true },
        'x' => this with { IsExpanded = true },
        't' => this with { IsExpanded = false },
        'q' => this with { IsLiteral = true },
        'e' => this,
        'b' => throw new SqlException(SqlState.FeatureNotSupported, "basic regular expressions are not supported"),
        _ => null,
    };
}
