namespace Federation.Core.Errors;

/// <summary>A five-character SQLSTATE code (PostgreSQL 15, appendix A). The generated part names every code.</summary>
public readonly partial record struct SqlState(string Code)
{
    /// <summary>The class of the code: its first two characters.</summary>
    public string Class => Code[..2];

    public override string ToString() => Code;
}
