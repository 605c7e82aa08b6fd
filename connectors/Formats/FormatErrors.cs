using Federation.Core.Errors;

namespace Federation.Connectors.Formats;

/// <summary>The errors of this assembly; each names the file, because the user cannot see which of many was read.</summary>
public static class FormatErrors
{
    public static SqlException Corrupt(string path, string problem, Exception? inner = null) =>
        new(SqlState.DataCorrupted, $"file \"{path}\" is corrupt: {problem}", inner);

    public static SqlException Unsupported(string path, string feature) =>
        new(SqlState.FeatureNotSupported, $"file \"{path}\" cannot be read: {feature}");

    public static SqlException TooLarge(string path, string problem) =>
        new(SqlState.ProgramLimitExceeded, $"file \"{path}\" cannot be read: {problem}");
}
