using Federation.Planner.Typing;

namespace Federation.Session.Statements;

/// <summary>Which types hold every value of another as it is, and show it the same way a cast would. Pure.</summary>
internal static class Widenings
{
    private static readonly HashSet<(PgType From, PgType To)> s_bases =
    [
        (PgTypes.Int2, PgTypes.Int4), (PgTypes.Int2, PgTypes.Int8), (PgTypes.Int4, PgTypes.Int8), (PgTypes.Float4, PgTypes.Float8),
        (PgTypes.Varchar, PgTypes.Text), (PgTypes.Text, PgTypes.Varchar), (PgTypes.Varchar, PgTypes.Varchar),
        (PgTypes.Numeric, PgTypes.Numeric),
    ];

    public static bool Contain(SqlType from, SqlType to)
    {
        if (from.IsArray || to.IsArray || from.IsRecord || to.IsRecord || !s_bases.Contains((from.Base, to.Base))) return false;
        if (from.Base == PgTypes.Numeric)
            return (from.Decimal, to.Decimal) is ({ } before, { } after) && before.Scale == after.Scale
                && before.Precision <= after.Precision;
        // A length, if there is one, may only grow.
        return to.Base != PgTypes.Varchar || to.Modifier < 0 || (from.Modifier >= 0 && from.Modifier <= to.Modifier);
    }
}
