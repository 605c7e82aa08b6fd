using Federation.Session.Settings;
using Federation.SessionApi;
using Federation.Sql.Syntax;
using Federation.SystemCatalog;

namespace Federation.Session.Statements;

/// <summary>SET, RESET and SHOW.</summary>
internal static class SettingStatements
{
    private static readonly EquatableArray<ResultField> s_showAll =
    [
        new ResultField("name", SqlType.Text, default, 0), new ResultField("setting", SqlType.Text, default, 0),
        new ResultField("description", SqlType.Text, default, 0),
    ];

    /// <summary>Raises 42704 for an unknown setting, before anything is announced.</summary>
    public static EquatableArray<ResultField> FieldsOf(QuerySession session, ShowStatement show)
    {
        if (show.Name is not { } name) return s_showAll;
        session.ShowSetting(name);
        return [new ResultField(SettingsTable.Find(name)?.Name ?? name, SqlType.Text, default, 0)];
    }

    public static RowPortal Show(QuerySession session, ShowStatement show)
    {
        var fields = FieldsOf(session, show);
        return new RowPortal(session, fields, _ => TextRows.StreamAsync(fields, ShowRows(session, show)), _ => "SHOW");
    }

    public static async ValueTask<string> SetAsync(QuerySession session, SetStatement set, CancellationToken cancellationToken)
    {
        if (set.Scope == SettingScope.Local && session.TransactionStatus == TransactionStatus.Idle)
            session.Notify(NoticeSeverity.Warning, SqlState.NoActiveSqlTransaction, "SET LOCAL can only be used in transaction blocks");
        var value = set.Values.Count == 0 ? null : string.Join(", ", set.Values.Select(item => ValueText(session, set.Name, item)));
        if (SessionIdentity.IsIdentity(set.Name))
            await session.Identity.SetAsync(set.Name, value, set.Scope == SettingScope.Local, cancellationToken);
        else session.SetSetting(set.Name, value, set.Scope == SettingScope.Local);
        return "SET";
    }

    public static async ValueTask<string> ResetAsync(QuerySession session, ResetStatement reset, CancellationToken cancellationToken)
    {
        if (reset.Name is null) session.Settings.ResetAll();
        else if (SessionIdentity.IsIdentity(reset.Name))
            await session.Identity.SetAsync(reset.Name, null, isLocal: false, cancellationToken);
        else session.SetSetting(reset.Name, null, isLocal: false);
        return "RESET";
    }

    /// <summary>All settings as rows of pg_settings.</summary>
    public static IReadOnlyList<SettingState> Rows(QuerySession session) => SettingsTable.All
        .OrderBy(setting => setting.Name, StringComparer.OrdinalIgnoreCase)
        .Select(setting => new SettingState(
            setting.Name, session.Settings.Get(setting.Name), setting.Unit, setting.Category, setting.Description,
            setting.Kind switch
            {
                SettingKind.Bool => "bool",
                SettingKind.Integer => "integer",
                SettingKind.Real => "real",
                SettingKind.Enum => "enum",
                _ => "string",
            },
            setting.Default)
        {
            Shown = session.ShowSetting(setting.Name),
        })
        .ToArray();

    private static IEnumerable<object?[]> ShowRows(QuerySession session, ShowStatement show) => show.Name is { } name
        ? [[session.ShowSetting(name)]]
        : SettingsTable.All.OrderBy(setting => setting.Name, StringComparer.OrdinalIgnoreCase)
            .Select(setting => new object?[] { setting.Name, session.ShowSetting(setting.Name), setting.Description });

    private static string ValueText(QuerySession session, string name, Expression value) => value switch
    {
        // Names in a list keep what needs quotes in quotes, as SHOW search_path prints them.
        StringLiteral literal when name == "search_path" => Sql.Printing.SqlPrinter.QuoteIdentifier(literal.Value),
        StringLiteral literal => literal.Value,
        NumberLiteral literal => literal.Text,
        BooleanLiteral literal => literal.Value ? "on" : "off",
        ColumnReference reference => reference.Name,
        CastExpression => Constants.Evaluate(session, value, null) is PgInterval zone ? IntervalZone(zone) : "",
        _ => throw new SqlException(SqlState.SyntaxError, "SET takes a constant") { Position = value.Span.Position },
    };

    /// <summary>SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE.</summary>
    private static string IntervalZone(PgInterval interval)
    {
        if (interval.Months != 0) throw InvalidInterval("months");
        if (interval.Days != 0) throw InvalidInterval("days");
        return SettingValues.OffsetZone(interval.Microseconds / 3_600_000_000d)
            ?? throw new SqlException(SqlState.InvalidParameterValue, "time zone interval is out of range");

        SqlException InvalidInterval(string part) =>
            new(SqlState.InvalidParameterValue,
                "invalid value for parameter \"TimeZone\": \"INTERVAL "
                    + $"'{Core.Values.ValueText.Format(interval, SqlType.Of(PgTypes.Interval), TextFormat.Default)}'\"")
                        { Detail = $"Cannot specify {part} in time zone interval." };
    }
}
