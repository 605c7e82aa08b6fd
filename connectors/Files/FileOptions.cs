using System.Globalization;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.Connectors.Files;

/// <summary>The options of a server of the wrapper files. Null means that the file is looked at.</summary>
internal sealed record FileOptions(string Root, bool? HasHeader, char? Delimiter, char Quote, char Escape, string NullText, int SampleRows)
{
    private const int DefaultSampleRows = 10_000;

    public static readonly IReadOnlyList<ConnectorOption> All =
    [
        new("root", OptionScope.Server, "folder whose files are the tables: /folder or s3://bucket/folder", IsRequired: true),
        new("header", OptionScope.Server, "CSV: whether the first line names the columns; looked at when not given"),
        new("delimiter", OptionScope.Server, "CSV: the character between fields; looked at when not given"),
        new("quote", OptionScope.Server, "CSV: the character around fields, a double quote when not given"),
        new("escape", OptionScope.Server, "CSV: the character before a quote inside of quotes, the quote itself when not given"),
        new("null", OptionScope.Server, "CSV: the unquoted text that stands for NULL, empty when not given"),
        .. S3ServerOptions.All,
        new("sample_rows", OptionScope.Server, "CSV and JSON: rows of each file that are looked at to find names and types"),
    ];

    public static FileOptions Read(ConnectorDefinition definition)
    {
        var root = definition.Option("root")
            ?? throw new SqlException(
                SqlState.FdwDynamicParameterValueNeeded, $"server \"{definition.ServerName}\" needs the option \"root\"");
        root = StoragePath.Normalise(root);
        if (!Path.IsPathRooted(root) && !StoragePath.IsRemote(root)) throw Invalid("root", root, "an absolute path or s3://bucket/folder");
        var quote = Character(definition, "quote") ?? '"';
        return new FileOptions(
            StoragePath.Full(root), Boolean(definition, "header"), Character(definition, "delimiter"), quote,
                Character(definition, "escape") ?? quote,
            definition.Option("null") ?? "", Count(definition, "sample_rows") ?? DefaultSampleRows);
    }

    internal static bool? Boolean(ConnectorDefinition definition, string name) => definition.Option(name)?.ToLowerInvariant() switch
    {
        null => null,
        "true" or "on" or "yes" or "1" => true,
        "false" or "off" or "no" or "0" => false,
        var other => throw Invalid(name, other, "true or false"),
    };

    private static char? Character(ConnectorDefinition definition, string name) => definition.Option(name) switch
    {
        null => null,
        [var single] when single is > ' ' and < (char)127 or '\t' or ' ' => single,
        "\\t" => '\t',
        var other => throw Invalid(name, other, "one ASCII character"),
    };

    private static int? Count(ConnectorDefinition definition, string name) => definition.Option(name) switch
    {
        null => null,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0 => value,
        var other => throw Invalid(name, other, "a positive number"),
    };

    internal static SqlException Invalid(string name, string value, string expected) =>
        new(SqlState.FdwInvalidAttributeValue, $"invalid value for option \"{name}\": \"{value}\"") { Detail = $"Expected {expected}." };
}
