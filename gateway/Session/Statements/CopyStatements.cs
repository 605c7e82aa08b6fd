using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>COPY. Rows of the client come by <see cref="CopyFromPortal"/>, files by <see cref="CopyFiles"/>.</summary>
internal static class CopyStatements
{
    public static IPortal Open(QuerySession session, SessionServices services, PreparedStatement statement, CopyStatement copy,
        EquatableArray<object?> parameters)
    {
        if (copy.IsFrom)
        {
            var taken = CopyFromOptions.Read(statement.Target!.Name, statement.CopyFields!.Value, copy);
            return copy.IsToClient
                ? new CopyFromPortal(session, services, statement, copy, taken)
                : new CommandPortal(session, token => CopyFiles.ReadAsync(session, services, statement, copy, taken, token));
        }

        var options = Options(PreparedStatement.FieldsOf(statement.Query!), copy);
        return copy.IsToClient
            ? new RowPortal(session, null, token => SendAsync(session, services, statement, copy, options, parameters, token),
                rows => $"COPY {rows}") { Copy = options }
            : new CommandPortal(session, token => CopyFiles.WriteAsync(session, services, statement, copy, options, parameters, token));
    }

    /// <summary>What other sessions see of a COPY.</summary>
    internal static Func<SystemCatalog.CopyState> Progress(PreparedStatement statement, CopyStatement copy, CopyProgress progress)
    {
        var relation = copy.Table is null ? default : copy.IsFrom ? statement.Target!.Oid
            : statement.Query!.Tables.Values.Select(table => table.Source.TableOid).FirstOrDefault();
        // Which of the rows WHERE takes is known at the end.
        return () => new SystemCatalog.CopyState(copy.IsFrom, !copy.IsToClient, relation, progress.Bytes, progress.TotalBytes,
            copy.Where is null ? progress.Rows : null);
    }

    private static async IAsyncEnumerable<Batch> SendAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, CopyStatement copy, CopyOut options,
        EquatableArray<object?> parameters,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var shown = session.ShowCopy(Progress(statement, copy, options.Progress));
        await foreach (var batch in QueryStatements.RunAsync(session, services, statement, parameters, cancellationToken))
            yield return batch;
    }

    private static CopyOut Options(EquatableArray<ResultField> fields, CopyStatement copy)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var format = CopyFormat.Text;
        string? delimiter = null, nullText = null, quote = null, escape = null;
        var header = false;
        Expression? forceQuote = null;
        foreach (var option in copy.Options)
        {
            if (!seen.Add(option.Name))
                throw new SqlException(SqlState.SyntaxError, "conflicting or redundant options") { Position = option.Span.Position };
            switch (option.Name)
            {
                case "format":
                    format = Text(option) switch
                    {
                        "text" => CopyFormat.Text,
                        "csv" => CopyFormat.Csv,
                        "binary" => CopyFormat.Binary,
                        var other => throw new SqlException(SqlState.InvalidParameterValue, $"COPY format \"{other}\" not recognized")
                            { Position = option.Span.Position },
                    };
                    break;
                case "delimiter": delimiter = Text(option); break;
                case "null": nullText = Text(option); break;
                case "header":
                    header = option.Value is null || Text(option).ToLowerInvariant() is "true" or "on" or "1" or "match";
                    Check(option.Value is not null && Text(option).Equals("match", StringComparison.OrdinalIgnoreCase),
                        SqlState.FeatureNotSupported, "cannot use \"match\" with HEADER in COPY TO");
                    break;
                case CopyFiles.ServerOption: CopyFiles.CheckServer(copy, option); break;
                case "quote": quote = Text(option); break;
                case "escape": escape = Text(option); break;
                case "force_quote": forceQuote = option.Value; break;
                case "encoding"
                    when Text(option).Replace("-", "", StringComparison.Ordinal).Equals("UTF8", StringComparison.OrdinalIgnoreCase): break;
                case "freeze" or "force_not_null" or "force_null": throw new SqlException(SqlState.FeatureNotSupported,
                    $"COPY {option.Name.ToUpperInvariant().Replace('_', ' ')} only available using COPY FROM");
                default: throw new SqlException(SqlState.SyntaxError, $"option \"{option.Name}\" not recognized")
                    { Position = option.Span.Position };
            }
        }

        var isCsv = format == CopyFormat.Csv;
        Check(format == CopyFormat.Binary && delimiter is not null, SqlState.SyntaxError, "cannot specify DELIMITER in BINARY mode");
        Check(format == CopyFormat.Binary && nullText is not null, SqlState.SyntaxError, "cannot specify NULL in BINARY mode");
        Check(format == CopyFormat.Binary && header, SqlState.FeatureNotSupported, "cannot specify HEADER in BINARY mode");
        Check(delimiter is { Length: not 1 }, SqlState.FeatureNotSupported, "COPY delimiter must be a single one-byte character");
        Check(delimiter is "\n" or "\r", SqlState.InvalidParameterValue, "COPY delimiter cannot be newline or carriage return");
        Check(!isCsv && quote is not null, SqlState.FeatureNotSupported, "COPY quote available only in CSV mode");
        Check(quote is { Length: not 1 }, SqlState.FeatureNotSupported, "COPY quote must be a single one-byte character");
        Check(isCsv && quote is not null && quote == (delimiter ?? ","), SqlState.InvalidParameterValue,
            "COPY delimiter and quote must be different");
        Check(!isCsv && escape is not null, SqlState.FeatureNotSupported, "COPY escape available only in CSV mode");
        Check(escape is { Length: not 1 }, SqlState.FeatureNotSupported, "COPY escape must be a single one-byte character");
        Check(!isCsv && forceQuote is not null, SqlState.FeatureNotSupported, "COPY force quote available only in CSV mode");
        var quoteCharacter = quote?[0] ?? '"';
        return new CopyOut(fields, format)
        {
            Delimiter = delimiter?[0] ?? (isCsv ? ',' : '\t'),
            NullText = nullText ?? (isCsv ? "" : "\\N"),
            Header = header,
            Quote = quoteCharacter,
            Escape = escape?[0] ?? quoteCharacter,
            ForceQuote = ForcedColumns(fields, forceQuote),
        };
    }

    internal static EquatableArray<int> ForcedColumns(EquatableArray<ResultField> fields, Expression? forced)
    {
        if (forced is null) return [];
        if (forced is Star) return Enumerable.Range(0, fields.Count).ToEquatableArray();
        var names = forced is ArrayExpression list ? list.Items.Select(NameOf) : [NameOf(forced)];
        return names.Select(name =>
        {
            var index = Array.FindIndex(fields.ToArray(), field => field.Name == name);
            return index >= 0 ? index : throw new SqlException(SqlState.UndefinedColumn, $"column \"{name}\" does not exist");
        }).ToEquatableArray();
    }

    internal static string NameOf(Expression expression) => expression switch
    {
        StringLiteral literal => literal.Value,
        ColumnReference reference => reference.Name,
        _ => throw new SqlException(SqlState.SyntaxError, "argument to option \"force_quote\" must be a list of column names")
            { Position = expression.Span.Position },
    };

    internal static string Text(OptionItem option) => option.Value switch
    {
        StringLiteral literal => literal.Value,
        NumberLiteral literal => literal.Text,
        BooleanLiteral literal => literal.Value ? "true" : "false",
        ColumnReference reference => reference.Name,
        _ => throw new SqlException(SqlState.SyntaxError, $"{option.Name} requires a parameter") { Position = option.Span.Position },
    };

    internal static void Check(bool isWrong, SqlState state, string message)
    {
        if (isWrong) throw new SqlException(state, message);
    }
}
