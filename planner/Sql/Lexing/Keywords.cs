using System.Collections.Frozen;

namespace Federation.Sql.Lexing;

/// <summary>Where a keyword may stand as a name.</summary>
internal enum KeywordCategory : byte
{
    /// <summary>Anywhere.</summary>
    Unreserved,

    /// <summary>As a column or table name, not as the name of a function or type.</summary>
    ColumnName,

    /// <summary>As the name of a function or type, not of a column or table.</summary>
    TypeOrFunctionName,

    /// <summary>Only as a label after AS.</summary>
    Reserved,
}

/// <summary>The keyword table of PostgreSQL 15: what <c>pg_get_keywords()</c> returns there.</summary>
internal static class Keywords
{
    private const string UnreservedWords = """
        abort absolute access action add admin after aggregate also alter always asensitive assertion assignment at atomic attach
        attribute backward before begin breadth by cache call called cascade cascaded catalog chain characteristics checkpoint class
        close cluster columns comment comments commit committed compression configuration conflict connection constraints content
        continue conversion copy cost csv cube current cursor cycle data database day deallocate declare defaults deferred definer
        delete delimiter delimiters depends depth detach dictionary disable discard document domain double drop each enable encoding
        encrypted enum escape event exclude excluding exclusive execute explain expression extension external family filter finalize
        first following force forward function functions generated global granted groups handler header hold hour identity if
        immediate immutable implicit import include including increment index indexes inherit inherits inline input insensitive insert
        instead invoker isolation key label language large last leakproof level listen load local location lock locked logged mapping
        match matched materialized maxvalue merge method minute minvalue mode month move name names new next nfc nfd nfkc nfkd no
        normalized nothing notify nowait nulls object of off oids old operator option options ordinality others over overriding owned
        owner parallel parameter parser partial partition passing password plans policy preceding prepare prepared preserve prior
        privileges procedural procedure procedures program publication quote range read reassign recheck recursive ref referencing
        refresh reindex relative release rename repeatable replace replica reset restart restrict return returns revoke role rollback
        rollup routine routines rows rule savepoint schema schemas scroll search second security sequence sequences serializable
        server session set sets share show simple skip snapshot sql stable standalone start statement statistics stdin stdout storage
        stored strict strip subscription support sysid system tables tablespace temp template temporary text ties transaction
        transform trigger truncate trusted type types uescape unbounded uncommitted unencrypted unknown unlisten unlogged until update
        vacuum valid validate validator value varying version view views volatile whitespace within without work wrapper write xml
        year yes zone
        """;

    private const string ColumnNameWords = """
        between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout int integer
        interval least national nchar none normalize nullif numeric out overlay position precision real row setof smallint substring
        time timestamp treat trim values varchar xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi
        xmlroot xmlserialize xmltable
        """;

    private const string TypeOrFunctionNameWords = """
        authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join left like natural
        notnull outer overlaps right similar tablesample verbose
        """;

    private const string ReservedWords = """
        all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create current_catalog
        current_date current_role current_time current_timestamp current_user default deferrable desc distinct do else end except
        false fetch for foreign from grant group having in initially intersect into lateral leading limit localtime localtimestamp not
        null offset on only or order placing primary references returning select session_user some symmetric table then to trailing
        true union unique user using variadic when where window with
        """;

    /// <summary>Words that are a column label only after AS.</summary>
    private const string AsLabelWords = """
        array as char character create day except fetch filter for from grant group having hour intersect into isnull limit minute
        month notnull offset on order over overlaps precision returning second to union varying where window with within without year
        """;

    private const int MaxWordLength = 17;

    private static readonly string[] Words = new string[Enum.GetValues<Keyword>().Length];
    private static readonly KeywordCategory[] Categories = new KeywordCategory[Words.Length];
    private static readonly bool[] BareLabels = new bool[Words.Length];
    private static readonly FrozenDictionary<string, Keyword>.AlternateLookup<ReadOnlySpan<char>> ByWord = Load();

    /// <summary>The keyword of an unquoted word in any case, or <see cref="Keyword.NotKeyword"/>.</summary>
    public static Keyword Find(ReadOnlySpan<char> word)
    {
        if (word.Length > MaxWordLength) return Keyword.NotKeyword;
        Span<char> folded = stackalloc char[word.Length];
        for (var i = 0; i < word.Length; i++) folded[i] = Lexer.Fold(word[i]);
        return ByWord.TryGetValue(folded, out var keyword) ? keyword : Keyword.NotKeyword;
    }

    /// <summary>The keyword in lower case.</summary>
    public static string WordOf(Keyword keyword) => Words[(int)keyword];

    public static KeywordCategory CategoryOf(Keyword keyword) => Categories[(int)keyword];

    /// <summary>Whether the word can be a column label without AS.</summary>
    public static bool IsBareLabel(Keyword keyword) => BareLabels[(int)keyword];

    private static FrozenDictionary<string, Keyword>.AlternateLookup<ReadOnlySpan<char>> Load()
    {
        var keywords = new Dictionary<string, Keyword>(StringComparer.Ordinal);
        var members = Enum.GetValues<Keyword>().ToDictionary(keyword => keyword.ToString(), StringComparer.OrdinalIgnoreCase);
        foreach (var (words, category) in new[]
        {
            (UnreservedWords, KeywordCategory.Unreserved),
            (ColumnNameWords, KeywordCategory.ColumnName),
            (TypeOrFunctionNameWords, KeywordCategory.TypeOrFunctionName),
            (ReservedWords, KeywordCategory.Reserved),
        })
        {
            foreach (var word in Split(words))
            {
                var keyword = members[word.Replace("_", "", StringComparison.Ordinal)];
                keywords.Add(word, keyword);
                Words[(int)keyword] = word;
                Categories[(int)keyword] = category;
                BareLabels[(int)keyword] = true;
            }
        }

        foreach (var word in Split(AsLabelWords)) BareLabels[(int)keywords[word]] = false;
        return keywords.ToFrozenDictionary(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    private static string[] Split(string words) => words.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
}
