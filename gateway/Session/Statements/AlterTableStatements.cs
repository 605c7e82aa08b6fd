using Federation.Catalog;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// ALTER TABLE and ALTER VIEW: which relation, who may, and what concerns its name; columns are for <see cref="ColumnAlterations"/>.
/// </summary>
internal static class AlterTableStatements
{
    public static async ValueTask<string> RunAsync(QuerySession session, SessionServices services, AlterTableStatement alter,
        CancellationToken cancellationToken)
    {
        var tag = alter.Kind switch { DropKind.View => "ALTER VIEW", DropKind.Sequence => "ALTER SEQUENCE", _ => "ALTER TABLE" };
        session.Transaction.RequireWritable(tag);
        if (await FindAsync(session, alter.Name, alter.IfExists, cancellationToken) is not { } relation) return tag;
        if (alter.Kind != DropKind.Table) RequireKind(relation, alter.Kind);
        // Superusers may give away what is not theirs; the others are asked for the owner's rights there.
        if (alter.Actions.Any(action => action is not TableAction.OwnerTo)) await RequireOwnerAsync(session, relation, cancellationToken);
        switch (alter.Actions[0])
        {
            case TableAction.RenameTo rename:
                await MoveAsync(session, relation, relation.Schema, rename.NewName, cancellationToken);
                return tag;
            case TableAction.SetSchema set:
                await MoveAsync(session, relation, set.Schema, relation.Name, cancellationToken);
                return tag;
            case TableAction.RenameColumn rename when relation is ViewEntry view:
                await RenameColumnAsync(session, view, rename, cancellationToken);
                return tag;
        }

        var owners = alter.Actions.OfType<TableAction.OwnerTo>().ToArray();
        if (owners.Length < alter.Actions.Count)
        {
            if (relation is not TableEntry table)
                throw NotForViews(relation, alter.Actions.First(action => action is not TableAction.OwnerTo));
            var columns = await ColumnAlterations.LoadAsync(session, services, table, cancellationToken);
            await columns.RunAsync(alter.Actions, cancellationToken);
            relation = columns.Table;
        }

        foreach (var owner in owners)
            relation = await GiveAsync(session, relation, RoleStatements.Named(session, owner.Role), cancellationToken);
        return tag;
    }

    /// <summary>The relation to be altered; null, with a notice, when there is none and the statement takes that as it is.</summary>
    public static async ValueTask<RelationEntry?> FindAsync(QuerySession session, QualifiedName name, bool ifExists,
        CancellationToken cancellationToken)
    {
        if (await session.FindRelationAsync(name, cancellationToken) is { } relation) return relation;
        if (await FindOtherAsync(session, name, cancellationToken) is { } other)
        {
            throw new SqlException(SqlState.FeatureNotSupported, $"cannot alter \"{name.Name}\"")
            {
                Detail = other.IsComputed ? "It is part of the system catalog." : $"It is a table of server \"{other.Source.Catalog}\".",
            };
        }

        var missing = new SqlException(SqlState.UndefinedTable, $"relation \"{name}\" does not exist");
        if (!ifExists) throw missing;
        session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"{missing.Message}, skipping");
        return null;
    }

    /// <summary>Raises 42809 for a relation of another kind than the statement is for.</summary>
    public static void RequireKind(RelationEntry relation, DropKind kind)
    {
        if (kind != KindOf(relation))
            throw new SqlException(SqlState.WrongObjectType, $"\"{relation.Name}\" is not a {kind.ToString().ToLowerInvariant()}");
    }

    public static DropKind KindOf(RelationEntry relation) => relation switch
    {
        ViewEntry => DropKind.View,
        SequenceEntry => DropKind.Sequence,
        _ => DropKind.Table,
    };

    /// <summary>How errors call a relation of its kind.</summary>
    public static string NounOf(RelationEntry relation) => KindOf(relation).ToString().ToLowerInvariant();

    public static async ValueTask RequireOwnerAsync(QuerySession session, RelationEntry relation, CancellationToken cancellationToken) =>
        await (await session.RightsAsync(cancellationToken)).RequireOwnerAsync(session.User, relation.Owner,
            NounOf(relation), relation.Name, cancellationToken);

    private static async ValueTask<Planner.Binding.ResolvedTable?> FindOtherAsync(QuerySession session, QualifiedName name,
        CancellationToken cancellationToken)
    {
        try
        {
            return await session.FindTableAsync(name, cancellationToken);
        }
        catch (SqlException error)
        {
            // PostgreSQL says no position here.
            throw error.Moved(0);
        }
    }

    /// <summary>Gives a relation another name or schema; the views that read it go on reading it.</summary>
    private static async ValueTask MoveAsync(QuerySession session, RelationEntry relation, string schemaName, string name,
        CancellationToken cancellationToken)
    {
        schemaName = session.Temporary.Real(schemaName);
        if (schemaName != relation.Schema && (session.Temporary.Is(schemaName) || session.Temporary.Is(relation.Schema)))
            throw new SqlException(SqlState.FeatureNotSupported, "cannot move objects into or out of temporary schemas");
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var rights = await session.RightsAsync(cancellationToken);
        var schema = await catalog.FindSchemaAsync(schemaName, cancellationToken)
            ?? throw new SqlException(SqlState.InvalidSchemaName, $"schema \"{schemaName}\" does not exist");
        await rights.RequireAsync(session.User, schema, 'C', cancellationToken);
        if (await catalog.FindRelationAsync(schemaName, name, cancellationToken) is not null)
        {
            throw new SqlException(SqlState.DuplicateTable, schemaName == relation.Schema
                ? $"relation \"{name}\" already exists"
                : $"relation \"{name}\" already exists in schema \"{schemaName}\"");
        }

        if (schemaName != relation.Schema)
            await RequireNotOwnedAsync(session, relation, "cannot move an owned sequence into another schema", cancellationToken);
        foreach (var sequence in relation is TableEntry table && schemaName != relation.Schema
            ? await SequenceRules.OwnedAsync(catalog, table, cancellationToken)
            : [])
            await session.Transaction.ChangeAsync(new CatalogChange.Redefine(sequence, sequence with { Schema = schemaName }),
                cancellationToken);
        var views = await DependentViews.OfAsync(catalog, relation, cancellationToken);
        await session.Transaction.ChangeAsync(
            new CatalogChange.Redefine(relation, relation with { Schema = schemaName, Name = name })
            {
                Views = [.. views.Select(view => new CatalogChange.Redefine(view, ViewTexts.Moved(view, relation, schemaName, name)))],
            },
            cancellationToken);
    }

    /// <summary>OWNER TO, which the present owner may do if the new one could have made the relation.</summary>
    private static async ValueTask<RelationEntry> GiveAsync(QuerySession session, RelationEntry relation, string owner,
        CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        await rights.RequireRoleAsync(owner, cancellationToken);
        if (owner == relation.Owner) return relation;
        if (!await rights.IsSuperuserAsync(session.User, cancellationToken))
        {
            await RequireOwnerAsync(session, relation, cancellationToken);
            await rights.RequireNewOwnerAsync(session.User, owner, cancellationToken);
            var schema = (await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindSchemaAsync(relation.Schema,
                cancellationToken))!;
            await rights.RequireAsync(owner, schema, 'C', cancellationToken);
        }

        await RequireNotOwnedAsync(session, relation, $"cannot change owner of sequence \"{relation.Name}\"", cancellationToken);
        var given = relation with { Owner = owner };
        await session.Transaction.ChangeAsync(new CatalogChange.Redefine(relation, given), cancellationToken);
        await TableRights.GiveAwayAsync(session, relation.AccessTarget, relation.Owner, owner, cancellationToken);
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var sequence in relation is TableEntry table ? await SequenceRules.OwnedAsync(catalog, table, cancellationToken) : [])
        {
            await session.Transaction.ChangeAsync(new CatalogChange.Redefine(sequence, sequence with { Owner = owner }), cancellationToken);
            await TableRights.GiveAwayAsync(session, sequence.AccessTarget, sequence.Owner, owner, cancellationToken);
        }

        return given;
    }

    /// <summary>Raises 0A000 for a sequence that goes with a column.</summary>
    private static async ValueTask RequireNotOwnedAsync(QuerySession session, RelationEntry relation, string message,
        CancellationToken cancellationToken)
    {
        if (relation is not SequenceEntry sequence) return;
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var table in await SequenceRules.UsersAsync(catalog, sequence, cancellationToken))
            if (table.Sequences.Any(item => item.Sequence == sequence.Oid))
                throw new SqlException(SqlState.FeatureNotSupported, message)
                    { Detail = $"Sequence \"{sequence.Name}\" is linked to table \"{table.Name}\"." };
    }

    /// <summary>Gives a column of a view another name; the views that read it go on reading it.</summary>
    private static async ValueTask RenameColumnAsync(QuerySession session, ViewEntry view, TableAction.RenameColumn rename,
        CancellationToken cancellationToken)
    {
        if (view.Columns.All(column => column.Name != rename.Name))
            throw new SqlException(SqlState.UndefinedColumn, $"column \"{rename.Name}\" does not exist");
        if (view.Columns.Any(column => column.Name == rename.NewName))
            throw new SqlException(SqlState.DuplicateColumn,
                $"column \"{rename.NewName}\" of relation \"{view.Name}\" already exists");
        var renamed = view with
        {
            NamesColumns = true,
            Columns = view.Columns.Select(column => column.Name == rename.Name ? column with { Name = rename.NewName } : column)
                .ToEquatableArray(),
            ColumnComments = view.ColumnComments
                .Select(item => item.Key == rename.Name ? KeyValuePair.Create(rename.NewName, item.Value) : item).ToEquatableArray(),
        };
        await session.Transaction.ChangeAsync(
            new CatalogChange.Redefine(view, renamed)
            {
                Views = await DependentViews.RenamedAsync(session, view, rename.Name, rename.NewName, cancellationToken),
            }, cancellationToken);
        await TableRights.MoveColumnsAsync(session, view, [(rename.Name, rename.NewName)], cancellationToken);
    }

    private static SqlException NotForViews(RelationEntry relation, TableAction action) =>
        new(SqlState.WrongObjectType, $"ALTER action {Spelled(action)} cannot be performed on relation \"{relation.Name}\"")
        {
            Detail = $"This operation is not supported for {NounOf(relation)}s.",
        };

    private static string Spelled(TableAction action) => action switch
    {
        TableAction.AddColumn => "ADD COLUMN",
        TableAction.DropColumn => "DROP COLUMN",
        TableAction.SetType => "ALTER COLUMN ... SET DATA TYPE",
        TableAction.SetNotNull { IsNotNull: true } => "ALTER COLUMN ... SET NOT NULL",
        TableAction.SetNotNull => "ALTER COLUMN ... DROP NOT NULL",
        TableAction.SetDefault => "ALTER COLUMN ... SET DEFAULT",
        TableAction.AddIdentity => "ALTER COLUMN ... ADD IDENTITY",
        TableAction.SetIdentity => "ALTER COLUMN ... SET IDENTITY",
        TableAction.DropIdentity => "ALTER COLUMN ... DROP IDENTITY",
        TableAction.DropExpression => "ALTER COLUMN ... DROP EXPRESSION",
        TableAction.AddConstraint => "ADD CONSTRAINT",
        TableAction.DropConstraint => "DROP CONSTRAINT",
        TableAction.SetPartitioning => "SET PARTITIONED BY",
        TableAction.AddPartitionField => "ADD PARTITION FIELD",
        TableAction.DropPartitionField => "DROP PARTITION FIELD",
        TableAction.ReplacePartitionField => "REPLACE PARTITION FIELD",
        TableAction.SetOrder => "SET SORTED BY",
        _ => throw new System.Diagnostics.UnreachableException(action.GetType().Name),
    };
}
