namespace Federation.Session.Settings;

public enum SettingKind
{
    Bool,
    Integer,
    Real,
    Text,
    Enum,
}

/// <summary>One row of the settings table, which feeds SET, SHOW, pg_settings, ParameterStatus and the documentation.</summary>
/// <param name="Name">In the case in which SHOW ALL and ParameterStatus spell it.</param>
public sealed record SettingDefinition(string Name, SettingKind Kind, string Default, string Description)
{
    /// <summary>Legal values of an enumeration.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>The unit of an integer without suffix: ms, kB, 8kB, s, min; null for a plain number.</summary>
    public string? Unit { get; init; }

    public long Minimum { get; init; } = int.MinValue;

    public long Maximum { get; init; } = int.MaxValue;

    /// <summary>Announced by ParameterStatus at the start and after each change.</summary>
    public bool IsReported { get; init; }

    /// <summary>Fixed for the server or the session; SET raises 55P02.</summary>
    public bool IsReadOnly { get; init; }

    public string Category { get; init; } = "Client Connection Defaults / Statement Behavior";
}
