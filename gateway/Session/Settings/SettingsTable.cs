using System.Collections.Frozen;

namespace Federation.Session.Settings;

/// <summary>
/// Every setting, by name. Settings of PostgreSQL that mean nothing here are accepted and kept, so that clients find what they set.
/// </summary>
public static class SettingsTable
{
    public const string ServerVersion = "15.18 (Federation 0.1.0)";

    public static readonly IReadOnlyList<SettingDefinition> All =
    [
        // What decides how results look and how statements run.
        Text("application_name", "", "Name of the client program.", reported: true),
        Text("client_encoding", "UTF8", "Encoding of the client; UTF8 only.", reported: true),
        Text("DateStyle", "ISO, MDY", "Output form of dates and order of day, month and year on input.", reported: true),
        Enum("IntervalStyle", "postgres", "Output form of intervals.", ["postgres", "postgres_verbose", "sql_standard", "iso_8601"],
            reported: true),
        Text("TimeZone", "UTC", "Time zone of timestamps with time zone.", reported: true),
        Enum("bytea_output", "hex", "Output form of bytea.", ["hex", "escape"]),
        Integer("extra_float_digits", "1", "Digits of floating-point output; above 0 the shortest exact form.", -15, 3),
        Text("search_path", "\"$user\", public", "Schemas searched for unqualified names."),
        Integer("statement_timeout", "0", "Longest run of a statement; 0 is no limit.", 0, int.MaxValue, "ms"),
        Integer("lock_timeout", "0", "Longest wait for a lock; 0 is no limit.", 0, int.MaxValue, "ms"),
        Integer("idle_in_transaction_session_timeout", "0", "Longest idle time in a transaction; 0 is no limit.", 0, int.MaxValue, "ms"),
        Enum("client_min_messages", "notice", "Least severity of messages sent to the client.",
            ["debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"]),
        Enum("default_transaction_isolation", "read committed", "Isolation of new transactions.",
            ["serializable", "repeatable read", "read committed", "read uncommitted"]),
        Enum("transaction_isolation", "read committed", "Isolation of this transaction.",
            ["serializable", "repeatable read", "read committed", "read uncommitted"]),
        Bool("default_transaction_read_only", "off", "New transactions are read-only.", reported: true),
        Bool("transaction_read_only", "off", "This transaction is read-only."),
        Bool("default_transaction_deferrable", "off", "New transactions are deferrable."),
        Bool("transaction_deferrable", "off", "This transaction is deferrable."),
        Bool("standard_conforming_strings", "on", "Backslashes in plain strings are ordinary characters; on only.", reported: true),
        Integer("federation.tail_rows", "1000",
            "Changes of a table of up to so many rows are kept in the catalog, where the gateway allows it; 0 writes files for all.",
            0, 1000),
        Text("federation.as_of", "", "Catalog version that queries read, or the time of one; empty for the newest."),
        Enum("federation.distribution", "auto",
            "Whether queries are spread over worker processes: those that gain by it, "
            + "none, all that read large tables, or all that can be.", ["auto", "off", "large", "always"]),
        Integer("federation.distribution_min_rows", "500000",
            "Rows that a query must read, by estimate, to be spread over worker processes.", 0, int.MaxValue),
        Enum("federation.pushdown", "on",
            "What sources do of a query: all that they can, or only columns, filters and limits of single tables.", ["on", "scan"]),
        Text("federation.disabled_optimizers", "", "Kernel optimiser passes to turn off, comma separated; for fault finding."),

        // Facts about the server.
        Fixed("server_version", ServerVersion, "Version of PostgreSQL that the server speaks.", reported: true),
        Fixed("server_version_num", "150018", "The same as a number."),
        Fixed("server_encoding", "UTF8", "Encoding of the server.", reported: true),
        Fixed("integer_datetimes", "on", "Dates and times are integers.", reported: true),
        Fixed("in_hot_standby", "off", "The server is a standby.", reported: true),
        Fixed("is_superuser", "on", "The session's user is a superuser.", reported: true),
        Fixed("session_authorization", "", "The session's user.", reported: true),
        Fixed("max_identifier_length", "63", "Longest identifier in bytes."),
        Fixed("max_index_keys", "32", "Most columns of an index."),
        Fixed("block_size", "8192", "Size of a disk block."),
        Fixed("lc_collate", "C.UTF-8", "Order of text."),
        Fixed("lc_ctype", "C.UTF-8", "Classes of characters."),
        Fixed("wal_level", "replica", "Accepted for clients that ask."),
        Fixed("max_connections", "10000", "Most connections."),

        // Accepted and kept.
        Text("role", "none", "The session's role."),
        Text("lc_messages", "C.UTF-8", "Language of messages."),
        Text("lc_monetary", "C.UTF-8", "Form of amounts of money."),
        Text("lc_numeric", "C.UTF-8", "Form of numbers."),
        Text("lc_time", "C.UTF-8", "Form of dates."),
        Text("default_tablespace", "", "Accepted and kept."),
        Text("temp_tablespaces", "", "Accepted and kept."),
        Text("default_text_search_config", "pg_catalog.simple", "Accepted and kept."),
        Text("session_preload_libraries", "", "Accepted and kept."),
        Text("local_preload_libraries", "", "Accepted and kept."),
        Text("default_table_access_method", "heap", "Accepted and kept."),
        Integer("work_mem", "4096", "Accepted and kept.", 64, int.MaxValue, "kB"),
        Integer("maintenance_work_mem", "65536", "Accepted and kept.", 1024, int.MaxValue, "kB"),
        Integer("temp_buffers", "1024", "Accepted and kept.", 100, int.MaxValue / 2, "8kB"),
        Integer("effective_cache_size", "524288", "Accepted and kept.", 1, int.MaxValue, "8kB"),
        Integer("geqo_threshold", "12", "Accepted and kept.", 2, int.MaxValue),
        Integer("from_collapse_limit", "8", "Accepted and kept.", 1, int.MaxValue),
        Integer("join_collapse_limit", "8", "Accepted and kept.", 1, int.MaxValue),
        Integer("default_statistics_target", "100", "Accepted and kept.", 1, 10000),
        Integer("max_parallel_workers_per_gather", "2", "Accepted and kept.", 0, 1024),
        Integer("tcp_keepalives_idle", "0", "Accepted and kept.", 0, int.MaxValue, "s"),
        Integer("tcp_keepalives_interval", "0", "Accepted and kept.", 0, int.MaxValue, "s"),
        Integer("tcp_keepalives_count", "0", "Accepted and kept.", 0, int.MaxValue),
        Integer("idle_session_timeout", "0", "Longest idle time outside of transactions; 0 is no limit.", 0, int.MaxValue, "ms"),
        Integer("backend_flush_after", "0", "Accepted and kept.", 0, 256, "8kB"),
        Integer("client_connection_check_interval", "0", "Accepted and kept.", 0, int.MaxValue, "ms"),
        Integer("commit_delay", "0", "Accepted and kept.", 0, 100000),
        Integer("commit_siblings", "5", "Accepted and kept.", 0, 1000),
        Integer("deadlock_timeout", "1000", "Accepted and kept.", 1, int.MaxValue, "ms"),
        Integer("effective_io_concurrency", "1", "Accepted and kept.", 0, 1000),
        Integer("geqo_effort", "5", "Accepted and kept.", 1, 10),
        Integer("gin_fuzzy_search_limit", "0", "Accepted and kept.", 0, int.MaxValue),
        Integer("logical_decoding_work_mem", "65536", "Accepted and kept.", 64, int.MaxValue, "kB"),
        Integer("max_stack_depth", "2048", "Accepted and kept.", 100, int.MaxValue, "kB"),
        Integer("min_parallel_index_scan_size", "64", "Accepted and kept.", 0, int.MaxValue / 3, "8kB"),
        Integer("min_parallel_table_scan_size", "1024", "Accepted and kept.", 0, int.MaxValue / 3, "8kB"),
        Integer("tcp_user_timeout", "0", "Accepted and kept.", 0, int.MaxValue, "ms"),
        Integer("vacuum_cost_limit", "200", "Accepted and kept.", 1, 10000),
        Integer("vacuum_cost_page_dirty", "20", "Accepted and kept.", 0, 10000),
        Integer("vacuum_cost_page_hit", "1", "Accepted and kept.", 0, 10000),
        Integer("vacuum_cost_page_miss", "2", "Accepted and kept.", 0, 10000),
        Real("hash_mem_multiplier", "2", "Accepted and kept."),
        Real("jit_inline_above_cost", "500000", "Accepted and kept."),
        Real("jit_optimize_above_cost", "500000", "Accepted and kept."),
        Real("parallel_setup_cost", "1000", "Accepted and kept."),
        Real("parallel_tuple_cost", "0.1", "Accepted and kept."),
        Real("recursive_worktable_factor", "10", "Accepted and kept."),
        Real("vacuum_cost_delay", "0", "Accepted and kept."),
        Enum("compute_query_id", "auto", "Accepted and kept.", ["auto", "regress", "on", "off"]),
        Enum("default_toast_compression", "pglz", "Accepted and kept.", ["pglz", "lz4"]),
        Enum("force_parallel_mode", "off", "Accepted and kept.", ["off", "on", "regress"]),
        Enum("stats_fetch_consistency", "cache", "Accepted and kept.", ["none", "cache", "snapshot"]),
        Real("random_page_cost", "4", "Accepted and kept."),
        Real("seq_page_cost", "1", "Accepted and kept."),
        Real("cpu_tuple_cost", "0.01", "Accepted and kept."),
        Real("cursor_tuple_fraction", "0.1", "Accepted and kept."),
        Real("jit_above_cost", "100000", "Accepted and kept."),
        Enum("synchronous_commit", "on", "Accepted and kept.", ["local", "remote_write", "remote_apply", "on", "off"]),
        Enum("session_replication_role", "origin", "Accepted and kept.", ["origin", "replica", "local"]),
        Enum("plan_cache_mode", "auto", "Accepted and kept.", ["auto", "force_generic_plan", "force_custom_plan"]),
        Enum("timezone_abbreviations", "Default", "Which abbreviations of time zones are known.", ["Default"]),
        Enum("xmloption", "content", "Accepted and kept.", ["content", "document"]),
        Enum("xmlbinary", "base64", "Accepted and kept.", ["base64", "hex"]),
        Enum("backslash_quote", "safe_encoding", "Accepted and kept.", ["safe_encoding", "on", "off"]),
        Enum("constraint_exclusion", "partition", "Accepted and kept.", ["partition", "on", "off"]),
        Enum("password_encryption", "scram-sha-256", "Form in which passwords are stored.", ["scram-sha-256"]),
        .. new[]
        {
            "jit", "row_security", "check_function_bodies", "array_nulls", "escape_string_warning", "geqo", "enable_async_append",
            "enable_bitmapscan", "enable_gathermerge", "enable_hashagg", "enable_incremental_sort",
            "enable_hashjoin", "enable_indexonlyscan", "enable_indexscan", "enable_material", "enable_memoize", "enable_mergejoin",
            "enable_nestloop", "enable_parallel_append",
            "enable_parallel_hash", "enable_partition_pruning", "enable_seqscan", "enable_sort", "enable_tidscan", "synchronize_seqscans",
            "track_activities", "parallel_leader_participation",
        }.Select(name => Bool(name, "on", "Accepted and kept.")),
        .. new[] { "quote_all_identifiers", "transform_null_equals", "lo_compat_privileges", "enable_partitionwise_aggregate",
            "enable_partitionwise_join", "log_duration", "zero_damaged_pages", "default_with_oids" }
            .Select(name => Bool(name, "off", "Accepted and kept.")),
    ];

    private static readonly FrozenDictionary<string, SettingDefinition> s_byName = All.ToFrozenDictionary(setting => setting.Name,
        StringComparer.OrdinalIgnoreCase);

    /// <summary>By name in any case; null when there is none.</summary>
    public static SettingDefinition? Find(string name) => s_byName.GetValueOrDefault(name);

    private static SettingDefinition Text(string name, string value, string description, bool reported = false) =>
        new(name, SettingKind.Text, value, description) { IsReported = reported };

    private static SettingDefinition Bool(string name, string value, string description, bool reported = false) =>
        new(name, SettingKind.Bool, value, description) { IsReported = reported };

    private static SettingDefinition Enum(string name, string value, string description, string[] values, bool reported = false) =>
        new(name, SettingKind.Enum, value, description) { Values = values, IsReported = reported };

    private static SettingDefinition Integer(string name, string value, string description, long minimum, long maximum,
        string? unit = null) =>
        new(name, SettingKind.Integer, value, description) { Minimum = minimum, Maximum = maximum, Unit = unit };

    private static SettingDefinition Real(string name, string value, string description) => new(name, SettingKind.Real, value, description);

    private static SettingDefinition Fixed(string name, string value, string description, bool reported = false) =>
        new(name, SettingKind.Text, value, description) { IsReported = reported, IsReadOnly = true, Category = "Preset Options" };
}
