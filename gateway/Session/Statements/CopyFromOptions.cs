using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>The options of COPY … FROM, checked in the order of PostgreSQL's ProcessCopyOptions.</summary>
internal static class CopyFromOptions
{
    public static CopyIn Read(string table, EquatableArray<ResultField> fields, CopyStatement copy)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var format = CopyFormat.Text;
        string? delimiter = null, nullText = null, quote = null, escape = null;
        var header = CopyHeader.None;
        Expression? forceNotNull = null, forceNull = null;
        foreach (var option in copy.Options)
        {
            if (!seen.Add(option.Name))
                throw new SqlException(SqlState.SyntaxError, "conflicting or redundant options") { Position = option.Span.Position };
            switch (option.Name)
            {
                case "format":
                    format = CopyStatements.Text(option) switch
                    {
                        "text" => CopyFormat.Text,
                        "csv" => CopyFormat.Csv,
                        "binary" => CopyFormat.Binary,
                        var other => throw new SqlException(SqlState.InvalidParameterValue, $"COPY format \"{other}\" not recognized")
                            { Position = option.Span.Position },
                    };
                    break;
                case "delimiter": delimiter = CopyStatements.Text(option); break;
                case "null": nullText = CopyStatements.Text(option); break;
                case "header":
                    header = option.Value is null ? CopyHeader.Skip : CopyStatements.Text(option).ToLowerInvariant() switch
                    {
                        "true" or "on" or "1" => CopyHeader.Skip,
                        "false" or "off" or "0" => CopyHeader.None,
                        "match" => CopyHeader.Match,
                        _ => throw new SqlException(SqlState.SyntaxError, "header requires a Boolean value or \"match\""),
                    };
                    break;
                case "quote": quote = CopyStatements.Text(option); break;
                case "escape": escape = CopyStatements.Text(option); break;
                case "force_not_null": forceNotNull = option.Value; break;
                case "force_null": forceNull = option.Value; break;
                case "freeze": break;
                case CopyFiles.ServerOption: CopyFiles.CheckServer(copy, option); break;
                case "force_quote": throw new SqlException(SqlState.FeatureNotSupported, "COPY force quote only available using COPY TO");
                case "encoding"
                    when CopyStatements.Text(option).Replace("-", "", StringComparison.Ordinal)
                        .Equals("UTF8", StringComparison.OrdinalIgnoreCase): break;
                case "encoding": throw new SqlException(SqlState.FeatureNotSupported,
                    $"COPY from encoding \"{CopyStatements.Text(option)}\" is not supported") { Position = option.Span.Position };
                default: throw new SqlException(SqlState.SyntaxError, $"option \"{option.Name}\" not recognized")
                    { Position = option.Span.Position };
            }
        }

        var isCsv = format == CopyFormat.Csv;
        CopyStatements.Check(format == CopyFormat.Binary && delimiter is not null, SqlState.SyntaxError,
            "cannot specify DELIMITER in BINARY mode");
        CopyStatements.Check(format == CopyFormat.Binary && nullText is not null, SqlState.SyntaxError,
            "cannot specify NULL in BINARY mode");
        CopyStatements.Check(format == CopyFormat.Binary && header != CopyHeader.None, SqlState.FeatureNotSupported,
            "cannot specify HEADER in BINARY mode");
        CopyStatements.Check(delimiter is { Length: not 1 } || delimiter?[0] > 127, SqlState.FeatureNotSupported,
            "COPY delimiter must be a single one-byte character");
        CopyStatements.Check(delimiter is "\n" or "\r", SqlState.InvalidParameterValue,
            "COPY delimiter cannot be newline or carriage return");
        CopyStatements.Check(nullText?.AsSpan().IndexOfAny('\n', '\r') >= 0, SqlState.InvalidParameterValue,
            "COPY null representation cannot use newline or carriage return");
        CopyStatements.Check(
            !isCsv && delimiter is not null && "\\.abcdefghijklmnopqrstuvwxyz0123456789".Contains(delimiter, StringComparison.Ordinal),
            SqlState.InvalidParameterValue,
            $"COPY delimiter cannot be \"{delimiter}\"");
        CopyStatements.Check(!isCsv && quote is not null, SqlState.FeatureNotSupported, "COPY quote available only in CSV mode");
        CopyStatements.Check(quote is { Length: not 1 }, SqlState.FeatureNotSupported, "COPY quote must be a single one-byte character");
        CopyStatements.Check(isCsv && (quote ?? "\"") == (delimiter ?? ","), SqlState.InvalidParameterValue,
            "COPY delimiter and quote must be different");
        CopyStatements.Check(!isCsv && escape is not null, SqlState.FeatureNotSupported, "COPY escape available only in CSV mode");
        CopyStatements.Check(escape is { Length: not 1 }, SqlState.FeatureNotSupported, "COPY escape must be a single one-byte character");
        CopyStatements.Check(!isCsv && forceNotNull is not null, SqlState.FeatureNotSupported,
            "COPY force not null available only in CSV mode");
        CopyStatements.Check(!isCsv && forceNull is not null, SqlState.FeatureNotSupported, "COPY force null available only in CSV mode");
        var quoteCharacter = quote?[0] ?? '"';
        return new CopyIn(table, fields, format)
        {
            Delimiter = delimiter?[0] ?? (isCsv ? ',' : '\t'),
            NullText = nullText ?? (isCsv ? "" : "\\N"),
            Header = header,
            Quote = quoteCharacter,
            Escape = escape?[0] ?? quoteCharacter,
            ForceNotNull = CopyStatements.ForcedColumns(fields, forceNotNull),
            ForceNull = CopyStatements.ForcedColumns(fields, forceNull),
        };
    }
}
