using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Session.Statements;
using Federation.Sql;
using Federation.Sql.Printing;
using Federation.Sql.Syntax;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>What the system tables show of tables and views of the managed catalog. Pure.</summary>
internal static class ManagedRelations
{
    /// <summary>pg_am.oid</summary>
    private const uint BTree = 403, Hash = 405, Brin = 3580;

    /// <summary>A relation without rights, and without what only a look at the table tells.</summary>
    public static RelationState StateOf(RelationEntry entry) => entry switch
    {
        TableEntry table => new RelationState(table.Oid, table.Schema, table.Name, 'r', -1, [])
        {
            ColumnCount = 0,
            Owner = table.Owner,
            Defaults = table.Defaults,
            Details = RelationDetails.None with { Comment = table.Comment },
        },
        ViewEntry view => Described(new RelationState(view.Oid, view.Schema, view.Name, 'v', -1, ColumnsOf(view))
        {
            Owner = view.Owner,
            Definition = DefinitionOf(view),
            PrettyDefinition = DefinitionOf(view),
            Flags = RelationFlags.HasRules,
            CheckOption = view.CheckOption,
        }, view),
        SequenceEntry sequence => new RelationState(sequence.Oid, sequence.Schema, sequence.Name, 'S', 1, SequenceTables.Columns)
        {
            Owner = sequence.Owner,
            Details = RelationDetails.None with { Comment = sequence.Comment, Sequence = DetailsOf(sequence, null) },
        },
        _ => throw new System.Diagnostics.UnreachableException(entry.GetType().Name),
    };

    /// <param name="lastValue">The value given last; null for none.</param>
    public static SequenceDetails DetailsOf(SequenceEntry sequence, long? lastValue) => new(sequence.Type, sequence.Rule.Start,
        sequence.Rule.Increment, sequence.Rule.Minimum, sequence.Rule.Maximum, sequence.Rule.Cache, sequence.Rule.Cycles)
        { LastValue = lastValue };

    /// <summary>A table, whose columns are known, with its comments.</summary>
    /// <param name="sequences">Those that go with the table or stand in its defaults, and how defaults call them.</param>
    public static RelationState WithDetails(RelationState relation, TableEntry table,
        IReadOnlyList<(SequenceEntry Entry, string Shown)> sequences, IReadOnlyDictionary<Oid, ReferencedTable> referenced)
    {
        relation = WithValues(Described(relation, table), table, sequences);
        var indexes = table.Constraints.Where(item => item.HasIndex).Select(key => IndexOf(relation, key)).ToArray();
        return relation with
        {
            Flags = relation.Flags | (indexes.Length > 0 ? RelationFlags.HasIndexes : RelationFlags.None),
            Details = relation.Details with
            {
                Constraints =
                [
                    .. table.Constraints.Where(constraint => constraint is { Target: null, Index: null })
                        .Select(constraint => ConstraintOf(relation, constraint)),
                    .. table.Constraints.Where(constraint => constraint.Target is not null)
                        .Select(constraint => ForeignKeyOf(relation, constraint, referenced)).OfType<ConstraintDetails>(),
                ],
                Indexes = indexes,
            },
        };
    }

    /// <summary>The relations of the indexes that a table has.</summary>
    public static IEnumerable<RelationState> IndexesOf(RelationState table) => table.Details.Indexes.Select(index =>
        new RelationState(RelationState.OidOfIndex(table.Oid, index.Name), table.Schema, index.Name, 'i', -1, [])
        {
            ColumnCount = index.Columns.Count,
            Owner = table.Owner,
            Index = new IndexState(table.Oid, table.Name, index),
        });

    /// <summary>What its indexes are called, which are relations too.</summary>
    public static IEnumerable<(string Name, Oid Oid)> IndexNames(RelationEntry entry) => entry is TableEntry table
        ? table.Constraints.Where(item => item.HasIndex).Select(key => (key.Name, RelationState.OidOfIndex(table.Oid, key.Name)))
        : [];

    private static bool IsKey(TableConstraint constraint) => constraint.Kind is ConstraintKind.PrimaryKey or ConstraintKind.Unique;

    private static ConstraintDetails ConstraintOf(RelationState relation, TableConstraint constraint)
    {
        if (IsKey(constraint))
        {
            var isPrimary = constraint.Kind == ConstraintKind.PrimaryKey;
            var key = $"{(isPrimary ? "PRIMARY KEY" : "UNIQUE")} ({Names(constraint)})";
            return new ConstraintDetails(constraint.Name, isPrimary ? 'p' : 'u', Numbers(relation, constraint), key, key)
                { Index = new RelationName(relation.Schema, constraint.Name) };
        }

        var (text, suffix) = (constraint.Condition!, constraint.IsValidated ? "" : " NOT VALID");
        var shown = SqlParser.ParseExpression(text) is OperatorExpression ? $"({text})" : text;
        return new ConstraintDetails(constraint.Name, 'c', Numbers(relation, constraint), $"CHECK ({shown}){suffix}",
            $"CHECK ({text}){suffix}") { Condition = shown, PrettyCondition = text, IsValidated = constraint.IsValidated };
    }

    private static ConstraintDetails? ForeignKeyOf(RelationState relation, TableConstraint key,
        IReadOnlyDictionary<Oid, ReferencedTable> referenced)
    {
        var target = key.Target!;
        if (referenced.GetValueOrDefault(target.Table == Oid.None ? relation.Oid : target.Table) is not { } table) return null;
        var columns = table.Columns.Select((column, i) => (column.Name, Number: NumberOf(column, i))).ToArray();
        var own = table.Entry.Constraints.FirstOrDefault(item => item.Name == target.Key)?.Columns.ToArray() ?? [];
        var definition = Statements.ForeignKeys.Describe(key, table.Shown, SqlPrinter.QuoteReserved);
        return new ConstraintDetails(key.Name, 'f', Numbers(relation, key), definition, definition)
        {
            IsDeferrable = target.IsDeferrable, IsDeferred = target.IsDeferred, IsValidated = key.IsValidated,
            Referenced = new RelationName(table.Entry.Schema, table.Entry.Name) { Known = table.Entry.Oid },
            ReferencedColumns = [.. target.Columns.Select(name => columns.FirstOrDefault(column => column.Name == name).Number)],
            ReferencedPositions = [.. target.Columns.Select(name => Array.IndexOf(own, name) + 1)],
            ReferencedConstraint = target.Key, UpdateAction = target.OnUpdate, DeleteAction = target.OnDelete, MatchType = target.Match,
            Index = new RelationName(table.Entry.Schema, target.Key) { Known = RelationState.OidOfIndex(table.Entry.Oid, target.Key) },
        };
    }

    private static IndexDetails IndexOf(RelationState relation, TableConstraint key)
    {
        var included = key.Index?.Included ?? [];
        var names = key.Columns.Concat(included).ToArray();
        var numbers = names.Select(name => NumberOf(relation, name)).ToArray();
        var columns = names.Select(name =>
        {
            var type = relation.Columns.First(column => column.Name == name).Type;
            var shown = SqlPrinter.QuoteReserved(name);
            return new IndexColumn(name, type.AnnouncedOid.Value, type.Modifier, shown, shown);
        }).ToArray();
        var options = key.Index?.Options.ToArray() ?? [.. key.Columns.Select(_ => (short)0)];
        var list = string.Join(", ", key.Columns.Zip(options, (name, option) => SqlPrinter.QuoteReserved(name) + OrderOf(option)));
        var (index, table) = (SqlPrinter.QuoteReserved(key.Name), SqlPrinter.QuoteReserved(relation.Name));
        var head = $"CREATE {(key.Kind == ConstraintKind.Index ? "" : "UNIQUE ")}INDEX {index} ON ";
        var method = key.Index?.Method ?? "btree";
        var tail = $" USING {method} ({list})"
            + (included.Count == 0 ? "" : $" INCLUDE ({string.Join(", ", included.Select(SqlPrinter.QuoteReserved))})");
        return new IndexDetails(key.Name, numbers, columns, $"{head}{SqlPrinter.QuoteReserved(relation.Schema)}.{table}{tail}",
            $"{head}{table}{tail}")
        {
            Method = method switch { "hash" => Hash, "brin" => Brin, _ => BTree },
            IsUnique = key.Kind != ConstraintKind.Index,
            IsPrimary = key.Kind == ConstraintKind.PrimaryKey,
            KeyCount = (short)key.Columns.Count,
            Options = options,
        };
    }

    private static string OrderOf(short option) => option switch
    {
        1 => " DESC NULLS LAST",
        2 => " NULLS FIRST",
        3 => " DESC",
        _ => "",
    };

    private static short NumberOf(RelationState relation, string name) =>
        relation.Columns.Select((column, i) => (column.Name, Number: NumberOf(column, i))).First(column => column.Name == name).Number;

    private static string Names(TableConstraint constraint) => string.Join(", ", constraint.Columns.Select(SqlPrinter.QuoteReserved));

    private static short[] Numbers(RelationState relation, TableConstraint constraint) =>
        [.. constraint.Columns.Select(name => relation.Columns.Select((column, i) => (column.Name, Number: NumberOf(column, i)))
            .First(column => column.Name == name).Number)];

    private static short NumberOf(ConnectorColumn column, int index) => column.Number > 0 ? column.Number : (short)(index + 1);

    /// <summary>A query whose columns are called as those of the view.</summary>
    private static string DefinitionOf(ViewEntry view)
    {
        var query = ViewTexts.Restorable(view);
        if (!view.NamesColumns) return $" {query};";
        var names = string.Join(", ", view.Columns.Select(column => SqlPrinter.QuoteReserved(column.Name)));
        return $" SELECT {names} FROM ({query}) {SqlPrinter.QuoteReserved(view.Name)}({names});";
    }

    public static EquatableArray<ConnectorColumn> ColumnsOf(ViewEntry view) => view.Columns
        .Select(column => new ConnectorColumn(column.Name, SqlType.FromOid(new Oid(column.Type), column.Modifier) ?? SqlType.Text))
        .ToEquatableArray();

    /// <summary>Adds what columns get without a value.</summary>
    private static RelationState WithValues(RelationState relation, TableEntry table,
        IReadOnlyList<(SequenceEntry Entry, string Shown)> sequences)
    {
        var details = relation.Details.Columns.ToDictionary(column => column.Number);
        foreach (var (column, i) in relation.Columns.Select((column, i) => (column, i)))
        {
            var number = NumberOf(column, i);
            var present = details.GetValueOrDefault(number) ?? new ColumnDetails(number);
            if (table.Sequences.FirstOrDefault(item => item.Column == column.Name) is { } own
                && sequences.FirstOrDefault(item => item.Entry.Oid == own.Sequence).Entry is { } sequence)
            {
                present = present with
                {
                    Identity = own.Kind switch { ColumnSequenceKind.Always => "a", ColumnSequenceKind.ByDefault => "d", _ => "" },
                    SequenceName = new RelationName(sequence.Schema, sequence.Name) { Known = sequence.Oid },
                    Sequence = DetailsOf(sequence, null),
                };
            }

            if (table.Generated.FirstOrDefault(item => item.Key == column.Name).Value is { } expression)
                present = present with { Default = Parenthesised(expression), PrettyDefault = expression };
            if (present != new ColumnDetails(number)) details[number] = present;
        }

        return relation with
        {
            Defaults = relation.Defaults.Select(item => KeyValuePair.Create(item.Key, sequences.Aggregate(item.Value, (text, sequence) =>
                text.Replace(SequenceRules.ReferenceTo(sequence.Entry.Oid), $"{SqlPrinter.QuoteLiteral(sequence.Shown)}::regclass",
                    StringComparison.Ordinal)))).ToEquatableArray(),
            Details = relation.Details with { Columns = [.. details.Values.OrderBy(column => column.Number)] },
        };
    }

    private static string Parenthesised(string expression) =>
        SqlParser.ParseExpression(expression) is OperatorExpression ? $"({expression})" : expression;

    private static RelationState Described(RelationState relation, RelationEntry entry) => relation with
    {
        Details = relation.Details with
        {
            Comment = entry.Comment,
            Columns = [.. relation.Columns.Select((column, i) => new ColumnDetails(NumberOf(column, i))
            {
                Comment = entry.ColumnComments.FirstOrDefault(item => item.Key == column.Name).Value,
            }).Where(column => column.Comment is not null)],
        },
    };
}

/// <summary>A table that a foreign key refers to.</summary>
/// <param name="Shown">How this session calls it.</param>
internal sealed record ReferencedTable(TableEntry Entry, EquatableArray<ConnectorColumn> Columns, string Shown);
