using Federation.Catalog;
using Federation.Session.Catalogs;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>DROP TABLE and DROP VIEW, and the same of kinds that this catalog has none of.</summary>
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

    /// <summary>The same relations, each behind the views of them that read it.</summary>
    private static IEnumerable<RelationEntry> DependentsFirst(List<RelationEntry> relations)
    {
        var left = relations.ToList();
        while (left.Count > 0)
        {
            var next = left.Find(relation =>
                !left.OfType<ViewEntry>().Any(view => view.Sources.Any(source => source.Relation == relation.Oid))) ?? left[0];
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
        foreach (var schema in qualified.Parts.Count == 1 ? session.Names.SearchPath() : [qualified.Qualifier!])
        {
            if (await catalog.FindRelationAsync(schema, qualified.Name, cancellationToken) is not { } relation) continue;
            var kind = relation is ViewEntry ? DropKind.View : DropKind.Table;
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

        SchemaStatements.Missing(session, drop,
            new SqlException(SqlState.UndefinedTable,
                $"{SchemaStatements.Spelled(drop.Kind).ToLowerInvariant()} \"{qualified.Name}\" does not exist"));
        return null;
    }
}
