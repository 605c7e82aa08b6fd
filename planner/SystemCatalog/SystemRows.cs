using System.Globalization;
using Federation.Connectors.Spi;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.Planner.Functions;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>The rows of each system table, by column name. Tables that nothing fills have none.</summary>
internal static class SystemRows
{
    internal const long PgCatalogOid = 11;
    internal const long OwnerOid = 10;

    private static readonly Lazy<IReadOnlyList<Row>> s_operators = Owned("pg_operator", "oprnamespace", "oprowner");
    private static readonly Lazy<IReadOnlyList<Row>> s_collations = Owned("pg_collation", "collnamespace", "collowner");
    private static readonly Lazy<IReadOnlyList<Row>> s_languages = Owned("pg_language", null, "lanowner");
    private static readonly Lazy<IReadOnlyList<Row>> s_accessMethods = new(() => StaticRows.Of("pg_am"));
    private static readonly Lazy<IReadOnlyList<Row>> s_operatorClasses = Owned("pg_opclass", "opcnamespace", "opcowner");
    private static readonly Lazy<IReadOnlyList<Row>> s_operatorFamilies = Owned("pg_opfamily", "opfnamespace", "opfowner");
    private static readonly Lazy<IReadOnlyList<Row>> s_conversions = Owned("pg_conversion", "connamespace", "conowner");
    private static readonly Lazy<IReadOnlyList<Row>> s_searchDictionaries = Owned("pg_ts_dict", "dictnamespace", "dictowner");
    private static readonly Lazy<IReadOnlyList<Row>> s_searchTemplates = Owned("pg_ts_template", "tmplnamespace", null);
    private static readonly Lazy<IReadOnlyList<Row>> s_searchParsers = Owned("pg_ts_parser", "prsnamespace", null);
    private static readonly Lazy<IReadOnlyList<Row>> s_searchConfigurations = Owned("pg_ts_config", "cfgnamespace", "cfgowner");
    private static readonly Lazy<IReadOnlyList<Row>> s_searchMappings = Owned("pg_ts_config_map", null, null);
    private static readonly Lazy<IReadOnlyList<Row>> s_familyOperators = Owned("pg_amop", null, null);
    private static readonly Lazy<IReadOnlyList<Row>> s_familyFunctions = Owned("pg_amproc", null, null);
    private static readonly Lazy<IReadOnlyList<Row>> s_zoneAbbreviations = new(() => StaticRows.Of("pg_timezone_abbrevs"));
    private static readonly Lazy<IReadOnlyList<Row>> s_casts =
        new(() => StaticRows.Of("pg_cast").Where(cast => TypeRows.Has(cast["castsource"]) && TypeRows.Has(cast["casttarget"])).ToArray());
    private static readonly Lazy<IReadOnlyList<Row>> s_aggregates = new(() => StaticRows.Of("pg_aggregate"));
    private static readonly Lazy<IReadOnlyList<Row>> s_descriptions = new(() => StaticRows.Of("pg_description"));

    private static readonly SchemaState[] s_schemas =
    [
        new(new Oid((uint)PgCatalogOid), "pg_catalog") { Grants = [AccessRows.OfEverybody("U", SystemState.DefaultOwner)] },
        new(new Oid(13000), "information_schema") { Grants = [AccessRows.OfEverybody("U", SystemState.DefaultOwner)] },
    ];

    private static readonly (long Oid, string Name)[] s_maintenanceDatabases = [(5L, "postgres"), (1L, "template1"), (4L, "template0")];

    private static readonly (string Name, long Type, short Length, short Number)[] s_systemColumns =
        [("ctid", 27, 6, -1), ("xmin", 28, 4, -2), ("cmin", 29, 4, -3), ("xmax", 28, 4, -4), ("cmax", 29, 4, -5), ("tableoid", 26, 4, -6)];

    private static readonly Dictionary<string, Func<SystemState, IEnumerable<Row>>> s_tables = new(StringComparer.Ordinal)
    {
        ["pg_catalog.pg_namespace"] = Namespaces,
        ["pg_catalog.pg_class"] = Classes,
        ["pg_catalog.pg_attribute"] = Attributes,
        ["pg_catalog.pg_attrdef"] = ColumnDefaults.Rows,
        ["pg_catalog.pg_index"] = KeyRows.Indexes,
        ["pg_catalog.pg_constraint"] = state => KeyRows.Constraints(state).Concat(SourceTypeRows.Checks(state)),
        ["pg_catalog.pg_trigger"] = KeyRows.Triggers,
        ["pg_catalog.pg_inherits"] = KeyRows.Parents,
        ["pg_catalog.pg_partitioned_table"] = KeyRows.PartitionedTables,
        ["pg_catalog.pg_sequence"] = KeyRows.Sequences,
        ["pg_catalog.pg_depend"] = KeyRows.Dependencies,
        ["pg_catalog.pg_indexes"] = KeyViews.Indexes,
        ["pg_catalog.pg_sequences"] = KeyViews.Sequences,
        ["pg_catalog.pg_type"] = state => TypeRows.Types.Concat(SourceTypeRows.Types(state)),
        ["pg_catalog.pg_enum"] = SourceTypeRows.Labels,
        ["pg_catalog.pg_range"] = _ => TypeRows.Ranges,
        ["pg_catalog.pg_proc"] = _ => FunctionRows.Functions,
        ["pg_catalog.pg_operator"] = _ => s_operators.Value,
        ["pg_catalog.pg_collation"] = _ => s_collations.Value,
        ["pg_catalog.pg_language"] = _ => s_languages.Value,
        ["pg_catalog.pg_cast"] = _ => s_casts.Value,
        ["pg_catalog.pg_aggregate"] = _ => s_aggregates.Value,
        ["pg_catalog.pg_description"] = state => s_descriptions.Value.Concat(SchemaLocations(state)).Concat(KeyRows.Descriptions(state)),
        [$"{SystemSchema.InternalSchema}.function_texts"] = _ => FunctionRows.Texts,
        [$"{SystemSchema.InternalSchema}.relation_names"] = state => NameRows.Relations(state, AllRelations(state)),
        [$"{SystemSchema.InternalSchema}.relation_keys"] = state => NameRows.RelationKeys(state, AllRelations(state)),
        [$"{SystemSchema.InternalSchema}.view_texts"] = state => state.Relations.Where(relation => relation.Definition is not null)
            .Select(relation => new Row { ["oid"] = (long)relation.Oid.Value, ["definition"] = relation.Definition,
                ["pretty"] = relation.PrettyDefinition ?? relation.Definition }),
        [$"{SystemSchema.InternalSchema}.definition_texts"] = KeyRows.Definitions,
        [$"{SystemSchema.InternalSchema}.expression_texts"] = KeyRows.Expressions,
        [$"{SystemSchema.InternalSchema}.type_keys"] = state => NameRows.TypeKeys(state, Namespaces(state)),
        [$"{SystemSchema.InternalSchema}.source_type_names"] = state => NameRows.SourceTypes(state, Namespaces(state)),
        [$"{SystemSchema.InternalSchema}.function_keys"] = _ => NameRows.FunctionKeys,
        [$"{SystemSchema.InternalSchema}.setting_texts"] = state =>
            state.Settings.Select(setting => new Row { ["name"] = setting.Name, ["value"] = setting.Shown }),
        [$"{SystemSchema.InternalSchema}.role_names"] = AccessRows.RoleNames,
        [$"{SystemSchema.InternalSchema}.role_rights"] = AccessRows.RoleRights,
        [$"{SystemSchema.InternalSchema}.schema_access"] = AccessRows.Schemas,
        [$"{SystemSchema.InternalSchema}.database_access"] = AccessRows.Databases,
        [$"{SystemSchema.InternalSchema}.server_access"] = AccessRows.Servers,
        [$"{SystemSchema.InternalSchema}.wrapper_access"] = AccessRows.Wrappers,
        [$"{SystemSchema.InternalSchema}.relation_access"] = AccessRows.Relations,
        [$"{SystemSchema.InternalSchema}.column_access"] = AccessRows.Columns,
        ["pg_catalog.pg_default_acl"] = AccessRows.Defaults,
        ["pg_catalog.pg_database"] = Databases,
        ["pg_catalog.pg_roles"] = RoleRows.Roles,
        ["pg_catalog.pg_authid"] = RoleRows.Authorizations,
        ["pg_catalog.pg_user"] = RoleRows.Users,
        ["pg_catalog.pg_shadow"] = RoleRows.Shadows,
        ["pg_catalog.pg_group"] = RoleRows.Groups,
        ["pg_catalog.pg_auth_members"] = RoleRows.Memberships,
        ["pg_catalog.pg_settings"] = Settings,
        ["pg_catalog.pg_tables"] = state =>
            UserTables(state).Where(relation => relation.Kind is 'r' or 'p')
                .Select(relation =>
                    new Row { ["schemaname"] = relation.Schema, ["tablename"] = relation.Name, ["tableowner"] = relation.Owner,
                        ["hasindexes"] = Has(relation, RelationFlags.HasIndexes), ["hasrules"] = Has(relation, RelationFlags.HasRules),
                        ["hastriggers"] = Has(relation, RelationFlags.HasTriggers),
                        ["rowsecurity"] = Has(relation, RelationFlags.HasRowSecurity) }),
        ["pg_catalog.pg_views"] = state =>
            UserTables(state).Where(relation => relation.Kind == 'v')
                .Select(relation => new Row { ["schemaname"] = relation.Schema, ["viewname"] = relation.Name,
                    ["viewowner"] = relation.Owner, ["definition"] = relation.Definition }),
        ["pg_catalog.pg_matviews"] = state =>
            UserTables(state).Where(relation => relation.Kind == 'm')
                .Select(relation =>
                    new Row { ["schemaname"] = relation.Schema, ["matviewname"] = relation.Name, ["matviewowner"] = relation.Owner,
                        ["hasindexes"] = Has(relation, RelationFlags.HasIndexes),
                        ["ispopulated"] = !Has(relation, RelationFlags.IsUnpopulated), ["definition"] = relation.Definition }),
        ["pg_catalog.pg_am"] = _ => s_accessMethods.Value,
        ["pg_catalog.pg_opclass"] = _ => s_operatorClasses.Value,
        ["pg_catalog.pg_opfamily"] = _ => s_operatorFamilies.Value,
        ["pg_catalog.pg_conversion"] = _ => s_conversions.Value,
        ["pg_catalog.pg_ts_dict"] = _ => s_searchDictionaries.Value,
        ["pg_catalog.pg_ts_template"] = _ => s_searchTemplates.Value,
        ["pg_catalog.pg_ts_config"] = _ => s_searchConfigurations.Value,
        ["pg_catalog.pg_ts_config_map"] = _ => s_searchMappings.Value,
        ["pg_catalog.pg_amop"] = _ => s_familyOperators.Value,
        ["pg_catalog.pg_amproc"] = _ => s_familyFunctions.Value,
        [$"{SystemSchema.GatewaySchema}.queries"] = SessionRows.Queries,
        ["pg_catalog.pg_ts_parser"] = _ => s_searchParsers.Value,
        ["pg_catalog.pg_timezone_abbrevs"] = _ => s_zoneAbbreviations.Value,
        ["pg_catalog.pg_timezone_names"] = TimeZoneRows.Names,
        ["pg_catalog.pg_extension"] = _ =>
            [new Row { ["oid"] = 13559L, ["extname"] = "plpgsql", ["extowner"] = OwnerOid, ["extnamespace"] = PgCatalogOid,
                ["extrelocatable"] = false, ["extversion"] = "1.0" }],
        ["pg_catalog.pg_available_extensions"] = _ =>
            [new Row { ["name"] = "plpgsql", ["default_version"] = "1.0", ["installed_version"] = "1.0",
                ["comment"] = "PL/pgSQL procedural language" }],
        ["pg_catalog.pg_available_extension_versions"] = _ =>
        [
            new Row
            {
                ["name"] = "plpgsql", ["version"] = "1.0", ["installed"] = true, ["superuser"] = true, ["trusted"] = true,
                ["relocatable"] = false, ["schema"] = "pg_catalog",
                ["comment"] = "PL/pgSQL procedural language",
            },
        ],
        ["pg_catalog.pg_stat_activity"] = state => SessionRows.Activity(state),
        ["pg_catalog.pg_stat_progress_copy"] = SessionRows.Copies,
        ["pg_catalog.pg_stat_ssl"] = state => SessionRows.Encryption(state),
        ["pg_catalog.pg_stat_gssapi"] = state =>
            state.Sessions.Select(session => new Row { ["pid"] = session.ProcessId, ["gss_authenticated"] = false, ["encrypted"] = false }),
        ["pg_catalog.pg_cursors"] = SessionRows.Cursors,
        ["pg_catalog.pg_locks"] = SessionRows.Locks,
        ["pg_catalog.pg_prepared_statements"] = state => SessionRows.Prepared(state),
        ["information_schema.character_sets"] = state =>
            [new Row { ["character_set_name"] = "UTF8", ["character_repertoire"] = "UCS", ["form_of_use"] = "UTF8",
                ["default_collate_catalog"] = state.Database }],
        ["pg_catalog.pg_tablespace"] = _ => [new Row { ["oid"] = 1663L, ["spcname"] = "pg_default", ["spcowner"] = OwnerOid },
            new Row { ["oid"] = 1664L, ["spcname"] = "pg_global", ["spcowner"] = OwnerOid }],
        ["pg_catalog.pg_foreign_server"] = state =>
            state.Servers
                .Select(server =>
                    new Row { ["oid"] = (long)server.Oid.Value, ["srvname"] = server.Name, ["srvowner"] = state.OidOf(server.Owner),
                        ["srvfdw"] = (long)StableOids.OfWrapper(server.Wrapper).Value, ["srvtype"] = server.Type,
                        ["srvversion"] = server.Version,
                        ["srvacl"] = server.Grants is { } grants ? AccessRows.List(server.Owner, "U", grants) : null,
                        ["srvoptions"] = server.Options.Count == 0 ? null : PgArray.Vector([.. server.Options]) }),
        ["pg_catalog.pg_foreign_data_wrapper"] = state => state.Wrappers.Select(wrapper => new Row
        {
            ["oid"] = (long)StableOids.OfWrapper(wrapper).Value, ["fdwname"] = wrapper, ["fdwowner"] = OwnerOid,
            ["fdwacl"] = state.WrapperGrants.TryGetValue(wrapper, out var grants)
                ? AccessRows.List(SystemState.DefaultOwner, "U", grants)
                : null,
        }),
        ["pg_catalog.pg_user_mappings"] = state =>
            state.Mappings
                .Select(mapping =>
                    new Row { ["umid"] = (long)mapping.Oid.Value, ["srvid"] = (long)mapping.Server.Value, ["srvname"] = mapping.ServerName,
                        ["umuser"] = mapping.User is null ? 0L : state.OidOf(mapping.User), ["usename"] = mapping.User ?? "public",
                        ["umoptions"] = mapping.Options is { Count: > 0 } options ? PgArray.Vector([.. options]) : null }),
        ["information_schema.schemata"] = state =>
            AllSchemas(state)
                .Select(schema =>
                    new Row { ["catalog_name"] = state.Database, ["schema_name"] = schema.Name, ["schema_owner"] = schema.Owner }),
        ["information_schema.tables"] = state =>
            UserTables(state).Where(relation => relation is { IsTable: true, Kind: not 'm' }).Select(relation => new Row
        {
            ["table_catalog"] = state.Database, ["table_schema"] = relation.Schema, ["table_name"] = relation.Name,
            ["table_type"] = relation.IsTemporary ? "LOCAL TEMPORARY"
                : relation.Kind switch { 'v' => "VIEW", 'f' => "FOREIGN", _ => "BASE TABLE" },
            ["is_insertable_into"] = YesOrNo(TakesRows(relation)), ["is_typed"] = "NO",
        }),
        ["information_schema.views"] = state => UserTables(state).Where(relation => relation.Kind == 'v').Select(relation => new Row
        {
            ["table_catalog"] = state.Database, ["table_schema"] = relation.Schema, ["table_name"] = relation.Name,
            ["view_definition"] = relation.Definition, ["check_option"] = relation.CheckOption?.ToUpperInvariant() ?? "NONE",
            ["is_updatable"] = YesOrNo(TakesRows(relation)), ["is_insertable_into"] = YesOrNo(TakesRows(relation)),
            ["is_trigger_updatable"] = "NO", ["is_trigger_deletable"] = "NO", ["is_trigger_insertable_into"] = "NO",
        }),
        ["information_schema.columns"] = Columns,
        ["information_schema.table_privileges"] = AccessRows.TablePrivileges,
        ["information_schema.column_privileges"] = AccessRows.ColumnPrivileges,
        ["information_schema.role_column_grants"] = state =>
            AccessRows.ColumnPrivileges(state).Where(row => row["grantee"] is not "PUBLIC"),
        ["information_schema.role_table_grants"] = state => AccessRows.TablePrivileges(state).Where(row => row["grantee"] is not "PUBLIC"),
        ["information_schema.domains"] = SourceTypeRows.Domains,
        ["information_schema.domain_constraints"] = SourceTypeRows.DomainConstraints,
        ["information_schema.table_constraints"] = KeyViews.TableConstraints,
        ["information_schema.key_column_usage"] = KeyViews.KeyColumns,
        ["information_schema.referential_constraints"] = KeyViews.ReferentialConstraints,
        ["information_schema.check_constraints"] = KeyViews.CheckConstraints,
        ["information_schema.constraint_column_usage"] = KeyViews.ConstraintColumns,
        ["information_schema.constraint_table_usage"] = KeyViews.ConstraintTables,
        ["information_schema.sequences"] = KeyViews.InformationSequences,
        ["information_schema.triggers"] = KeyViews.Triggers,
    };

    internal static bool Has(RelationState relation, RelationFlags flag) => (relation.Flags & flag) == flag;

    public static IEnumerable<Row> Of(SystemRelation relation, SystemState state) =>
        s_tables.TryGetValue($"{relation.Schema}.{relation.Name}", out var rows) ? rows(state) : [];

    /// <summary>Static rows that belong to pg_catalog, where the kind has schemas, and to the system's owner.</summary>
    private static Lazy<IReadOnlyList<Row>> Owned(string table, string? schemaColumn, string? ownerColumn) => new(() =>
    {
        var rows = StaticRows.Of(table);
        foreach (var row in rows)
        {
            if (schemaColumn is not null) row[schemaColumn] = PgCatalogOid;
            if (ownerColumn is not null) row[ownerColumn] = OwnerOid;
        }

        return rows;
    });

    private static IEnumerable<Row> Namespaces(SystemState state) => AllSchemas(state).Select(schema => new Row
    {
        ["oid"] = (long)schema.Oid.Value, ["nspname"] = schema.Name, ["nspowner"] = state.OidOf(schema.Owner),
        ["nspacl"] = schema.Access is { } access ? AccessRows.Shown(access) : AccessRows.List(schema.Owner, "UC", schema.Grants),
    });

    /// <summary>What <c>\dn+</c> says of schemas that have a place of their own.</summary>
    private static IEnumerable<Row> SchemaLocations(SystemState state) =>
        state.Schemas.Where(schema => schema.Location is not null).Select(schema => new Row
    {
        ["objoid"] = (long)schema.Oid.Value, ["classoid"] = 2615L, ["objsubid"] = 0, ["description"] = $"location: {schema.Location}",
    });

    /// <summary>The system's own schemas, then those of the database.</summary>
    internal static IEnumerable<SchemaState> AllSchemas(SystemState state) => s_schemas.Concat(state.Schemas);

    internal static IEnumerable<RelationState> UserTables(SystemState state) =>
        state.Relations.Where(relation => !SystemTables.IsSystemSchema(relation.Schema));

    /// <summary>User tables, then the system's own relations.</summary>
    private static IEnumerable<RelationState> AllRelations(SystemState state) => state.Relations.Concat(
        SystemSchema.Relations.Select(relation =>
            new RelationState(relation.Oid, relation.Schema, relation.Name, relation.Kind, 0, relation.Columns)));

    private static string YesOrNo(bool truth) => truth ? "YES" : "NO";

    /// <summary>A table of the gateway; those of servers are read alone.</summary>
    private static bool IsTableHere(RelationState relation) => relation is { Kind: 'r', Source: null };

    private static bool TakesRows(RelationState relation) => IsTableHere(relation) || relation.Updates is { Writes: true };

    private static IEnumerable<Row> Classes(SystemState state)
    {
        var schemas = Namespaces(state).ToDictionary(row => (string)row["nspname"]!, row => (long)row["oid"]!);
        return AllRelations(state).Where(relation => schemas.ContainsKey(relation.Schema)).Select(relation => new Row
        {
            ["oid"] = (long)relation.Oid.Value, ["relname"] = relation.Name, ["relnamespace"] = schemas[relation.Schema],
            ["relowner"] = state.OidOf(relation.Owner),
            ["relam"] = relation.Index?.Details.Method ?? (relation.Kind is 'r' or 'm' ? 2L : 0L), ["reltuples"] = (float)relation.Rows,
            ["relpersistence"] = relation.IsTemporary ? "t" : Has(relation, RelationFlags.IsUnlogged) ? "u" : "p",
            ["relkind"] = relation.Kind.ToString(), ["relnatts"] = (short)Math.Min(relation.ColumnCount, short.MaxValue),
            ["relispopulated"] = !Has(relation, RelationFlags.IsUnpopulated),
            ["relreplident"] = relation.IsTable && relation.Kind != 'v' ? "d" : "n", ["relpages"] = relation.Index?.Details.Pages ?? 0,
            ["relhasindex"] = Has(relation, RelationFlags.HasIndexes),
            ["relhastriggers"] = Has(relation, RelationFlags.HasTriggers), ["relhasrules"] = Has(relation, RelationFlags.HasRules),
            ["relhassubclass"] = Has(relation, RelationFlags.HasChildren) || relation.Kind == 'I',
            ["relrowsecurity"] = Has(relation, RelationFlags.HasRowSecurity),
            ["relispartition"] = Has(relation, RelationFlags.IsPartition) || relation.Index?.Details.Parent is not null,
            ["relacl"] = relation.Access is { } access ? AccessRows.Shown(access) : null,
            ["relchecks"] = (short)relation.Details.Constraints.Count(constraint => constraint.Kind == 'c'),
            ["relpartbound"] = relation.Details.PartitionBound,
            ["reloptions"] = relation.CheckOption is { } check ? PgArray.Vector([$"check_option={check}"]) : null,
            ["reltype"] = relation is { Kind: 'c', Source: { } source }
                ? (long)StableOids.OfType(source.Server, source.Schema, relation.Name).Value
                : 0L,
        });
    }

    /// <summary>A relation's columns in order, then the system columns of those that have rows of their own.</summary>
    private static IEnumerable<Row> Attributes(SystemState state) => AllRelations(state).SelectMany(relation =>
        relation.Index is { } index ? KeyRows.IndexAttributes(relation, index.Details)
            : UserAttributes(relation)
                .Concat(relation.Kind is 'v' or 'c' || relation.Columns.Count == 0 ? [] : SystemAttributes(relation)));

    private static IEnumerable<Row> SystemAttributes(RelationState relation) => s_systemColumns.Select(column => new Row
    {
        ["attrelid"] = (long)relation.Oid.Value, ["attname"] = column.Name, ["atttypid"] = column.Type, ["attlen"] = column.Length,
        ["attnum"] = column.Number, ["attcacheoff"] = -1, ["atttypmod"] = -1,
        ["attbyval"] = column.Length == 4, ["attalign"] = column.Length == 4 ? "i" : "s", ["attstorage"] = "p", ["attcompression"] = "",
        ["attnotnull"] = true, ["attidentity"] = "", ["attgenerated"] = "", ["attislocal"] = true,
    });

    /// <summary>The columns of a relation, those among them that were dropped, of which only the number is left.</summary>
    private static IEnumerable<Row> UserAttributes(RelationState relation)
    {
        var next = 1;
        for (var i = 0; i < relation.Columns.Count; i++)
        {
            var column = relation.Columns[i];
            for (; next < Number(column, i); next++) yield return DroppedAttribute(relation, next);
            next = Number(column, i) + 1;
            yield return Attribute(relation, column, i, TypeRows.Layout(column.Type));
        }

        if (relation.Columns.Any(column => column.Number > 0))
            for (; next <= relation.ColumnCount; next++) yield return DroppedAttribute(relation, next);
    }

    private static Row DroppedAttribute(RelationState relation, int number) => new()
    {
        ["attrelid"] = (long)relation.Oid.Value,
        ["attname"] = string.Create(CultureInfo.InvariantCulture, $"........pg.dropped.{number}........"), ["attnum"] = (short)number,
        ["attlen"] = (short)-1,
        ["attcacheoff"] = -1, ["atttypmod"] = -1, ["attstattarget"] = 0, ["attalign"] = "i", ["attstorage"] = "x", ["attcompression"] = "",
        ["attidentity"] = "", ["attgenerated"] = "", ["attisdropped"] = true,
        ["attislocal"] = true,
    };

    private static Row Attribute(RelationState relation, ConnectorColumn column, int i,
        (bool ByValue, string Alignment, string Storage) layout) => new()
    {
        ["attrelid"] = (long)relation.Oid.Value, ["attname"] = column.Name,
        ["atttypid"] = (long)(column.Domain?.Oid ?? column.Type.AnnouncedOid).Value, ["attlen"] = column.Type.AnnouncedLength,
        ["attnum"] = Number(column, i), ["attndims"] = column.Type.IsArray ? 1 : 0, ["attcacheoff"] = -1,
        ["atttypmod"] = column.Domain is null ? (column.Type.Element ?? column.Type).Modifier : -1,
        ["attstattarget"] = ColumnDefaults.Details(relation, Number(column, i))?.StatisticsTarget ?? -1, ["attbyval"] = layout.ByValue,
        ["attalign"] = layout.Alignment, ["attstorage"] = layout.Storage, ["attcompression"] = "", ["attnotnull"] = !column.IsNullable,
        ["atthasdef"] = ColumnDefaults.Of(relation, column, i) is not null,
        ["attidentity"] = ColumnDefaults.Details(relation, Number(column, i))?.Identity ?? "",
        ["attgenerated"] = column.IsGenerated ? "s" : "", ["attislocal"] = true,
        ["attacl"] = relation.Access?.Columns.GetValueOrDefault(column.Name) is { Count: > 0 } items ? AccessRows.List(items) : null,
        ["attcollation"] = ColumnDefaults.Details(relation, Number(column, i)) is { Collation: > 0 } details
            ? details.Collation
            : Collation(column.Type, SystemTables.IsSystemSchema(relation.Schema)),
    };

    /// <summary>Names are compared by bytes whatever the database's collation is, as are all texts of the catalogs.</summary>
    private static long Collation(SqlType type, bool isSystem)
    {
        var scalar = type.IsArray ? SqlType.Of(type.Base) : type;
        return scalar.Category != 'S' ? 0 : scalar.Base == PgTypes.Name || isSystem ? 950 : 100;
    }

    /// <summary>The gateway's own database and its servers, then those that every PostgreSQL has.</summary>
    private static IEnumerable<Row> Databases(SystemState state) => state.Databases.Select((name, i) => (Oid: 16_000L + i, Name: name))
        .Concat(s_maintenanceDatabases.Where(database => !state.Databases.Contains(database.Name))).Select(database => new Row
    {
        ["oid"] = database.Oid, ["datname"] = database.Name, ["datdba"] = OwnerOid, ["encoding"] = 6, ["datlocprovider"] = "c",
        ["datistemplate"] = database.Name is "template0" or "template1",
        ["datallowconn"] = database.Name != "template0", ["datconnlimit"] = -1,
        ["dattablespace"] = 1663L, ["datcollate"] = "C.UTF-8", ["datctype"] = "C.UTF-8",
    });

    internal static Dictionary<string, long> DatabaseOids(SystemState state) =>
        Databases(state).ToDictionary(row => (string)row["datname"]!, row => (long)row["oid"]!);

    private static IEnumerable<Row> Settings(SystemState state) => state.Settings.Select(setting => new Row
    {
        ["name"] = setting.Name, ["setting"] = setting.Setting, ["unit"] = setting.Unit, ["category"] = setting.Category,
        ["short_desc"] = setting.Description, ["context"] = "user",
        ["vartype"] = setting.Type, ["source"] = "default", ["boot_val"] = setting.Default, ["reset_val"] = setting.Default,
        ["pending_restart"] = false,
    });

    private static IEnumerable<Row> Columns(SystemState state) =>
        state.Relations.Where(relation => relation is { IsTable: true, Kind: not 'm' })
            .SelectMany(relation => relation.Columns.Select((column, i) => new Row
    {
        ["table_catalog"] = state.Database, ["table_schema"] = relation.Schema, ["table_name"] = relation.Name,
        ["column_name"] = column.Name, ["ordinal_position"] = (int)Number(column, i),
        ["column_default"] = column.IsGenerated ? null : ColumnDefaults.Of(relation, column, i),
        ["is_nullable"] = column.IsNullable && !column.IsDomainNotNull ? "YES" : "NO", ["data_type"] = column.Type.IsArray
            ? "ARRAY"
            : column.Type.Base.Source is { CatalogOid.Value: 0 } ? "USER-DEFINED" : column.Type.WithoutModifier().ToString(),
        ["domain_catalog"] = column.Domain is null ? null : state.Database,
        ["domain_schema"] = column.Domain is null ? null : SchemaOf(column.Domain, relation), ["domain_name"] = column.Domain?.Source!.Name,
        ["udt_catalog"] = state.Database,
        ["udt_schema"] = column.Type.Base.Source is null ? "pg_catalog" : SchemaOf(column.Type.Base, relation),
        ["udt_name"] = (column.Type.IsArray ? "_" : "") + (column.Type.Base.Source?.Name ?? column.Type.Base.Name),
        ["dtd_identifier"] = Number(column, i).ToString(CultureInfo.InvariantCulture), ["is_identity"] = "NO",
        ["is_generated"] = column.IsGenerated ? "ALWAYS" : "NEVER",
        ["generation_expression"] = column.IsGenerated ? ColumnDefaults.Of(relation, column, i) : null,
        ["is_updatable"] = YesOrNo(IsTableHere(relation) || relation.Updates?.Columns.Contains(column.Name) is true),
        ["is_self_referencing"] = "NO", ["identity_cycle"] = "NO",
    }.With(TypeFacts(column.Type)).With(KeyViews.IdentityOf(relation, Number(column, i)))));

    /// <summary>What information_schema says of a type's length and precision.</summary>
    internal static Row TypeFacts(SqlType type) => new()
    {
        ["character_maximum_length"] = type is { IsArray: false, Modifier: > 4, Base.Name: "varchar" or "bpchar" }
            ? type.Modifier - 4
            : null,
        ["character_octet_length"] = OctetLength(type), ["datetime_precision"] = DatetimePrecision(type),
        ["numeric_precision"] = NumericPrecision(type),
        ["numeric_precision_radix"] = NumericPrecision(type) is null ? null : type.IsNumeric ? 10 : 2,
        ["numeric_scale"] = type.IsNumeric ? type.Decimal is { } shape && type.Modifier > 0
            ? (int)shape.Scale
            : null : type.Storage is Storage.Int16 or Storage.Int32 or Storage.Int64 ? 0 : null,
    };

    /// <summary>A type's schema under the name that it has beside the relation's own.</summary>
    private static string SchemaOf(PgType type, RelationState relation)
    {
        var schema = type.Source!.Schema;
        return schema != "pg_catalog" && relation.Schema.StartsWith(type.Source.Server + ".", StringComparison.Ordinal)
            ? $"{type.Source.Server}.{schema}"
            : schema;
    }

    internal static short Number(ConnectorColumn column, int index) => column.Number > 0 ? column.Number : (short)(index + 1);

    /// <summary>Four bytes a character at most (information_schema.sql).</summary>
    private static int? OctetLength(SqlType type) => type.IsArray ? null : type.Base.Name switch
    {
        "text" => 1 << 30,
        "varchar" or "bpchar" => type.Modifier > 4 ? 4 * (type.Modifier - 4) : 1 << 30,
        _ => null,
    };

    private static int? DatetimePrecision(SqlType type) => type.IsArray ? null : type.Base.Name switch
    {
        "date" => 0,
        "time" or "timetz" or "timestamp" or "timestamptz" => type.Modifier < 0 ? 6 : type.Modifier,
        "interval" => type.Modifier < 0 || (type.Modifier & 0xffff) == 0xffff ? 6 : type.Modifier & 0xffff,
        _ => null,
    };

    private static int? NumericPrecision(SqlType type) => type switch
    {
        { IsArray: true } => null,
        { IsNumeric: true, Modifier: > 0, Decimal: { } shape } => shape.Precision,
        _ => type.Base.Name switch { "int2" => 16, "int4" => 32, "int8" => 64, "float4" => 24, "float8" => 53, _ => null },
    };
}
