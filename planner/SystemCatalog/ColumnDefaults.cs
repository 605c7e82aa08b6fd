using System.Collections.Frozen;
using Federation.Connectors.Spi;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.Sql;
using Federation.Sql.Printing;
using Federation.Sql.Syntax;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>
/// What columns get when an INSERT does not name them, in the words of PostgreSQL's ruleutils where these are short to find.
/// </summary>
internal static class ColumnDefaults
{
    /// <summary>Functions that are called by a keyword alone, which PostgreSQL writes in capitals.</summary>
    private static readonly FrozenSet<string> s_keywords = FrozenSet.ToFrozenSet(
        ["current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user", "session_user", "user",
            "current_role", "current_catalog", "current_schema"]);

    /// <summary>
    /// The default of a column as pg_get_expr shows it; null when it has none. A generated column has its expression there.
    /// </summary>
    public static string? Of(RelationState relation, ConnectorColumn column, int index)
    {
        if (Details(relation, SystemRows.Number(column, index))?.Default is { } known) return known;
        foreach (var (name, sql) in relation.Defaults)
            if (name == column.Name)
                return Shown(sql, column.Type);
        return null;
    }

    /// <summary>What a source tells of a column; null when that is nothing.</summary>
    public static ColumnDetails? Details(RelationState relation, short number)
    {
        foreach (var column in relation.Details.Columns)
            if (column.Number == number)
                return column;
        return null;
    }

    /// <summary>pg_attrdef, whose adbin is the text itself: pg_get_expr returns it as it is.</summary>
    public static IEnumerable<Row> Rows(SystemState state) =>
        from relation in state.Relations
        from item in relation.Columns.Select((column, i) => (Text: Of(relation, column, i), Number: SystemRows.Number(column, i)))
        where item.Text is not null
        select new Row
        {
            ["oid"] = (long)StableOids.OfDefault(relation.Oid, item.Number).Value, ["adrelid"] = (long)relation.Oid.Value,
            ["adnum"] = item.Number, ["adbin"] = item.Text,
        };

    /// <summary>
    /// A quoted literal whose value PostgreSQL writes without quotes and type (get_const_expr): booleans, and numbers that are read back as
    /// what they are. Null for the others.
    /// </summary>
    private static string? Constant(string text, SqlType type)
    {
        if (type.IsArray) return null;
        var isNumber = type.Base == PgTypes.Int4 || type.Base == PgTypes.Numeric;
        if (!isNumber && type.Base != PgTypes.Bool) return null;
        var plain = SqlType.Of(type.Base);
        var shown = ValueText.Format(ValueText.Parse(text, plain, ValueContext.Default)!, plain, TextFormat.Default);
        if (type.Base == PgTypes.Bool) return shown == "t" ? "true" : "false";
        var isBare = type.Base == PgTypes.Int4 ? shown.All(char.IsAsciiDigit)
            : char.IsAsciiDigit(shown[0]) && shown.Contains('.', StringComparison.Ordinal);
        return isBare ? shown : null;
    }

    /// <summary>Literals that need it say their type, and operators stand in parentheses. NULL is no default.</summary>
    private static string? Shown(string sql, SqlType type)
    {
        var typed = $"::{type.WithoutModifier()}";
        return SqlParser.ParseExpression(sql) switch
        {
            StringLiteral { Value: var text } => Constant(text, type) ?? SqlPrinter.QuoteLiteral(text) + typed,
            NullLiteral => null,
            NumberLiteral { Text: ['-', ..] } number => $"'{number.Text}'{typed}",
            OperatorExpression => $"({sql})",
            _ => s_keywords.Contains(sql) ? sql.ToUpperInvariant() : sql,
        };
    }
}
