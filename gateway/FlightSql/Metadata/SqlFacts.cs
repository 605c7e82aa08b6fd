namespace Federation.FlightSql.Metadata;

/// <summary>What GetSqlInfo tells, by the numbers of SqlInfo in FlightSql.proto.</summary>
internal static class SqlFacts
{
    private const int TransactionsAndSavepoints = 2;
    private const int LowerCase = 2;
    private const int CaseSensitive = 1;
    private const int NullsHigh = 0;
    private const int GroupByUnrelated = 1;
    private const int GroupByBeyondSelect = 2;
    private const int FullOuterJoins = 3;
    private const int MinimumGrammar = 1;
    private const int CoreGrammar = 2;
    private const int EntryAnsi92 = 1;

    public static SortedDictionary<uint, object> All(string serverVersion) => new()
    {
        [0] = "Federation",
        [1] = serverVersion,
        [2] = "1.5", // the Arrow format's version
        [3] = false, // read only
        [4] = true, // SQL
        [5] = false, // Substrait
        [8] = TransactionsAndSavepoints,
        [9] = true, // cancel
        [100] = 0, // prepared statements live as long as the session
        [101] = 0,
        [500] = true, // catalogs come and go by CREATE and DROP SERVER
        [501] = true, // schemas
        [502] = true, // tables
        [503] = LowerCase,
        [504] = "\"",
        [505] = CaseSensitive,
        [506] = true, // all tables can be selected from
        [507] = NullsHigh,
        [508] = s_keywords,
        [513] = "\\",
        [514] = "$",
        [515] = true, // column aliases
        [516] = true, // NULL || x is NULL
        [518] = true, // table aliases
        [519] = false, // that must differ from table names
        [520] = true, // expressions in ORDER BY
        [521] = true, // ORDER BY of columns not selected
        [522] = GroupByUnrelated | GroupByBeyondSelect,
        [523] = true, // LIKE … ESCAPE
        [524] = true, // NOT NULL
        [525] = MinimumGrammar | CoreGrammar,
        [526] = EntryAnsi92,
        [527] = false, // integrity
        [528] = FullOuterJoins,
        [529] = "schema",
        [530] = "procedure",
        [531] = "database",
        [532] = true, // the catalog comes first in a name
    };

    /// <summary>PostgreSQL's reserved words that SQL-92 does not have.</summary>
    private static readonly string[] s_keywords =
    [
        "analyse", "analyze", "array", "asymmetric", "binary", "concurrently", "current_catalog", "current_role", "current_schema", "do",
        "freeze", "ilike", "isnull", "lateral", "limit", "localtime", "localtimestamp", "notnull", "offset",
        "placing", "returning", "similar", "symmetric", "tablesample", "variadic", "verbose", "window",
    ];
}
