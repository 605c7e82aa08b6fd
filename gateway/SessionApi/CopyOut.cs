using Federation.Core;

namespace Federation.SessionApi;

public enum CopyFormat
{
    Text,
    Csv,
    Binary,
}

/// <summary>COPY … TO: format and options, already validated.</summary>
public sealed record CopyOut(EquatableArray<ResultField> Fields, CopyFormat Format)
{
    public char Delimiter { get; init; } = '\t';

    public string NullText { get; init; } = "\\N";

    public bool Header { get; init; }

    public char Quote { get; init; } = '"';

    public char Escape { get; init; } = '"';

    /// <summary>Columns to quote always (FORCE_QUOTE); empty for none.</summary>
    public EquatableArray<int> ForceQuote { get; init; }

    /// <summary>Told of what is written.</summary>
    public CopyProgress Progress { get; init; } = new();
}
