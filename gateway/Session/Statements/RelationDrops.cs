using Federation.Catalog;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>DROP TABLE, DROP VIEW and DROP SEQUENCE, and the same of kinds that this catalog has none of.</summary>
internal static class RelationDrops
{
    public static async ValueTask<string> RunAsync(QuerySession session, DropStatement drop, CancellationToken cancellationToken)
    {
        var relations = new List<RelationEntry>();
        foreach (var name in drop.Names)
            if (await FindAsync(session, drop, name, cancellationToken) is { } relation
                && !relations.Exists(item => item.Oid == relation.Oid))
                relations.Add(relation);
        var taken = relations.Select(relation => relation.Oid).ToHashSet();
        foreach (var relation in relations)
        {
            var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
            if (relation is TableEntry referenced)
                await RequireUnreferencedAsync(session, referenced, drop.IsCascade, taken, cancellationToken);
            if (relation is SequenceEntry sequence)
                await RequireUnusedAsync(session, sequence, drop.IsCascade, taken, cancellationToken);
            await DependentViews.TakeAsync(session, DependentViews.Described(session, relation),
                await DependentViews.OfAsync(catalog, relation, cancellationToken), drop.IsCascade, taken, cancellationToken);
        }

        foreach (var relation in DependentsFirst(relations))
        {
            // It may have gone with another one of the statement, on which it depends.
            var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
            if (await catalog.FindAsync(relation.Key, cancellationToken) is not null)
                await session.Transaction.ChangeAsync(new CatalogChange.Drop(relation.Key, drop.IsCascade), cancellationToken);
        }

        return $"DROP {SchemaStatements.Spelled(drop.Kind)}";
    }

    /// <summary>Raises 2BP01 for the sequence of an identity column, and without CASCADE for one that a default needs.</summary>
    private static async ValueTask RequireUnusedAsync(QuerySession session, SequenceEntry sequence, bool isCascade,
        IReadOnlySet<Oid> taken, CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var described = DependentViews.Described(session, sequence);
        var needing = new List<string>();
        foreach (var table in await SequenceRules.UsersAsync(catalog, sequence, cancellationToken))
        {
            if (taken.Contains(table.Oid)) continue;
            var shown = DependentViews.Described(session, table);
            if (table.Sequences.FirstOrDefault(item => item.Sequence == sequence.Oid) is { IsIdentity: true } identity)
                throw new SqlException(SqlState.DependentObjectsStillExist,
                    $"cannot drop {described} because column {identity.Column} of {shown} requires it")
                    { Hint = $"You can drop column {identity.Column} of {shown} instead." };
            needing.AddRange(table.Defaults.Where(item => SequenceRules.Uses(item.Value, sequence.Oid))
                .Select(item => $"default value for column {item.Key} of {shown}"));
        }

        Tell(session, described, needing, isCascade);
    }

    /// <summary>Raises 2BP01 without CASCADE for a table that foreign keys of others refer to.</summary>
    private static async ValueTask RequireUnreferencedAsync(QuerySession session, TableEntry table, bool isCascade,
        IReadOnlySet<Oid> taken, CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var described = DependentViews.Described(session, table);
        var names = (await ForeignKeyRules.ReferencesAsync(catalog, table, cancellationToken))
            .Where(item => !taken.Contains(item.Table.Oid))
            .Select(item => $"constraint {item.Key.Name} on {DependentViews.Described(session, item.Table)}").ToArray();
        Tell(session, described, names, isCascade);
    }

    private static void Tell(QuerySession session, string described, IReadOnlyList<string> dependents, bool isCascade)
    {
        if (dependents.Count == 0) return;
        if (!isCascade)
        {
            throw new SqlException(SqlState.DependentObjectsStillExist, $"cannot drop {described} because other objects depend on it")
            {
                Detail = string.Join('\n', dependents.Select(item => $"{item} depends on {described}")),
                Hint = "Use DROP ... CASCADE to drop the dependent objects too.",
            };
        }

        var lines = dependents.Select(item => $"drop cascades to {item}").ToArray();
        if (lines.Length == 1) session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, lines[0]);
        else session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"drop cascades to {lines.Length} other objects",
            string.Join('\n', lines));
    }

    /// <summary>The same relations, each behind the views and foreign keys of them that need it.</summary>
    private static IEnumerable<RelationEntry> DependentsFirst(List<RelationEntry> relations)
    {
        var left = relations.ToList();
        while (left.Count > 0)
        {
            var next = left.Find(relation =>
                !left.OfType<ViewEntry>().Any(view => view.Sources.Any(source => source.Relation == relation.Oid))
                && !left.OfType<TableEntry>().Any(table => table.Constraints.Any(key => key.Target?.Table == relation.Oid))) ?? left[0];
            left.Remove(next);
            yield return next;
        }
    }

    /// <summary>The relation to be dropped; null, with a notice, when there is none and the statement takes that as it is.</summary>
    private static async ValueTask<RelationEntry?> FindAsync(QuerySession session, DropStatement drop, QualifiedName qualified,
        CancellationToken cancellationToken)
    {
        if (qualified.Parts.Count == 3 && !TableResolver.IsManaged(qualified.Parts[0]) && qualified.Parts[0] != session.Database)
            throw new SqlException(SqlState.FeatureNotSupported, $"tables of server \"{qualified.Parts[0]}\" cannot be dropped here");
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var schema in qualified.Parts.Count == 1 ? session.Names.SearchPath() : [session.Temporary.Real(qualified.Qualifier!)])
        {
            if (await catalog.FindRelationAsync(schema, qualified.Name, cancellationToken) is not { } relation) continue;
            var kind = AlterTableStatements.KindOf(relation);
            if (drop.Kind != kind)
            {
                throw new SqlException(SqlState.WrongObjectType,
                    $"\"{qualified.Name}\" is not a {SchemaStatements.Spelled(drop.Kind).ToLowerInvariant()}")
                {
                    Hint = $"Use DROP {SchemaStatements.Spelled(kind)} to remove a {SchemaStatements.Spelled(kind).ToLowerInvariant()}.",
                };
            }

            await SchemaStatements.RequireTableOwnerAsync(session, relation, mayOwnSchema: true, cancellationToken);
            return relation;
        }

        if (await IndexStatements.FindAsync(session, qualified, cancellationToken) is not null)
            throw new SqlException(SqlState.WrongObjectType,
                $"\"{qualified.Name}\" is not a {SchemaStatements.Spelled(drop.Kind).ToLowerInvariant()}")
                { Hint = "Use DROP INDEX to remove an index." };
        SchemaStatements.Missing(session, drop,
            new SqlException(SqlState.UndefinedTable,
                $"{SchemaStatements.Spelled(drop.Kind).ToLowerInvariant()} \"{qualified.Name}\" does not exist"));
        return null;
    }
}
