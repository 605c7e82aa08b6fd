using System.Globalization;
using Federation.Connectors.Spi;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>
/// pg_index, pg_constraint and the other catalogs that tell more of a relation than its columns, for tables of attached servers.
/// </summary>
internal static class KeyRows
{
    /// <summary>The OIDs of pg_class, pg_constraint, pg_attrdef, pg_trigger and pg_type.</summary>
    private const long ClassOid = 1259, ConstraintOid = 2606, DefaultOid = 2604, TriggerOid = 2620, TypeOid = 1247;

    public static bool Shows(string table) =>
        table is "pg_index" or "pg_constraint" or "pg_trigger" or "pg_inherits" or "pg_partitioned_table" or "pg_sequence"
            or "pg_description" or "pg_indexes" or "pg_sequences"
        or "definition_texts" or "expression_texts";

    public static IEnumerable<Row> Indexes(SystemState state) =>
        from relation in state.Relations
        from index in relation.Details.Indexes
        select new Row
        {
            ["indexrelid"] = Value(relation.OidOf(NameOf(relation, index))), ["indrelid"] = Value(relation.Oid),
            ["indnatts"] = (short)index.Columns.Count, ["indnkeyatts"] = index.KeyCount,
            ["indisunique"] = index.IsUnique, ["indnullsnotdistinct"] = index.AreNullsEqual, ["indisprimary"] = index.IsPrimary,
            ["indisexclusion"] = index.IsExclusion, ["indimmediate"] = index.IsImmediate,
            ["indisclustered"] = index.IsClustered, ["indisvalid"] = index.IsValid, ["indisready"] = index.IsValid, ["indislive"] = true,
            ["indisreplident"] = index.IsReplicaIdentity,
            ["indkey"] = Numbers(index.Keys), ["indcollation"] = Oids(index.Collations), ["indclass"] = Oids(index.Classes),
            ["indoption"] = Numbers(index.Options),
            ["indexprs"] = index.Expressions, ["indpred"] = index.Predicate,
        };

    public static IEnumerable<Row> Constraints(SystemState state)
    {
        var schemas = SystemRows.AllSchemas(state).ToDictionary(schema => schema.Name, schema => Value(schema.Oid));
        return from relation in state.Relations
               where schemas.ContainsKey(relation.Schema)
               from constraint in relation.Details.Constraints
               select new Row
               {
                   ["oid"] = Value(relation.OidOf(constraint)), ["conname"] = constraint.Name, ["connamespace"] = schemas[relation.Schema],
                   ["contype"] = Text(constraint.Kind),
                   ["condeferrable"] = constraint.IsDeferrable, ["condeferred"] = constraint.IsDeferred,
                   ["convalidated"] = constraint.IsValidated, ["conrelid"] = Value(relation.Oid),
                   ["conindid"] = Value(relation.OidOf(constraint.Index)), ["confrelid"] = Value(relation.OidOf(constraint.Referenced)),
                   ["confupdtype"] = Text(constraint.UpdateAction),
                   ["conparentid"] = constraint.Parent is { } parent
                       ? Value(StableOids.OfPart(relation.OidOf(parent), 'c', constraint.ParentName!))
                       : 0L,
                   ["confdeltype"] = Text(constraint.DeleteAction), ["confmatchtype"] = Text(constraint.MatchType),
                   ["conislocal"] = constraint.IsLocal, ["coninhcount"] = constraint.InheritanceCount,
                   ["connoinherit"] = constraint.IsNotInherited, ["conkey"] = NullIfEmpty(constraint.Columns),
                   ["confkey"] = NullIfEmpty(constraint.ReferencedColumns), ["conbin"] = constraint.Condition,
               };
    }

    public static IEnumerable<Row> Triggers(SystemState state) =>
        from relation in state.Relations
        from trigger in relation.Details.Triggers
        select new Row
        {
            ["oid"] = Value(OidOf(relation, trigger)), ["tgrelid"] = Value(relation.Oid), ["tgname"] = trigger.Name,
            ["tgtype"] = trigger.Type, ["tgenabled"] = Text(trigger.Enabled),
            ["tgfoid"] = trigger.Function is { } function ? Value(StableOids.OfPart(relation.OidOf(function), 'p', "")) : 0L,
            ["tgdeferrable"] = trigger.IsDeferrable, ["tginitdeferred"] = trigger.IsDeferred, ["tgattr"] = Numbers(trigger.Columns),
            ["tgargs"] = Array.Empty<byte>(), ["tgqual"] = trigger.Condition,
            ["tgoldtable"] = trigger.OldTable, ["tgnewtable"] = trigger.NewTable,
        };

    /// <summary>Tables and the indexes of their partitions.</summary>
    public static IEnumerable<Row> Parents(SystemState state) => state.Relations.SelectMany(relation =>
        (relation.Index is { } index ? index.Details.Parent is { } parent ? [parent] : [] : relation.Details.Parents)
            .Select((parent, i) =>
                new Row { ["inhrelid"] = Value(relation.Oid), ["inhparent"] = Value(relation.OidOf(parent)), ["inhseqno"] = i + 1 }));

    public static IEnumerable<Row> PartitionedTables(SystemState state) =>
        from relation in state.Relations
        let key = relation.Details.Partitioning
        where key is not null
        select new Row
        {
            ["partrelid"] = Value(relation.Oid), ["partstrat"] = Text(key.Strategy), ["partnatts"] = (short)key.Columns.Count,
            ["partdefid"] = Value(relation.OidOf(key.Default)), ["partattrs"] = Numbers(key.Columns),
        };

    public static IEnumerable<Row> Sequences(SystemState state) =>
        from relation in state.Relations
        let sequence = relation.Details.Sequence
        where sequence is not null
        select new Row
        {
            ["seqrelid"] = Value(relation.Oid), ["seqtypid"] = (long)sequence.Type, ["seqstart"] = sequence.Start,
            ["seqincrement"] = sequence.Increment, ["seqmax"] = sequence.Maximum, ["seqmin"] = sequence.Minimum,
            ["seqcache"] = sequence.Cache, ["seqcycle"] = sequence.Cycles,
        };

    /// <summary>Who owns a sequence, what default uses it, and which index belongs to a constraint.</summary>
    public static IEnumerable<Row> Dependencies(SystemState state)
    {
        foreach (var relation in state.Relations)
        {
            foreach (var column in relation.Details.Columns)
            {
                if (column.SequenceName is not { } sequence) continue;
                yield return Dependency(ClassOid, relation.OidOf(sequence), 0, ClassOid, relation.Oid, column.Number,
                    column.Identity.Length > 0 ? "i" : "a");
                if (column.Default is not null)
                    yield return Dependency(DefaultOid, StableOids.OfDefault(relation.Oid, column.Number), 0, ClassOid,
                        relation.OidOf(sequence), 0, "n");
            }

            foreach (var constraint in relation.Details.Constraints)
            {
                foreach (var column in constraint.Columns)
                    yield return Dependency(ConstraintOid, relation.OidOf(constraint), 0, ClassOid, relation.Oid, column, "a");
                if (constraint is { Kind: 'p' or 'u' or 'x', Index: { } index })
                    yield return Dependency(ClassOid, relation.OidOf(index), 0, ConstraintOid, relation.OidOf(constraint), 0, "i");
            }
        }
    }

    /// <summary>Comments on relations, columns, indexes, constraints and triggers.</summary>
    public static IEnumerable<Row> Descriptions(SystemState state)
    {
        foreach (var relation in state.Relations)
        {
            if (relation.Details.Comment is { } comment) yield return Description(ClassOid, relation.Oid, 0, comment);
            foreach (var column in relation.Details.Columns)
                if (column.Comment is { } text)
                    yield return Description(ClassOid, relation.Oid, column.Number, text);
            foreach (var index in relation.Details.Indexes)
                if (index.Comment is { } text)
                    yield return Description(ClassOid, relation.OidOf(NameOf(relation, index)), 0, text);
            foreach (var constraint in relation.Details.Constraints)
                if (constraint.Comment is { } text)
                    yield return Description(ConstraintOid, relation.OidOf(constraint), 0, text);
            foreach (var trigger in relation.Details.Triggers)
                if (trigger.Comment is { } text)
                    yield return Description(TriggerOid, OidOf(relation, trigger), 0, text);
        }

        foreach (var item in state.Types)
            if (item.Listed.Comment is { } text)
                yield return Description(TypeOid, item.Type.Oid, 0, text);
    }

    /// <summary>pg_attribute of an index.</summary>
    public static IEnumerable<Row> IndexAttributes(RelationState relation, IndexDetails index) => index.Columns.Select((column, i) =>
    {
        var oid = column.UserType is { } user ? StableOids.OfType(relation.Source!.Server, user.Schema, user.Name) : new Oid(column.Type);
        var type = SqlType.FromOid(oid, column.Modifier) ?? SqlType.Text;
        var (byValue, alignment, storage) = TypeRows.Layout(type);
        return new Row
        {
            ["attrelid"] = Value(relation.Oid), ["attname"] = column.Name, ["atttypid"] = Value(oid), ["attlen"] = type.AnnouncedLength,
            ["attnum"] = (short)(i + 1), ["attcacheoff"] = -1, ["atttypmod"] = column.Modifier,
            ["attstattarget"] = -1, ["attbyval"] = byValue, ["attalign"] = alignment, ["attstorage"] = storage, ["attcompression"] = "",
            ["attidentity"] = "", ["attgenerated"] = "", ["attislocal"] = true,
            ["attcollation"] = i < index.Collations.Count ? (long)index.Collations[i] : 0L,
        };
    });

    /// <summary>What pg_get_indexdef and its kin print: the number is that of an index's column, or zero for the whole.</summary>
    public static IEnumerable<Row> Definitions(SystemState state)
    {
        foreach (var relation in state.Relations)
        {
            foreach (var index in relation.Details.Indexes)
            {
                var oid = relation.OidOf(NameOf(relation, index));
                yield return Definition("index", oid, 0, index.Definition, index.PrettyDefinition);
                for (var i = 0; i < index.Columns.Count; i++)
                    yield return Definition("index", oid, i + 1, index.Columns[i].Definition, index.Columns[i].PrettyDefinition);
            }

            foreach (var constraint in relation.Details.Constraints)
                yield return Definition("constraint", relation.OidOf(constraint), 0, constraint.Definition, constraint.PrettyDefinition);
            foreach (var trigger in relation.Details.Triggers)
                yield return Definition("trigger", OidOf(relation, trigger), 0, trigger.Definition, trigger.PrettyDefinition);
            if (relation.Details.Partitioning is { } key)
                yield return Definition("partition", relation.Oid, 0, key.Definition, key.Definition);
            foreach (var column in relation.Details.Columns)
                if (column.SequenceName is { } sequence)
                    yield return Definition("sequence", relation.Oid, column.Number,
                        SystemNames.Qualified(relation.SchemaOf(sequence), sequence.Name, isVisible: false), "");
        }

        foreach (var item in state.Types)
            foreach (var check in item.Listed.Checks)
                yield return Definition("constraint", item.OidOf(check), 0, check.Definition, check.PrettyDefinition);
    }

    /// <summary>Expressions that pg_get_expr(…, true) prints otherwise than pg_get_expr(…).</summary>
    public static IEnumerable<Row> Expressions(SystemState state) =>
        from relation in state.Relations
        from text in relation.Details.Columns.Select(column => (Text: column.Default, Pretty: column.PrettyDefault))
            .Concat(relation.Details.Indexes
                .SelectMany(index => new[] { (Text: index.Predicate, Pretty: index.PrettyPredicate),
                    (Text: index.Expressions, Pretty: index.PrettyExpressions) }))
            .Concat(relation.Details.Constraints.Select(constraint => (Text: constraint.Condition, Pretty: constraint.PrettyCondition)))
        where text.Text is not null && text.Pretty is not null && text.Text != text.Pretty
        select new Row { ["relation"] = Value(relation.Oid), ["expression"] = text.Text, ["pretty"] = text.Pretty };

    internal static Row With(this Row row, IEnumerable<KeyValuePair<string, object?>> more)
    {
        foreach (var (name, value) in more) row[name] = value;
        return row;
    }

    private static RelationName NameOf(RelationState relation, IndexDetails index) =>
        new(relation.Source?.Schema ?? relation.Schema, index.Name);

    private static Oid OidOf(RelationState relation, TriggerDetails trigger) => StableOids.OfPart(relation.Oid, 't', trigger.Name);

    private static Row Dependency(long kind, Oid oid, int number, long referencedKind, Oid referenced, int referencedNumber,
        string type) => new()
    {
        ["classid"] = kind, ["objid"] = Value(oid), ["objsubid"] = number, ["refclassid"] = referencedKind,
        ["refobjid"] = Value(referenced), ["refobjsubid"] = referencedNumber, ["deptype"] = type,
    };

    private static Row Description(long kind, Oid oid, int number, string text) =>
        new() { ["objoid"] = Value(oid), ["classoid"] = kind, ["objsubid"] = number, ["description"] = text };

    private static Row Definition(string kind, Oid oid, int number, string definition, string pretty) =>
        new() { ["kind"] = kind, ["oid"] = Value(oid), ["number"] = number, ["definition"] = definition, ["pretty"] = pretty };

    private static long Value(Oid oid) => oid.Value;

    private static string Text(char character) => character.ToString(CultureInfo.InvariantCulture);

    private static PgArray Numbers(IEnumerable<short> numbers) => PgArray.Vector([.. numbers.Cast<object?>()]);

    private static PgArray? NullIfEmpty(IReadOnlyList<short> numbers) => numbers.Count == 0 ? null : Numbers(numbers);

    private static PgArray Oids(IEnumerable<uint> oids) => PgArray.Vector([.. oids.Select(oid => (object?)(long)oid)]);
}
