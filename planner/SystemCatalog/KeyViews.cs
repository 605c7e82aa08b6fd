using System.Globalization;
using Federation.Connectors.Spi;
using Federation.Core.Types;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>
/// pg_indexes, pg_sequences and the views of information_schema over keys, checks, sequences and triggers, by the rules of PostgreSQL's
/// information_schema.sql.
/// </summary>
internal static class KeyViews
{
    private static readonly (int Bit, string Name)[] s_events = [(4, "INSERT"), (8, "DELETE"), (16, "UPDATE")];

    public static bool Shows(string table) =>
        NeedColumns(table) || table is "referential_constraints" or "constraint_table_usage" or "sequences" or "triggers";

    public static bool NeedColumns(string table) =>
        table is "table_constraints" or "check_constraints" or "key_column_usage" or "constraint_column_usage";

    public static IEnumerable<Row> Indexes(SystemState state) =>
        from relation in SystemRows.UserTables(state)
        where relation.Kind is 'r' or 'm' or 'p'
        from index in relation.Details.Indexes
        select new Row { ["schemaname"] = relation.Schema, ["tablename"] = relation.Name, ["indexname"] = index.Name,
            ["indexdef"] = index.Definition };

    public static IEnumerable<Row> Sequences(SystemState state) =>
        from relation in SystemRows.UserTables(state)
        let sequence = relation.Details.Sequence
        where sequence is not null
        select new Row
        {
            ["schemaname"] = relation.Schema, ["sequencename"] = relation.Name, ["sequenceowner"] = relation.Owner,
            ["data_type"] = (long)sequence.Type, ["start_value"] = sequence.Start, ["min_value"] = sequence.Minimum,
            ["max_value"] = sequence.Maximum, ["increment_by"] = sequence.Increment, ["cycle"] = sequence.Cycles,
            ["cache_size"] = sequence.Cache, ["last_value"] = sequence.LastValue,
        };

    /// <summary>NOT NULL counts as a check there.</summary>
    public static IEnumerable<Row> TableConstraints(SystemState state) =>
        (from item in Constraints(state)
         where item.Constraint.Kind != 'x'
         select Named(state, item.Table, item.Constraint.Name).With(TableOf(state, item.Table)).With(new Row
         {
             ["constraint_type"] = item.Constraint.Kind switch
             {
                 'c' => "CHECK",
                 'f' => "FOREIGN KEY",
                 'p' => "PRIMARY KEY",
                 _ => "UNIQUE",
             }, ["is_deferrable"] = YesOrNo(item.Constraint.IsDeferrable),
             ["initially_deferred"] = YesOrNo(item.Constraint.IsDeferred),
             // Foreign keys of the gateway's own tables are declared only.
             ["enforced"] = YesOrNo(item.Constraint.Kind != 'f' || item.Table.Source is not null),
             ["nulls_distinct"] = item.Constraint.Kind == 'u'
                 ? YesOrNo(item.Table.Details.Indexes
                     .FirstOrDefault(index => index.Name == item.Constraint.Index?.Name) is not { AreNullsEqual: true })
                 : null,
         }))
        .Concat(from item in NotNulls(state)
                select Named(state, item.Table, item.Name).With(TableOf(state, item.Table))
                    .With(new Row { ["constraint_type"] = "CHECK", ["is_deferrable"] = "NO", ["initially_deferred"] = "NO",
                        ["enforced"] = "YES" }));

    public static IEnumerable<Row> CheckConstraints(SystemState state) =>
        (from item in Constraints(state)
         where item.Constraint.Kind == 'c'
         select Named(state, item.Table, item.Constraint.Name)
             .With(new Row { ["check_clause"] = item.Constraint.Definition["CHECK ".Length..] }))
        .Concat(from item in NotNulls(state) select Named(state, item.Table, item.Name)
            .With(new Row { ["check_clause"] = item.Column + " IS NOT NULL" }))
        .Concat(from item in state.Types
                from check in item.Listed.Checks
                select new Row
                {
                    ["constraint_catalog"] = state.Database, ["constraint_schema"] = item.ShownSchema, ["constraint_name"] = check.Name,
                    ["check_clause"] = check.Definition["CHECK ".Length..],
                });

    public static IEnumerable<Row> KeyColumns(SystemState state) =>
        from item in Constraints(state)
        where item.Constraint.Kind is 'p' or 'u' or 'f'
        from column in item.Constraint.Columns.Select((number, i) => (Number: number, Position: i))
        select Named(state, item.Table, item.Constraint.Name).With(TableOf(state, item.Table)).With(new Row
        {
            ["column_name"] = item.Table.ColumnName(column.Number), ["ordinal_position"] = column.Position + 1,
            ["position_in_unique_constraint"] = column.Position < item.Constraint.ReferencedPositions.Count
                ? item.Constraint.ReferencedPositions[column.Position]
                : null,
        });

    public static IEnumerable<Row> ReferentialConstraints(SystemState state) =>
        from item in Constraints(state)
        where item.Constraint is { Kind: 'f', Referenced: not null }
        let key = item.Constraint.ReferencedConstraint
        select Named(state, item.Table, item.Constraint.Name).With(new Row
        {
            ["unique_constraint_catalog"] = key is null ? null : state.Database, ["unique_constraint_schema"] = key is null
                ? null
                : item.Table.SchemaOf(item.Constraint.Referenced!), ["unique_constraint_name"] = key,
            ["match_option"] = item.Constraint.MatchType switch { 'f' => "FULL", 'p' => "PARTIAL", _ => "NONE" },
            ["update_rule"] = Rule(item.Constraint.UpdateAction), ["delete_rule"] = Rule(item.Constraint.DeleteAction),
        });

    public static IEnumerable<Row> ConstraintColumns(SystemState state)
    {
        var tables = SystemRows.UserTables(state).ToDictionary(table => table.Oid);
        return from item in Constraints(state)
               where item.Constraint.Kind != 'x'
               let used = item.Constraint.Kind == 'f' ? tables.GetValueOrDefault(item.Table.OidOf(item.Constraint.Referenced)) : item.Table
               where used is not null
               from number in item.Constraint.Kind == 'f' ? item.Constraint.ReferencedColumns : item.Constraint.Columns
               select Named(state, item.Table, item.Constraint.Name).With(TableOf(state, used))
                   .With(new Row { ["column_name"] = used.ColumnName(number) });
    }

    public static IEnumerable<Row> ConstraintTables(SystemState state)
    {
        var tables = SystemRows.UserTables(state).ToDictionary(table => table.Oid);
        return from item in Constraints(state)
               where item.Constraint.Kind is 'p' or 'u' or 'f'
               let used = item.Constraint.Kind == 'f' ? tables.GetValueOrDefault(item.Table.OidOf(item.Constraint.Referenced)) : item.Table
               where used is not null
               select Named(state, item.Table, item.Constraint.Name).With(TableOf(state, used));
    }

    /// <summary>Those of identity columns are not among them.</summary>
    public static IEnumerable<Row> InformationSequences(SystemState state)
    {
        var hidden = state.Relations
            .SelectMany(relation => relation.Details.Columns.Where(column => column.Identity.Length > 0)
                .Select(column => relation.OidOf(column.SequenceName))).ToHashSet();
        return from relation in SystemRows.UserTables(state)
               let sequence = relation.Details.Sequence
               where sequence is not null && !hidden.Contains(relation.Oid)
               let type = SqlType.FromOid(new Oid(sequence.Type))!
               select new Row
               {
                   ["sequence_catalog"] = state.Database, ["sequence_schema"] = relation.Schema, ["sequence_name"] = relation.Name,
                   ["data_type"] = type.ToString(),
                   ["numeric_precision"] = type.AnnouncedLength * 8, ["numeric_precision_radix"] = 2, ["numeric_scale"] = 0,
                   ["start_value"] = Text(sequence.Start), ["minimum_value"] = Text(sequence.Minimum),
                   ["maximum_value"] = Text(sequence.Maximum), ["increment"] = Text(sequence.Increment),
                   ["cycle_option"] = YesOrNo(sequence.Cycles),
               };
    }

    /// <summary>A row for each event of a trigger.</summary>
    public static IEnumerable<Row> Triggers(SystemState state) =>
        from relation in SystemRows.UserTables(state)
        from happening in s_events
        let triggers = relation.Details.Triggers.Where(trigger => (trigger.Type & happening.Bit) != 0).ToList()
        from trigger in triggers
        select new Row
        {
            ["trigger_catalog"] = state.Database, ["trigger_schema"] = relation.Schema, ["trigger_name"] = trigger.Name,
            ["event_manipulation"] = happening.Name, ["event_object_catalog"] = state.Database,
            ["event_object_schema"] = relation.Schema, ["event_object_table"] = relation.Name,
            ["action_order"] = 1
                + triggers.Count(other => ((other.Type ^ trigger.Type) & 67) == 0 && string.CompareOrdinal(other.Name, trigger.Name) < 0),
            ["action_condition"] = trigger.Condition,
            ["action_statement"] = trigger.Definition[trigger.Definition.LastIndexOf("EXECUTE FUNCTION", StringComparison.Ordinal)..],
            ["action_orientation"] = (trigger.Type & 1) != 0 ? "ROW" : "STATEMENT",
            ["action_timing"] = (trigger.Type & 66) switch { 2 => "BEFORE", 64 => "INSTEAD OF", _ => "AFTER" },
            ["action_reference_old_table"] = trigger.OldTable, ["action_reference_new_table"] = trigger.NewTable,
        };

    /// <summary>What information_schema.columns says of an identity column.</summary>
    public static Row IdentityOf(RelationState relation, short number) =>
        ColumnDefaults.Details(relation, number) is { Identity: { Length: > 0 } kind, Sequence: { } sequence }
        ? new Row
        {
            ["is_identity"] = "YES", ["identity_generation"] = kind == "a" ? "ALWAYS" : "BY DEFAULT",
            ["identity_start"] = Text(sequence.Start), ["identity_increment"] = Text(sequence.Increment),
            ["identity_maximum"] = Text(sequence.Maximum), ["identity_minimum"] = Text(sequence.Minimum),
            ["identity_cycle"] = YesOrNo(sequence.Cycles),
        }
        : [];

    private static IEnumerable<(RelationState Table, ConstraintDetails Constraint)> Constraints(SystemState state) =>
        from relation in SystemRows.UserTables(state)
        where relation.Kind is 'r' or 'p'
        from constraint in relation.Details.Constraints
        select (relation, constraint);

    private static IEnumerable<(RelationState Table, string Name, string Column)> NotNulls(SystemState state)
    {
        var schemas = state.Schemas.ToDictionary(schema => schema.Name, schema => schema.Oid);
        return from relation in SystemRows.UserTables(state)
               where relation.Kind is 'r' or 'p' && schemas.ContainsKey(relation.Schema)
               from column in relation.Columns.Select((column, i) => (column.Name, column.IsNullable, Number: SystemRows.Number(column, i)))
               where !column.IsNullable
               select (relation,
                   string.Create(CultureInfo.InvariantCulture,
                       $"{schemas[relation.Schema].Value}_{relation.Oid.Value}_{column.Number}_not_null"), column.Name);
    }

    private static Row Named(SystemState state, RelationState relation, string constraint) =>
        new() { ["constraint_catalog"] = state.Database, ["constraint_schema"] = relation.Schema, ["constraint_name"] = constraint };

    private static Row TableOf(SystemState state, RelationState relation) =>
        new() { ["table_catalog"] = state.Database, ["table_schema"] = relation.Schema, ["table_name"] = relation.Name };

    private static string Rule(char action) =>
        action switch { 'c' => "CASCADE", 'n' => "SET NULL", 'd' => "SET DEFAULT", 'r' => "RESTRICT", _ => "NO ACTION" };

    private static string YesOrNo(bool value) => value ? "YES" : "NO";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
