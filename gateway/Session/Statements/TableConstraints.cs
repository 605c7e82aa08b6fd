using Federation.Catalog;
using Federation.Planner.Binding;
using Federation.Sql;
using Federation.Sql.Printing;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>The constraints of CREATE and ALTER TABLE as the catalog keeps them.</summary>
/// <param name="context">How literals are read.</param>
/// <param name="table">The table's name.</param>
/// <param name="isNew">The table is made with them.</param>
internal sealed class TableConstraints(BindContext context, string table, bool isNew)
{
    /// <summary>The constraint that a definition makes, with a name as PostgreSQL chooses it. Raises the errors of a wrong one.</summary>
    /// <param name="present">The table's other constraints.</param>
    public TableConstraint Make(ConstraintDefinition definition, IReadOnlyList<(string Name, SqlType Type)> columns,
        IReadOnlyCollection<TableConstraint> present)
    {
        var made = definition.Type switch
        {
            ConstraintType.Check => Check(definition, columns),
            ConstraintType.PrimaryKey or ConstraintType.Unique => Key(definition, columns, present),
            _ => throw new System.Diagnostics.UnreachableException(definition.Type.ToString()),
        };
        if (made.Name.Length == 0) return made with { Name = Choose(made, present) };
        return present.Any(other => other.Name == made.Name)
            ? throw new SqlException(SqlState.DuplicateObject, isNew && definition.Type == ConstraintType.Check
                ? $"check constraint \"{made.Name}\" already exists"
                : $"constraint \"{made.Name}\" for relation \"{table}\" already exists")
            : made;
    }

    /// <summary>The constraint after a column was renamed.</summary>
    public static TableConstraint Renamed(TableConstraint constraint, string name, string newName) => constraint with
    {
        Columns = constraint.Columns.Select(column => column == name ? newName : column).ToEquatableArray(),
        Index = constraint.Index is { } index
            ? index with { Included = index.Included.Select(column => column == name ? newName : column).ToEquatableArray() }
            : null,
        Condition = constraint.Condition is { } condition
            ? Renamed(condition, name, newName)
            : null,
    };

    /// <summary>An expression over the columns of one table after a column was renamed.</summary>
    public static string Renamed(string expression, string name, string newName) =>
        Replaced(expression, reference => reference.Name == name ? newName : null);

    /// <summary>The same expression without the names of tables in front of columns.</summary>
    public static string Bare(string expression) =>
        Replaced(expression, reference => reference.Parts.Count > 1 ? reference.Name : null);

    private TableConstraint Check(ConstraintDefinition definition, IReadOnlyList<(string Name, SqlType Type)> columns)
    {
        var (named, bound) = Binder.BindCheck(definition.Condition!, table, columns, context);
        // The table's own name may change.
        var condition = Bare(LiteralTexts.Fixed(SqlPrinter.Print(definition.Condition!), bound, context.Values));
        return new TableConstraint(definition.Name ?? "", ConstraintKind.Check,
            named.ToEquatableArray()) { Condition = condition, IsValidated = !definition.IsNotValid };
    }

    private TableConstraint Key(ConstraintDefinition definition, IReadOnlyList<(string Name, SqlType Type)> columns,
        IReadOnlyCollection<TableConstraint> present)
    {
        var isPrimary = definition.Type == ConstraintType.PrimaryKey;
        if (isPrimary && present.Any(other => other.Kind == ConstraintKind.PrimaryKey))
            throw new SqlException(SqlState.InvalidTableDefinition, $"multiple primary keys for table \"{table}\" are not allowed")
                { Position = definition.Span.Position };
        foreach (var column in definition.Columns)
        {
            if (columns.All(known => known.Name != column))
                throw new SqlException(SqlState.UndefinedColumn, $"column \"{column}\" named in key does not exist")
                    { Position = definition.Span.Position };
            if (definition.Columns.Count(other => other == column) > 1)
            {
                throw new SqlException(SqlState.DuplicateColumn,
                    $"column \"{column}\" appears twice in {(isPrimary ? "primary key" : "unique")} constraint")
                {
                    Position = definition.Span.Position,
                };
            }
        }

        return new TableConstraint(definition.Name ?? "", isPrimary ? ConstraintKind.PrimaryKey : ConstraintKind.Unique,
            definition.Columns);
    }

    /// <summary>ChooseConstraintName and ChooseIndexName of PostgreSQL.</summary>
    private string Choose(TableConstraint constraint, IReadOnlyCollection<TableConstraint> present)
    {
        var columns = constraint.Kind switch
        {
            ConstraintKind.Check => constraint.Columns.Count == 1 ? "_" + constraint.Columns[0] : "",
            ConstraintKind.Unique => "_" + string.Join('_', constraint.Columns),
            _ => "",
        };
        var label = constraint.Kind switch { ConstraintKind.Check => "check", ConstraintKind.Unique => "key", _ => "pkey" };
        var name = $"{table}{columns}_{label}";
        for (var number = 0;; number++)
        {
            var candidate = number == 0 ? name : $"{name}{number}";
            if (present.All(other => other.Name != candidate)) return candidate;
        }
    }

    private static string Replaced(string condition, Func<ColumnReference, string?> newName)
    {
        var parts = new List<(SourceSpan, string)>();
        SyntaxTree.Find(SqlParser.ParseExpression(condition), node =>
        {
            if (node is ColumnReference reference && newName(reference) is { } name)
                parts.Add((reference.Span, SqlPrinter.QuoteReserved(name)));
            return false;
        });
        return ViewTexts.Replaced(condition, new SourceSpan(0, condition.Length), parts);
    }
}
