namespace Federation.CompatTests.Suite.Differential;

/// <summary>
/// Which functions the stress test leaves out, and which arguments are drawn from narrower pools than those of their types.
/// </summary>
internal static class StressArguments
{
    /// <summary>What has no answer that two servers could share.</summary>
    private static readonly (string Reason, string[] Names)[] s_leftOut =
    [
        ("random by nature", ["random", "gen_random_uuid", "setseed"]),
        ("the time", ["now", "statement_timestamp", "transaction_timestamp", "clock_timestamp", "timeofday", "age(date)", "age(timestamp)",
            "age(timestamptz)"]),
        ("the server itself", ["version", "pgsql_version", "getdatabaseencoding", "current_database", "current_schema", "current_schemas",
            "current_setting", "set_config", "current_query", "session_user", "current_user", "getpgusername",
            "current_catalog", "inet_client_addr", "inet_client_port", "inet_server_addr", "inet_server_port", "txid_current",
            "txid_current_snapshot", "txid_current_if_assigned", "txid_status", "query_to_xml", "hashtext"]),
        ("the system catalog", ["format_type", "obj_description", "col_description", "shobj_description", "to_regclass", "to_regproc",
            "to_regprocedure", "to_regtype", "to_regrole", "to_regnamespace", "to_regoper", "to_regoperator", "to_regcollation",
            "row_security_active", "currtid2", "nextval", "currval", "lastval", "setval"]),
        ("waits or acts", ["lo_create", "lo_creat", "lo_unlink", "lo_get", "lo_put", "lo_from_bytea", "lo_open", "lo_close", "lo_import",
            "lo_export", "loread", "lowrite", "lo_lseek", "lo_tell", "lo_truncate", "lo_lseek64", "lo_tell64", "lo_truncate64",
            "suppress_redundant_updates_trigger", "cursor_to_xml"]),
        ("a chance of a row", ["tablesample_hash", "bernoulli", "system"]),
    ];

    private static readonly HashSet<string> s_leftOutNames = [.. s_leftOut.SelectMany(group => group.Names)];

    private static readonly string[] s_leftOutPrefixes = ["pg_", "has_", "lo_", "binary_upgrade_", "brin_", "gin_", "ts_", "table_to_",
        "schema_to_", "database_to_", "cursor_to_", "query_to_", "hash", "txid_", "RI_", "regexp_split_to_table_", "amvalidate",
        "acl", "makeacl"];

    private static readonly HashSet<string> s_keptPrefixed = ["pg_size_pretty", "pg_size_bytes", "pg_typeof"];

    /// <summary>
    /// Pools by name or by name(types); a dash keeps the pool of the type. Those of sums have values whose sums are exact in every order of
    /// the rows.
    /// </summary>
    private static readonly Dictionary<string, string> s_pools = new()
    {
        ["repeat"] = "- size", ["lpad"] = "- size -", ["rpad"] = "- size -", ["left"] = "- small", ["right"] = "- small",
        ["substr"] = "- small small", ["substring(text,int4)"] = "- small",
        ["substring(text,int4,int4)"] = "- small small", ["substring(bytea,int4)"] = "- small",
        ["substring(bytea,int4,int4)"] = "- small small", ["overlay"] = "- - small small", ["split_part"] = "- - small",
        ["substring(text,text)"] = "- pattern", ["substring(text,text,text)"] = "- like escape", ["chr"] = "character",
        ["get_byte"] = "- small", ["set_byte"] = "- small small", ["get_bit"] = "- small", ["get_bit(bytea,int8)"] = "- nearby8",
        ["set_bit(bytea,int8,int4)"] = "- nearby8 small", ["set_bit"] = "- small small",
        ["round(numeric,int4)"] = "- small", ["trunc(numeric,int4)"] = "- small", ["numeric_power"] = "exponent exponent",
        ["power(numeric,numeric)"] = "exponent exponent", ["pow(numeric,numeric)"] = "exponent exponent",
        ["exp(numeric)"] = "exponent", ["numeric_exp"] = "exponent", ["factorial"] = "nearby8", ["ln(numeric)"] = "modest",
        ["log(numeric)"] = "modest", ["log(numeric,numeric)"] = "modest modest", ["log10(numeric)"] = "modest",
        ["sqrt(numeric)"] = "modest",
        ["width_bucket(float8,float8,float8,int4)"] = "bound8 bound8 bound8 small",
        ["width_bucket(numeric,numeric,numeric,int4)"] = "modest nearby_numeric nearby_numeric small",
        ["date_trunc"] = "unit - zone", ["date_part"] = "unit -", ["extract"] = "unit -", ["timezone(text,timestamp)"] = "zone -",
        ["timezone(text,timestamptz)"] = "zone -", ["timezone(text,timetz)"] = "zone -", ["date_bin"] = "stride - -",
        ["to_char(timestamp,text)"] = "- time_format", ["to_char(timestamptz,text)"] = "- time_format",
        ["to_char(interval,text)"] = "- span_format", ["to_char"] = "- number_format",
        ["to_date"] = "date_text date_format", ["to_timestamp(text,text)"] = "date_text date_format",
        ["to_number"] = "number_text read_format", ["to_timestamp(float8)"] = "epoch",
        ["make_date"] = "year month day", ["make_time"] = "hour minute seconds", ["make_timestamp"] = "year month day hour minute seconds",
        ["make_timestamptz"] = "year month day hour minute seconds zone",
        ["make_interval"] = "small small small small small small seconds", ["interval_mul"] = "- seconds", ["mul_d_interval"] = "seconds -",
        ["interval_div"] = "- seconds",
        ["generate_series(int4,int4)"] = "small small", ["generate_series(int4,int4,int4)"] = "small small small",
        ["generate_series(int8,int8)"] = "nearby8 nearby8", ["generate_series(int8,int8,int8)"] = "nearby8 nearby8 nearby8",
        ["generate_series(numeric,numeric)"] = "nearby_numeric nearby_numeric",
        ["generate_series(numeric,numeric,numeric)"] = "nearby_numeric nearby_numeric nearby_numeric",
        ["generate_series(timestamp,timestamp,interval)"] = "nearby_time nearby_time step",
        ["generate_series(timestamptz,timestamptz,interval)"] = "nearby_instant nearby_instant step", ["generate_subscripts"] = "- small -",
        ["like"] = "- like", ["notlike"] = "- like", ["textlike"] = "- like", ["textnlike"] = "- like", ["texticlike"] = "- like",
        ["texticnlike"] = "- like", ["bpcharlike"] = "- like", ["like_escape"] = "like key",
        ["textregexeq"] = "- pattern", ["textregexne"] = "- pattern", ["texticregexeq"] = "- pattern", ["texticregexne"] = "- pattern",
        ["nameregexeq"] = "- pattern", ["bpcharregexeq"] = "- pattern",
        ["regexp_replace"] = "- pattern key", ["regexp_replace(text,text,text,text)"] = "- pattern key flags",
        ["regexp_replace(text,text,text,int4)"] = "- pattern key small",
        ["regexp_replace(text,text,text,int4,int4)"] = "- pattern key small small",
        ["regexp_replace(text,text,text,int4,int4,text)"] = "- pattern key small small flags", ["regexp_match"] = "- pattern flags",
        ["regexp_matches"] = "- pattern flags", ["regexp_like"] = "- pattern flags", ["regexp_split_to_array"] = "- pattern flags",
        ["regexp_split_to_table"] = "- pattern flags", ["regexp_count"] = "- pattern small flags",
        ["regexp_substr"] = "- pattern small small flags small", ["regexp_instr"] = "- pattern small small small flags small",
        ["encode"] = "- encoding", ["decode"] = "- encoding", ["convert_from"] = "- character_set", ["convert_to"] = "- character_set",
        ["convert"] = "- character_set character_set", ["length(bytea,name)"] = "- character_set",
        ["normalize"] = "- form", ["is_normalized"] = "- form", ["pg_size_bytes"] = "size_text", ["parse_ident"] = "identifier -",
        ["string_to_array"] = "- key key", ["string_to_table"] = "- key key", ["array_to_string"] = "- key key", ["strpos"] = "- key",
        ["json_object_field"] = "- key", ["json_object_field_text"] = "- key", ["jsonb_object_field"] = "- key",
        ["jsonb_object_field_text"] = "- key", ["json_array_element"] = "- small", ["json_array_element_text"] = "- small",
        ["jsonb_array_element"] = "- small",
        ["jsonb_array_element_text"] = "- small", ["json_extract_path"] = "- path", ["json_extract_path_text"] = "- path",
        ["jsonb_extract_path"] = "- path", ["jsonb_extract_path_text"] = "- path", ["jsonb_exists"] = "- key",
        ["jsonb_delete(jsonb,text)"] = "- key",
        ["jsonb_delete(jsonb,int4)"] = "- small", ["jsonb_delete(jsonb,text[])"] = "- path", ["jsonb_delete_path"] = "- path",
        ["jsonb_set"] = "- path - -", ["jsonb_insert"] = "- path - -", ["jsonb_set_lax"] = "- path - - -", ["jsonb_exists_any"] = "- path",
        ["jsonb_exists_all"] = "- path",
        ["array_fill"] = "- lengths lengths", ["trim_array"] = "- small", ["array_length"] = "- small", ["array_upper"] = "- small",
        ["array_lower"] = "- small", ["set_masklen"] = "- size", ["inetpl"] = "- nearby8", ["int8pl_inet"] = "nearby8 -",
        ["inetmi_int8"] = "- nearby8",
        ["bitshiftleft"] = "- small", ["bitshiftright"] = "- small", ["ntile"] = "divisor", ["nth_value"] = "- divisor",
        ["lag"] = "- small -", ["lead"] = "- small -", ["format"] = "printf key", ["percentile_cont"] = "fraction",
        ["percentile_disc"] = "fraction",
        ["sum(float4)"] = "addends4", ["sum(float8)"] = "addends8", ["avg(float4)"] = "addends4", ["avg(float8)"] = "addends8",
        ["sum(int2)"] = "addends2",
        ["corr"] = "addends8 addends8", ["covar_pop"] = "addends8 addends8", ["covar_samp"] = "addends8 addends8",
        ["regr_slope"] = "addends8 addends8", ["regr_intercept"] = "addends8 addends8", ["regr_r2"] = "addends8 addends8",
        ["regr_avgx"] = "addends8 addends8", ["regr_avgy"] = "addends8 addends8", ["regr_sxx"] = "addends8 addends8",
        ["regr_syy"] = "addends8 addends8", ["regr_sxy"] = "addends8 addends8",
    };

    public static bool IsLeftOut(string name, string signature) =>
        s_leftOutNames.Contains(name) || s_leftOutNames.Contains(signature)
            || (!s_keptPrefixed.Contains(name) && s_leftOutPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)));

    /// <summary>The pool that an argument is drawn from; null where its type's own is meant.</summary>
    public static string? PoolOf(string name, string signature, int argument)
    {
        var pools = s_pools.GetValueOrDefault(signature) ?? s_pools.GetValueOrDefault(name);
        return pools?.Split(' ') is { } words && argument < words.Length && words[argument] != "-" ? words[argument] : null;
    }
}
