namespace Federation.Core.Errors;

public enum NoticeSeverity
{
    Debug,
    Log,
    Info,
    Notice,
    Warning,
}

/// <summary>A message to the client that does not end the statement (NoticeResponse).</summary>
public sealed record SqlNotice(NoticeSeverity Severity, SqlState State, string Message)
{
    public string? Detail { get; init; }

    public string? Hint { get; init; }

    public int Position { get; init; }
}
