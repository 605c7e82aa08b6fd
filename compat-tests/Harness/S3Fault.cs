namespace Federation.CompatTests.Harness;

/// <summary>What an <see cref="S3Server"/> does with a request instead of answering it.</summary>
public enum S3Fault
{
    None,

    /// <summary>500 InternalError.</summary>
    Error,

    /// <summary>503 SlowDown.</summary>
    SlowDown,

    /// <summary>The connection is reset; nothing was done.</summary>
    Reset,

    /// <summary>The request is carried out, and the connection is reset instead of an answer.</summary>
    LostAnswer,

    /// <summary>Half of the answer's body is sent, then the connection is reset.</summary>
    HalfAnswer,

    /// <summary>No answer at all until the client gives up.</summary>
    Silence,
}

/// <summary>A request as tests choose faults by it.</summary>
/// <param name="Kind">get, head, put, delete, list, create-upload, put-part, complete-upload, abort-upload or assume-role.</param>
/// <param name="Range">The Range header, or null.</param>
public sealed record S3Request(string Kind, string Bucket, string Key, string? Range);
