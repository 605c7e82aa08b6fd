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
            (RemoteFunctions.Order, "bpchar"),
            ("~~ !~~", "text text"),
            ("+ - * / %", "integer integer"),
            ("+ - * / %", "numeric numeric"),
            ("trunc round", "numeric integer"),
            ("trunc round ceil ceiling floor", "numeric"),
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
            ("substring substr", "text integer"),
            ("substring substr", "text integer integer"),
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

    /// <summary>Those whose result does not depend on the order in which rows come; of floats as far as it does not here either.</summary>
    public static readonly RemoteFunctions Aggregates = new(
        exact:
        [
            ("count", "any"),
            ("sum avg min max", "integer"),
            ("sum avg min max", "numeric"),
            ("sum avg min max", "float"),
            ("sum avg min max", "interval"),
            ("min max", "date"),
            ("min max", "time"),
            ("min max", "timetz"),
            ("min max", "timestamp"),
            ("min max", "timestamptz"),
            ("min max", "text"),
            ("min max", "bpchar"),
            ("min max", "oid"),
            ("bool_and bool_or every", "bool"),
        ],
        never: []);
}
