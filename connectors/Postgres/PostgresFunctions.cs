using Federation.Connectors.RemoteSql;

namespace Federation.Connectors.Postgres;

/// <summary>
/// What is left to a PostgreSQL source. Its operators are the reference for ours, so that what matters is what they depend on besides
/// their arguments: the database's locale, the session's time zone, the version.
/// </summary>
internal static class PostgresFunctions
{
    public static readonly RemoteFunctions Table = new(
        exact:
        [
            ("= <> < <= > >=", "integer integer"),
            ("= <> < <= > >=", "float float"),
            ("= <> < <= > >=", "numeric numeric"),
            ("= <> < <= > >=", "bool bool"),
            ("= <> < <= > >=", "date date"),
            ("= <> < <= > >=", "time time"),
            ("= <> < <= > >=", "timetz timetz"),
            ("= <> < <= > >=", "timestamp timestamp"),
            ("= <> < <= > >=", "timestamptz timestamptz"),
            ("= <> < <= > >=", "interval interval"),
            ("= <> < <= > >=", "uuid uuid"),
            ("= <> < <= > >=", "bytea bytea"),
            ("= <> < <= > >=", "oid oid"),
            ("= <> < <= > >=", "text text"),
            ("= <>", "bpchar bpchar"),
            ("~~ !~~", "text text"),
            ("+ - * / %", "integer integer"),
            ("+ - *", "numeric numeric"),
            ("+ - *", "float float"),
            ("- +", "integer"),
            ("- +", "numeric"),
            ("- +", "float"),
            ("+ -", "date integer"),
            ("-", "date date"),
            ("+ -", "timestamp interval"),
            ("abs", "integer"),
            ("abs", "numeric"),
            ("abs", "float"),
            ("length char_length character_length", "text"),
            ("date_trunc", "text timestamp"),
            ("extract date_part", "text date"),
            ("extract date_part", "text timestamp"),
            ("coalesce", "any..."),
        ],
        never:
        [
            ("lower", "lower() depends on the source's locale"),
            ("upper", "upper() depends on the source's locale"),
            ("initcap", "initcap() depends on the source's locale"),
            ("~~* !~~*", "ILIKE depends on the source's locale"),
            ("~ !~ ~* !~*", "regular expressions depend on the source's locale"),
        ]);
}
