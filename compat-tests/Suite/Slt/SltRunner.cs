using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Slt;

/// <summary>How the records of a file fared.</summary>
internal sealed record SltOutcome(int Equal, int Skipped, IReadOnlyList<string> Failures);

/// <summary>
/// Runs files on PostgreSQL and on the gateway, a connection of its own per file. A record holds when PostgreSQL gives what is written and
/// the gateway gives what PostgreSQL gave: rows, column names, type oids and modifiers; or SQLSTATE, message and position. What begins like
/// a query also goes to the gateway by the extended protocol, so that Parse and Describe must know what Execute will return.
/// </summary>
internal sealed class SltRunner(ServerAddress postgres, ServerAddress gateway)
{
    private const uint FirstUserOid = 16384;

    /// <summary>What cannot be run twice: changes behind WITH, sequences and advisory locks.</summary>
    private static readonly System.Text.RegularExpressions.Regex s_change =
        new(@"^with\b.*\b(insert|update|delete|merge)\b|\b(nextval|setval|pg_(try_)?advisory_\w+)\s*\(",
            System.Text.RegularExpressions.RegexOptions.IgnoreCase | System.Text.RegularExpressions.RegexOptions.Singleline);

    private static readonly string[] s_queryWords = ["select", "values", "with", "table", "("];

    public async Task<SltOutcome> RunAsync(SltFile file, CancellationToken cancellationToken = default)
    {
        await using var oracle = await RawClient.ConnectAsync(postgres, cancellationToken);
        await using var subject = await RawClient.ConnectAsync(gateway, cancellationToken);
        var failures = new List<string>();
        var (equal, skipped) = (0, 0);
        foreach (var record in file.Records)
        {
            var expected = await oracle.QueryAsync(record.Sql, cancellationToken);
            var difference = FromWritten(record, expected);
            if (difference is not null)
            {
                failures.Add($"{file.Name}:{record.Line} [PostgreSQL] {record.Sql}\n  {difference}");
                continue;
            }

            difference = await CompareAsync(record, expected, subject, cancellationToken);
            if (record.SkipReason is not null)
            {
                skipped++;
                if (difference is not null && record.SkipReason.StartsWith("refused", StringComparison.Ordinal)
                    && !difference.Contains("gateway:    0A000", StringComparison.Ordinal))
                    failures.Add($"{file.Name}:{record.Line} {record.Sql}\n  is not refused: {difference}");
                if (difference is null)
                    failures.Add($"{file.Name}:{record.Line} {record.Sql}\n  is equal now: remove skipif ({record.SkipReason})");
            }
            else if (difference is null) equal++;
            else failures.Add($"{file.Name}:{record.Line} {record.Sql}\n  {difference}");
        }

        return new SltOutcome(equal, skipped, failures);
    }

    /// <summary>The records with PostgreSQL's answers as their expectations.</summary>
    public async Task<IReadOnlyList<SltRecord>> CompleteAsync(SltFile file, CancellationToken cancellationToken = default)
    {
        await using var oracle = await RawClient.ConnectAsync(postgres, cancellationToken);
        var records = new List<SltRecord>();
        foreach (var record in file.Records)
        {
            var result = await oracle.QueryAsync(record.Sql, cancellationToken);
            records.Add(result switch
            {
                { Error: { } error } => record with { Kind = SltKind.Error, Code = error.Code },
                { Columns.Count: 0 } => record with { Kind = SltKind.Statement },
                _ when record.Kind == SltKind.Statement => record,
                _ => record with { Kind = SltKind.Query, Types = Types(result), Rows = Rows(result, record.IsSorted) },
            });
        }

        return records;
    }

    private static async Task<string?> CompareAsync(SltRecord record, QueryResult expected, RawClient subject,
        CancellationToken cancellationToken)
    {
        var difference = Compare(record, expected, await subject.QueryAsync(record.Sql, cancellationToken));
        if (difference is not null) return difference;
        if (subject.Status != 'I' || record.Kind != SltKind.Query
            || !s_queryWords.Any(word => record.Sql.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            || s_change.IsMatch(record.Sql)) return null;
        difference = Compare(record, expected, await subject.ExecuteAsync(record.Sql, [], cancellationToken));
        return difference is null ? null : $"(extended protocol) {difference}";
    }

    private static string? FromWritten(SltRecord record, QueryResult actual)
    {
        if (record.Kind == SltKind.Error)
            return actual.Error?.Code == record.Code
                ? null
                : $"written: {record.Code}, PostgreSQL: {actual.Error?.ToString() ?? "no error"}";
        if (actual.Error is { } error) return $"PostgreSQL: {error}";
        if (record.Kind == SltKind.Statement) return null;
        if (Types(actual) != record.Types) return $"written: types {record.Types}, PostgreSQL: {Types(actual)}";
        var rows = Rows(actual, record.IsSorted);
        return rows.SequenceEqual(record.Rows, StringComparer.Ordinal)
            ? null
            : $"written:    {Print(record.Rows)}\n  PostgreSQL: {Print(rows)}";
    }

    private static string? Compare(SltRecord record, QueryResult expected, QueryResult actual)
    {
        if (expected.Error is not null || actual.Error is not null)
        {
            var (want, got) = (expected.Error?.ToString() ?? "no error", actual.Error?.ToString() ?? "no error");
            return expected.Error is not null && actual.Error is not null
                && expected.Error with { Detail = null, Hint = null } == actual.Error with { Detail = null, Hint = null }
                ? null
                : $"PostgreSQL: {want}\n  gateway:    {got}";
        }

        if (record.Kind == SltKind.Statement) return null;
        if (!expected.Columns.Select(Plain).SequenceEqual(actual.Columns.Select(Plain)))
            return $"PostgreSQL: {string.Join(", ", expected.Columns)}\n  gateway:    {string.Join(", ", actual.Columns)}";
        var (wanted, given) = (Rows(expected, record.IsSorted), Rows(actual, record.IsSorted));
        return wanted.SequenceEqual(given, StringComparer.Ordinal) ? null : $"PostgreSQL: {Print(wanted)}\n  gateway:    {Print(given)}";
    }

    /// <summary>OIDs of types that users define are each server's own.</summary>
    private static ColumnInfo Plain(ColumnInfo column) => column.TypeOid < FirstUserOid ? column : column with { TypeOid = FirstUserOid };

    private static string Print(IReadOnlyList<string> rows) => string.Join(" | ", rows);

    private static List<string> Rows(QueryResult result, bool isSorted)
    {
        var rows = result.Rows.Select(SltFile.Row).ToList();
        if (isSorted) rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    private static string Types(QueryResult result) => string.Concat(result.Columns.Select(column => column.TypeOid switch
    {
        16 => 'B',
        20 or 21 or 23 or 26 => 'I',
        700 or 701 or 1700 => 'R',
        1082 => 'D',
        1114 or 1184 => 'P',
        _ => 'T',
    }));
}
