using Federation.Catalog;
using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// Foreign keys, which are declared, kept and shown, and not enforced: tables of a lake are written by others as well, and no index tells
/// whether a key is there. A warning says so. The errors of declarations are PostgreSQL's (ATAddForeignKeyConstraint in tablecmds.c).
/// </summary>
internal static class ForeignKeys
{
    /// <summary>The table that gets a foreign key.</summary>
    /// <param name="Present">Its constraints so far.</param>
    public sealed record Owner(string Schema, string Name, IReadOnlyList<(string Name, SqlType Type)> Columns,
        IReadOnlyList<TableConstraint> Present);

    public static async ValueTask<TableConstraint> MakeAsync(QuerySession session, ConstraintDefinition definition, Owner owner,
        CancellationToken cancellationToken)
    {
        var target = await TargetAsync(session, definition, owner, cancellationToken);
        foreach (var column in definition.Columns) TypeOf(owner.Columns, column);
        var named = definition.ReferencedColumns;
        var key = named.Count == 0
            ? target.Keys.FirstOrDefault(item => item.Kind == ConstraintKind.PrimaryKey)
                ?? throw new SqlException(SqlState.UndefinedObject, $"there is no primary key for referenced table \"{target.Name}\"")
            : null;
        foreach (var column in named) TypeOf(target.Columns, column);
        var columns = key?.Columns ?? named;
        key ??= target.Keys.Where(item => item.Kind is ConstraintKind.PrimaryKey or ConstraintKind.Unique)
            .FirstOrDefault(item => item.Columns.Count == named.Count && item.Columns.All(named.Contains)
                && named.Distinct().Count() == named.Count)
            ?? throw new SqlException(SqlState.InvalidForeignKey,
                $"there is no unique constraint matching given keys for referenced table \"{target.Name}\"");
        if (columns.Count != definition.Columns.Count)
            throw new SqlException(SqlState.InvalidForeignKey, "number of referencing and referenced columns for foreign key disagree");
        var name = definition.Name ?? Choose(owner, definition.Columns);
        if (owner.Present.Any(other => other.Name == name))
            throw new SqlException(SqlState.DuplicateObject, $"constraint \"{name}\" for relation \"{owner.Name}\" already exists");
        for (var i = 0; i < columns.Count; i++)
            RequireComparable(name, definition.Columns[i], TypeOf(owner.Columns, definition.Columns[i]), columns[i],
                TypeOf(target.Columns, columns[i]));
        session.NotifyOnce(NoticeSeverity.Warning, SqlState.Warning, $"foreign key constraint \"{name}\" is not enforced",
            "It is kept and shown; rows are not checked against it.");
        var options = definition.Options;
        return new TableConstraint(name, ConstraintKind.ForeignKey, definition.Columns)
        {
            IsValidated = !definition.IsNotValid,
            Target = new ForeignKeyTarget(target.Oid, columns, key.Name, options.Match, options.OnUpdate, options.OnDelete)
            {
                SetColumns = options.SetColumns, IsDeferrable = options.IsDeferrable, IsDeferred = options.IsDeferred,
            },
        };
    }

    /// <param name="Oid">None for the table that gets the key.</param>
    private sealed record Referenced(Oid Oid, string Name, IReadOnlyList<(string Name, SqlType Type)> Columns,
        IReadOnlyList<TableConstraint> Keys);

    private static async ValueTask<Referenced> TargetAsync(QuerySession session, ConstraintDefinition definition, Owner owner,
        CancellationToken cancellationToken)
    {
        var name = definition.References!;
        var schema = name.Parts.Count > 1 ? session.Temporary.Real(name.Parts[^2]) : null;
        var relation = await session.FindRelationAsync(name, cancellationToken);
        if (name.Name == owner.Name && (schema ?? owner.Schema) == owner.Schema && (relation is null || relation.Schema == owner.Schema))
            return new Referenced(Oid.None, owner.Name, owner.Columns, owner.Present);
        if (relation is null) throw new SqlException(SqlState.UndefinedTable, $"relation \"{name}\" does not exist");
        if (relation is not TableEntry table)
            throw new SqlException(SqlState.WrongObjectType, $"referenced relation \"{relation.Name}\" is not a table");
        var isTemporary = session.Temporary.Is(owner.Schema);
        if (isTemporary != session.Temporary.Is(table.Schema))
            throw new SqlException(SqlState.InvalidTableDefinition, isTemporary
                ? "constraints on temporary tables may reference only temporary tables"
                : "constraints on permanent tables may reference only permanent tables");
        var resolved = await session.FindTableAsync(new QualifiedName([TableResolver.ManagedCatalog, table.Schema, table.Name]),
            cancellationToken);
        await (await session.RightsAsync(cancellationToken)).RequireAsync(session.User, table, 'x', definition.ReferencedColumns,
            cancellationToken);
        return new Referenced(table.Oid, table.Name, [.. resolved!.Columns.Select(column => (column.Name, column.Type))],
            [.. table.Constraints]);
    }

    private static SqlType TypeOf(IReadOnlyList<(string Name, SqlType Type)> columns, string name)
    {
        foreach (var column in columns)
            if (column.Name == name)
                return column.Type;
        throw new SqlException(SqlState.UndefinedColumn, $"column \"{name}\" referenced in foreign key constraint does not exist");
    }

    /// <summary>The types have an equality, or the referencing one becomes the other by itself.</summary>
    private static void RequireComparable(string name, string column, SqlType type, string referenced, SqlType referencedType)
    {
        static bool IsInteger(SqlType type) => !type.IsArray && type.Base.Name is "int2" or "int4" or "int8";
        if (type.HasSameBase(referencedType) || (IsInteger(type) && IsInteger(referencedType))
            || TypeRules.FindPath(referencedType.AnnouncedOid, type.AnnouncedOid, CastContext.Implicit).Path != CoercionPath.None) return;
        throw new SqlException(SqlState.DatatypeMismatch, $"foreign key constraint \"{name}\" cannot be implemented")
        {
            Detail = $"Key columns \"{column}\" and \"{referenced}\" are of incompatible types: {type.WithoutModifier()} and "
                + $"{referencedType.WithoutModifier()}.",
        };
    }

    private static string Choose(Owner owner, EquatableArray<string> columns)
    {
        var name = SequenceStatements.NameOf(owner.Name, string.Join('_', columns), "fkey");
        for (var number = 0;; number++)
        {
            var candidate = number == 0 ? name : $"{name}{number}";
            if (owner.Present.All(other => other.Name != candidate)) return candidate;
        }
    }

    /// <summary>As pg_get_constraintdef prints it.</summary>
    /// <param name="target">The name of the referenced table.</param>
    public static string Describe(TableConstraint key, string target, Func<string, string> quoted)
    {
        string Names(EquatableArray<string> columns) => string.Join(", ", columns.Select(quoted));
        var to = key.Target!;
        var text = $"FOREIGN KEY ({Names(key.Columns)}) REFERENCES {target}({Names(to.Columns)})";
        if (to.Match == 'f') text += " MATCH FULL";
        if (to.OnUpdate != 'a') text += $" ON UPDATE {Action(to.OnUpdate)}";
        if (to.OnDelete != 'a') text += $" ON DELETE {Action(to.OnDelete)}";
        if (to.SetColumns.Count > 0) text += $" ({Names(to.SetColumns)})";
        if (to.IsDeferrable) text += " DEFERRABLE";
        if (to.IsDeferred) text += " INITIALLY DEFERRED";
        return key.IsValidated ? text : text + " NOT VALID";
    }

    private static string Action(char letter) => letter switch
    {
        'r' => "RESTRICT",
        'c' => "CASCADE",
        'n' => "SET NULL",
        _ => "SET DEFAULT",
    };
}
