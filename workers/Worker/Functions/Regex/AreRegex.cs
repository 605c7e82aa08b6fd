using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Text.RegularExpressions;
using Federation.Core.Errors;
using Federation.Core.Execution;
using DotNetRegex = System.Text.RegularExpressions.Regex;

namespace Federation.Worker.Functions.Regex;

/// <summary>The place of a match or group; negative start = the group took no part.</summary>
internal readonly record struct AreSpan(int Start, int Length)
{
    public static readonly AreSpan None = new(-1, 0);

    public int End => Start + Length;

    public string? In(string text) => Start < 0 ? null : text.Substring(Start, Length);
}

/// <summary>A compiled ARE that runs on .NET's engine. Immutable; use <see cref="Get"/>, which keeps what it compiles.</summary>
internal sealed class AreRegex
{
    private const int CacheSize = 256;
    private const int MaxGroupsOnThisStack = 200;
    private const int StackOfManyGroups = 256 << 20;

    // A pattern that backtracks for longer is refused rather than left to hold a kernel thread.
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    // After this the engine that does not backtrack is asked.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100);
    private static readonly ConcurrentDictionary<(string Pattern, string Flags), AreRegex> s_cache = new();

    [ThreadStatic]
    private static (string Pattern, string Flags, AreRegex Regex) t_last;

    private readonly Engine _engine;
    private readonly Lazy<Engine> _wide;
    private readonly bool _isAmbiguous;
    private readonly bool _capturesMayDiffer;
    private readonly bool _refers;
    private readonly bool _confusesDotNet;
    private readonly Lazy<AreTree> _tree;

    private AreRegex(string pattern, AreOptions options)
    {
        (var tree, options, GroupCount) = AreParser.Parse(pattern, options);
        Options = options;
        _engine = new Engine(AreAnalysis.ToDotNet(tree, isWide: false, options.IgnoreCase));
        _wide = new Lazy<Engine>(() => new Engine(AreAnalysis.ToDotNet(tree, isWide: true, options.IgnoreCase)));
        _isAmbiguous = AreAnalysis.IsAmbiguous(tree);
        _capturesMayDiffer = GroupCount > 0 && AreAnalysis.CapturesMayDiffer(tree);
        _refers = AreAnalysis.Refers(tree);
        _confusesDotNet = AreAnalysis.ConfusesDotNet(tree);
        var ignoresCase = options.IgnoreCase;
        _tree = new Lazy<AreTree>(() => AreTree.Of(tree, ignoresCase));
    }

    public AreOptions Options { get; }

    public int GroupCount { get; }

    public static AreRegex Get(ReadOnlySpan<char> pattern, ReadOnlySpan<char> flags)
    {
        // The pattern is nearly always the same from row to row.
        var last = t_last;
        if (last.Regex is not null && pattern.SequenceEqual(last.Pattern) && flags.SequenceEqual(last.Flags)) return last.Regex;
        var key = (pattern.ToString(), flags.ToString());
        if (!s_cache.TryGetValue(key, out var regex))
        {
            regex = Create(key.Item1, AreOptions.Parse(flags));
            if (s_cache.Count >= CacheSize) s_cache.Clear();
            s_cache.TryAdd(key, regex);
        }

        t_last = (key.Item1, key.Item2, regex);
        return regex;
    }

    /// <summary>Parser, analysis and .NET's own compiler go as deep as the groups do; many groups get a stack of their own.</summary>
    private static AreRegex Create(string pattern, AreOptions options)
    {
        if (pattern.AsSpan().Count('(') <= MaxGroupsOnThisStack) return new AreRegex(pattern, options);
        AreRegex? regex = null;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    regex = new AreRegex(pattern, options);
                }
                catch (Exception error)
                {
                    failure = ExceptionDispatchInfo.Capture(error);
                }
            },
            StackOfManyGroups) { Name = "regular expression" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return regex!;
    }

    /// <summary>Whether there is a match; which one does not matter, so .NET's answer is PostgreSQL's, but for back-references.</summary>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        if (_refers) return Match(text.ToString(), 0) is not null;
        if (_confusesDotNet) return Dissection(text.ToString()).FirstBegin(0) >= 0;
        try
        {
            return EngineFor(text).Quick.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            var engine = EngineFor(text);
            return Linear(engine.Linear, engine.Regex, text);
        }
    }

    /// <summary>The first match from a position, as the spans of the whole and of each group; null when there is none.</summary>
    public AreSpan[]? Match(string text, int from) => Match(EngineFor(text), text, from);

    private AreSpan[]? Match(Engine engine, string text, int from)
    {
        try
        {
            if (_refers) return Dissection(text).Search(from);
            if (_confusesDotNet)
            {
                var dissection = Dissection(text);
                return dissection.FirstBegin(from) is var begin and >= 0 ? dissection.MatchAt(begin, null) : null;
            }

            var match = engine.Regex.Match(text, from);
            if (!match.Success) return null;
            if (!_isAmbiguous && !_capturesMayDiffer) return Spans(match);
            AreSpan? known = _capturesMayDiffer ? null : new AreSpan(match.Index, match.Length);
            var spans = Dissection(text).MatchAt(match.Index, known);
            return spans is [] ? Spans(match) : spans;
        }
        catch (RegexMatchTimeoutException)
        {
            throw TooComplex();
        }
    }

    private AreDissection Dissection(string text) => new(_tree.Value, new AreText(text), GroupCount, Options.IgnoreCase);

    /// <summary>Whether the expression takes exactly this text, by whatever choices.</summary>
    public bool IsWholeMatch(ReadOnlySpan<char> text)
    {
        try
        {
            return EngineFor(text).QuickWhole.Value.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            var engine = EngineFor(text);
            return Linear(engine.LinearWhole, engine.Whole.Value, text);
        }
    }

    /// <summary>
    /// Whether there is a match, for a pattern that backtracks for long: by .NET's other engine, whose time grows with the text alone. It
    /// does not know back-references and lookaround, and refuses repetitions that would make it too large; those get the rest of the time.
    /// </summary>
    private static bool Linear(Lazy<DotNetRegex?> linear, DotNetRegex backtracking, ReadOnlySpan<char> text)
    {
        try
        {
            return (linear.Value ?? backtracking).IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            throw TooComplex();
        }
    }

    private Engine EngineFor(ReadOnlySpan<char> text) => text.ContainsAnyInRange('\ud800', '\udfff') ? _wide.Value : _engine;

    /// <summary>An expression compiled for .NET's engines. Letters of both cases stand in it where case does not matter.</summary>
    private sealed class Engine(string text)
    {
        private const RegexOptions Flags = RegexOptions.CultureInvariant;

        private readonly string _whole = $@"\A(?:{text})\z";

        public DotNetRegex Regex { get; } = new(text, Flags, Timeout);

        public DotNetRegex Quick { get; } = new(text, Flags, s_patience);

        public Lazy<DotNetRegex?> Linear { get; } = new(() => ToLinear(text, Flags));

        public Lazy<DotNetRegex> Whole => field ??= new Lazy<DotNetRegex>(() => new DotNetRegex(_whole, Flags, Timeout));

        public Lazy<DotNetRegex> QuickWhole => field ??= new Lazy<DotNetRegex>(() => new DotNetRegex(_whole, Flags, s_patience));

        public Lazy<DotNetRegex?> LinearWhole => field ??= new Lazy<DotNetRegex?>(() => ToLinear(_whole, Flags));
    }

    private static DotNetRegex? ToLinear(string text, RegexOptions flags)
    {
        try
        {
            return new DotNetRegex(text, flags | RegexOptions.NonBacktracking, Timeout);
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Every match, from left to right. The search goes on behind the last match, one further when that was empty.</summary>
    public IEnumerable<AreSpan[]> Matches(string text, int from = 0)
    {
        var engine = EngineFor(text);
        while (from <= text.Length && Match(engine, text, from) is { } match)
        {
            StatementGuard.Check();
            yield return match;
            from = match[0].End;

            // Behind an empty match the next one begins a character later, which may be two units.
            if (match[0].Length == 0) from += from + 1 < text.Length && char.IsSurrogatePair(text[from], text[from + 1]) ? 2 : 1;
        }
    }

    private AreSpan[] Spans(Match match)
    {
        var spans = new AreSpan[GroupCount + 1];
        for (var i = 0; i < spans.Length; i++)
            spans[i] = match.Groups[i] is { Success: true } group ? new AreSpan(group.Index, group.Length) : AreSpan.None;
        return spans;
    }

    private static SqlException TooComplex() =>
        new(SqlState.InvalidRegularExpression, "regular expression failed: the pattern takes too long on this text");
}
