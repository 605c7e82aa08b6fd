using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Values;
using Federation.Maintenance;
using Federation.ObjectStorage;
using Federation.Plan;
using Federation.Planner;
using Federation.SessionApi;
using Federation.Sql;
using Federation.Sql.Syntax;
using static Federation.Session.Statements.Procedure;

namespace Federation.Session.Statements;

/// <summary>
/// All procedures. Those that maintain a table have the names, arguments and answers of Iceberg's procedures for Spark, and their steps
/// commit by themselves, like VACUUM.
/// </summary>
internal static class Procedures
{
    private static readonly TimeSpan s_orphanAge = TimeSpan.FromDays(3);
    private static readonly TimeSpan s_leastOrphanAge = TimeSpan.FromDays(1);

    public static readonly EquatableArray<Procedure> All =
    [
        .. Registrations.All,
        new("rewrite_data_files",
            [
                ("condition", SqlType.Text), ("target_file_size_bytes", SqlType.Int8), ("min_input_files", SqlType.Int8),
                ("min_file_size_bytes", SqlType.Int8), ("delete_file_threshold", SqlType.Int8), ("delete_ratio_threshold", SqlType.Float8),
                ("rewrite_all", SqlType.Bool),
            ],
            [
                Field("rewritten_data_files_count", SqlType.Int4), Field("added_data_files_count", SqlType.Int4),
                Field("rewritten_bytes_count", SqlType.Int8), Field("failed_data_files_count", SqlType.Int4),
            ], RewriteDataAsync),
        new("rewrite_position_delete_files", [("min_input_files", SqlType.Int8)],
            [
                Field("rewritten_delete_files_count", SqlType.Int4), Field("added_delete_files_count", SqlType.Int4),
                Field("rewritten_bytes_count", SqlType.Int8),
            ],
            async (call, token) =>
            {
                var (maintainer, _) = await call.MaintainAsync(token);
                var done = await maintainer.RewriteDeletesAsync((int)(call.Whole("min_input_files", 1) ?? 2), token);
                return [[done?.Rewritten ?? 0, done?.Added ?? 0, done?.RewrittenBytes ?? 0L]];
            }),
        new("rewrite_manifests", [],
            [Field("rewritten_manifests_count", SqlType.Int4), Field("added_manifests_count", SqlType.Int4)],
            async (call, token) =>
            {
                var (maintainer, _) = await call.MaintainAsync(token);
                var done = await maintainer.RewriteManifestsAsync(2, token);
                return [[done?.Rewritten ?? 0, done?.Added ?? 0]];
            }),
        new("flush_table", [], [Field("flushed_rows_count", SqlType.Int8), Field("deleted_rows_count", SqlType.Int8)],
            async (call, token) =>
            {
                call.Session.Transaction.RequireWritable("CALL");
                var flushed = await FlushAsync(call.Session, call.Services, await call.TableAsync(token), token);
                return [[(long)(flushed?.Rows ?? 0), (long)(flushed?.Deleted ?? 0)]];
            }),
        new("expire_snapshots", [("older_than", SqlType.Timestamptz), ("retain_last", SqlType.Int8), ("snapshot_id", SqlType.Int8)],
            [
                Field("deleted_data_files_count", SqlType.Int8), Field("deleted_position_delete_files_count", SqlType.Int8),
                Field("deleted_equality_delete_files_count", SqlType.Int8), Field("deleted_manifest_files_count", SqlType.Int8),
                Field("deleted_manifest_lists_count", SqlType.Int8), Field("deleted_statistics_files_count", SqlType.Int8),
            ], ExpireAsync),
        new("remove_orphan_files", [("older_than", SqlType.Timestamptz), ("dry_run", SqlType.Bool)],
            [Field("orphan_file_location", SqlType.Text)], RemoveOrphansAsync),
        new("list_orphan_files", [],
            [Field("path", SqlType.Text), Field("size_bytes", SqlType.Int8), Field("written_at", SqlType.Timestamptz)], ListOrphansAsync),
        new("rollback_to_snapshot", [("snapshot_id", SqlType.Int8)], s_moved,
            (call, token) => MoveAsync(call, new ReferenceChange.Rollback(call.Require<long>("snapshot_id")), token)),
        new("rollback_to_timestamp", [("timestamp", SqlType.Timestamptz)], s_moved,
            (call, token) => MoveAsync(call, new ReferenceChange.RollbackToTime(call.Require<PgTimestamp>("timestamp").Microseconds),
                token)),
        new("set_current_snapshot", [("snapshot_id", SqlType.Int8)], s_moved,
            (call, token) => MoveAsync(call, new ReferenceChange.SetCurrent(call.Require<long>("snapshot_id")), token)),
        new("create_branch", s_branchArguments, default, (call, token) => CreateAsync(call, isTag: false, token)),
        new("create_tag", s_tagArguments, default, (call, token) => CreateAsync(call, isTag: true, token)),
        new("drop_branch", s_dropArguments, default, (call, token) => DropAsync(call, isTag: false, token)),
        new("drop_tag", s_dropArguments, default, (call, token) => DropAsync(call, isTag: true, token)),
        new("undrop_table", [], default, UndropAsync),
        new("fast_forward", [("branch", SqlType.Text), ("to", SqlType.Text)],
            [Field("branch_updated", SqlType.Text), Field("previous_ref", SqlType.Int8), Field("updated_ref", SqlType.Int8)],
            async (call, token) =>
            {
                var branch = call.Require<string>("branch");
                var moved = await ChangeReferencesAsync(call, new ReferenceChange.FastForward(branch, call.Require<string>("to")), token);
                return [[branch, moved.Before, moved.After]];
            }),
    ];

    private static EquatableArray<(string, SqlType)> s_tagArguments =>
        [
            ("name", SqlType.Text), ("snapshot_id", SqlType.Int8), ("max_age", SqlType.Interval), ("replaces", SqlType.Bool),
            ("if_not_exists", SqlType.Bool),
        ];

    private static EquatableArray<(string, SqlType)> s_branchArguments =>
        [.. s_tagArguments, ("min_snapshots_to_keep", SqlType.Int8), ("max_snapshot_age", SqlType.Interval)];

    private static EquatableArray<(string, SqlType)> s_dropArguments => [("name", SqlType.Text), ("if_exists", SqlType.Bool)];

    private static EquatableArray<ResultField> s_moved =>
        [Field("previous_snapshot_id", SqlType.Int8), Field("current_snapshot_id", SqlType.Int8)];

    public static Procedure? Find(string name) => All.FirstOrDefault(procedure => procedure.Name == name);

    /// <summary>Changes what branches and tags of a table name, as a part of the transaction.</summary>
    public static async ValueTask<ReferenceUpdate> ChangeReferencesAsync(QuerySession session, SessionServices services, TableEntry table,
        ReferenceChange change, CancellationToken cancellationToken)
    {
        if (services.Formats.FirstOrDefault(format => format.Name == table.Pointer.Format) is not ITableReferences references)
            throw new SqlException(SqlState.FeatureNotSupported, $"tables of format {table.Pointer.Format} have no branches and tags");
        // Branches and tags name snapshots, and so what files hold.
        if (change is ReferenceChange.Create or ReferenceChange.FastForward
            && await FlushAsync(session, services, table, cancellationToken) is not null)
        {
            var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
            table = (await catalog.FindTableAsync(table.Schema, table.Name, cancellationToken))!;
        }

        var update = await references.ChangeReferencesAsync(table.Pointer, change, cancellationToken);
        if (update.Update is not null) await TableWriting.RecordAsync(session, table, update.Update, cancellationToken);
        return update;
    }

    /// <summary>
    /// Makes files of what the catalog keeps for a table; null when it keeps nothing. It is a part of a transaction of several statements.
    /// Before a single statement it is committed by itself, since it changes no row, and made again when somebody else flushes the table.
    /// </summary>
    private static async ValueTask<FlushedTail?> FlushAsync(QuerySession session, SessionServices services, TableEntry table,
        CancellationToken cancellationToken)
    {
        if (session.Transaction.EndsAfterStatement)
        {
            var done = await new TableMaintainer(services.Maintenance, table, null).FlushAsync(cancellationToken);
            session.Transaction.BeginStatement();
            return done;
        }

        if (await TableMaintainer.MakeFlushAsync(services.Maintenance, table, cancellationToken) is not { } flushed) return null;
        await TableWriting.RecordAsync(session, table, flushed.Update, cancellationToken);
        return flushed;
    }

    private static async ValueTask<ReferenceUpdate> ChangeReferencesAsync(ProcedureCall call, ReferenceChange change,
        CancellationToken cancellationToken)
    {
        call.Session.Transaction.RequireWritable("CALL");
        return await ChangeReferencesAsync(call.Session, call.Services, await call.TableAsync(cancellationToken), change,
            cancellationToken);
    }

    private static async ValueTask<IReadOnlyList<object?[]>> MoveAsync(ProcedureCall call, ReferenceChange change,
        CancellationToken cancellationToken)
    {
        var moved = await ChangeReferencesAsync(call, change, cancellationToken);
        return [[moved.Before, moved.After]];
    }

    private static async ValueTask<IReadOnlyList<object?[]>> CreateAsync(ProcedureCall call, bool isTag,
        CancellationToken cancellationToken)
    {
        var retention = new ReferenceRetention(call.Span("max_age"), (int?)call.Whole("min_snapshots_to_keep", 1),
            call.Span("max_snapshot_age"));
        await ChangeReferencesAsync(call, new ReferenceChange.Create(call.Require<string>("name"), isTag, call.Whole("snapshot_id"),
            retention)
            { Replaces = call.IsTrue("replaces"), IfNotExists = call.IsTrue("if_not_exists") }, cancellationToken);
        return [];
    }

    private static async ValueTask<IReadOnlyList<object?[]>> DropAsync(ProcedureCall call, bool isTag, CancellationToken cancellationToken)
    {
        await ChangeReferencesAsync(call, new ReferenceChange.Drop(call.Require<string>("name"), isTag, call.IsTrue("if_exists")),
            cancellationToken);
        return [];
    }

    /// <summary>Makes a dropped table again as it was, with its rights; what was dropped with it stays dropped.</summary>
    private static async ValueTask<IReadOnlyList<object?[]>> UndropAsync(ProcedureCall call, CancellationToken cancellationToken)
    {
        var session = call.Session;
        session.Transaction.RequireWritable("CALL");
        var (schema, name) = (call.Require<string>("schema_name"), call.Require<string>("table_name"));
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var parent = await catalog.FindSchemaAsync(schema, cancellationToken)
            ?? throw new SqlException(SqlState.InvalidSchemaName, $"schema \"{schema}\" does not exist");
        await (await session.RightsAsync(cancellationToken)).RequireAsync(session.User, parent, 'C', cancellationToken);
        if (await catalog.FindRelationAsync(schema, name, cancellationToken) is not null)
            throw new SqlException(SqlState.DuplicateTable, $"relation \"{name}\" already exists");
        var found = await call.Services.Catalog.FindDroppedAsync(TableEntry.KeyOf(schema, name), cancellationToken);
        var live = await LiveTablesAsync(catalog, cancellationToken);
        // A table that was renamed is not gone.
        if (found is not ({ } gone, { } before) || gone is not TableEntry dropped || live.Contains(dropped.Oid))
            throw new SqlException(SqlState.UndefinedTable, $"no dropped table \"{schema}.{name}\" is kept");
        await SchemaStatements.RequireTableOwnerAsync(session, dropped, mayOwnSchema: false, cancellationToken);
        await call.Services.Formats.First(format => format.Name == dropped.Pointer.Format)
            .LoadAsync(dropped.Pointer, null, cancellationToken);
        foreach (var sequence in await SequenceRules.OwnedAsync(before, dropped, cancellationToken))
            await RestoreAsync(session, sequence with { ChangedAt = 0 }, before, cancellationToken);
        // What a foreign key refers to may be gone for good.
        var constraints = dropped.Constraints
            .Where(constraint => constraint.Target is not { } target || target.Table == dropped.Oid || live.Contains(target.Table));
        await RestoreAsync(session, dropped with { Constraints = constraints.ToEquatableArray() }, before, cancellationToken);
        return [];
    }

    private static async ValueTask RestoreAsync(QuerySession session, RelationEntry relation, ICatalogSnapshot before,
        CancellationToken cancellationToken)
    {
        await session.Transaction.ChangeAsync(new CatalogChange.Create(relation), cancellationToken);
        if (await before.FindAccessAsync(relation.AccessTarget, cancellationToken) is { } access)
            await session.Transaction.ChangeAsync(new CatalogChange.Create(access with { ChangedAt = 0 }), cancellationToken);
    }

    private static async ValueTask<IReadOnlySet<Oid>> LiveTablesAsync(ICatalogSnapshot catalog, CancellationToken cancellationToken)
    {
        var live = new HashSet<Oid>();
        foreach (var schema in await catalog.ListSchemasAsync(cancellationToken))
            live.UnionWith((await catalog.ListTablesAsync(schema.Name, cancellationToken)).Select(table => table.Oid));
        return live;
    }

    private static async ValueTask<IReadOnlyList<object?[]>> RewriteDataAsync(ProcedureCall call, CancellationToken cancellationToken)
    {
        var (maintainer, _) = await call.MaintainAsync(cancellationToken);
        var options = new CompactionOptions();
        options = options with
        {
            TargetBytes = call.Whole("target_file_size_bytes", 1) ?? options.TargetBytes,
            LeastBytes = call.Whole("min_file_size_bytes", 0),
            LeastFiles = (int)Math.Min(int.MaxValue, call.Whole("min_input_files", 1) ?? options.LeastFiles),
            DeleteFiles = (int)Math.Min(int.MaxValue, call.Whole("delete_file_threshold", 1) ?? options.DeleteFiles),
            DeleteRatio = call.Number("delete_ratio_threshold") ?? options.DeleteRatio,
            TakesAll = call.IsTrue("rewrite_all"),
        };
        var where = call.Text("condition") is { } text ? SqlParser.ParseExpression(text) : null;
        var done = await maintainer.RewriteDataAsync(options,
            where is null ? null : (table, token) => SelectAsync(call, table, where, token), cancellationToken);
        return [[done.RewrittenFiles, done.AddedFiles, done.RewrittenBytes, done.FailedFiles]];
    }

    /// <summary>The handle of a table once the optimiser has given it a condition.</summary>
    private static async ValueTask<ITableHandle> SelectAsync(ProcedureCall call, TableEntry table, Expression where,
        CancellationToken cancellationToken)
    {
        var name = new TableName(new QualifiedName(["lake", table.Schema, table.Name]));
        var query = new Query(new SelectBody([new SelectItem(new Star([]), null)]) { From = [name], Where = where });
        var bound = await call.Session.Analyzer.BindAsync(query, cancellationToken);
        var request = QueryStatements.OwnRequest(call.Session, call.Services, bound);
        var plan = await call.Services.Runner.PlanAsync(request, bound, cancellationToken);
        var scans = plan.Fragments.SelectMany(fragment => ScansOf(fragment.Plan)).ToArray();
        return scans is [var scan] ? scan.Handle
            : throw new SqlException(SqlState.FeatureNotSupported, "the condition of files must be on columns of the table alone");
    }

    private static IEnumerable<Scan> ScansOf(LogicalPlan plan) =>
        plan is Scan scan ? [scan] : plan.Inputs.SelectMany(ScansOf);

    private static async ValueTask<IReadOnlyList<object?[]>> ExpireAsync(ProcedureCall call, CancellationToken cancellationToken)
    {
        var (maintainer, _) = await call.MaintainAsync(cancellationToken);
        var done = await maintainer.ExpireAsync(
            new ExpiryOptions
            {
                OlderThan = call.Time("older_than"), RetainLast = (int?)call.Whole("retain_last", 1),
                SnapshotIds = call.Whole("snapshot_id") is { } id ? [id] : [],
            }, cancellationToken);
        return [[.. Enum.GetValues<ExpiredKind>().Select(kind => (object)(long)(done?.Files.GetValueOrDefault(kind)?.Count ?? 0))]];
    }

    private static async ValueTask<IReadOnlyList<object?[]>> RemoveOrphansAsync(ProcedureCall call, CancellationToken cancellationToken)
    {
        var (_, table) = await call.MaintainAsync(cancellationToken);
        var now = call.Services.Clock.GetUtcNow();
        var olderThan = call.Time("older_than") ?? now - s_orphanAge;
        var isDry = call.IsTrue("dry_run");
        if (!isDry && olderThan > now - s_leastOrphanAge)
            throw new SqlException(SqlState.InvalidParameterValue, "cannot remove orphan files that are younger than 24 hours")
            {
                Detail = "They may be those of a transaction that is open.",
                Hint = "dry_run => true lists them.",
            };
        var orphans = await OrphanFinder.FindAsync(call.Services.Maintenance, table, olderThan, cancellationToken);
        if (!isDry) await call.Services.Store.DeleteAsync([.. orphans.Select(file => file.Path)], cancellationToken);
        return [.. orphans.Select(file => new object?[] { file.Path })];
    }

    /// <summary>The files of a table's folder that no state of the table names.</summary>
    private static async ValueTask<IReadOnlyList<object?[]>> ListOrphansAsync(ProcedureCall call, CancellationToken cancellationToken)
    {
        var table = await call.TableAsync(cancellationToken);
        var files = await OrphanFinder.FindAsync(call.Services.Maintenance, table, null, cancellationToken);
        return
        [
            .. files.Select(file => new object?[]
            {
                file.Path, file.Status!.SizeBytes,
                new PgTimestamp((file.Written - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond),
            }),
        ];
    }
}
