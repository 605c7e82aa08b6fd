using Federation.Core.Errors;

namespace Federation.Catalog;

/// <summary>
/// What a change does to a catalog, and what it needs of it. The one place with these rules: a transaction applies them when a statement
/// changes something, when it moves on to a newer version, and when it commits.
/// </summary>
public static class CatalogRules
{
    /// <summary>Most dependent objects that an error names.</summary>
    private const int MostDependents = 100;

    /// <summary>
    /// The catalog after a change. Raises PostgreSQL's errors for names that are taken or missing (42P06, 42P07, 42710, 3F000, 42P01,
    /// 42704), 2BP01 for objects that others depend on, and 40001 when another transaction has changed the object.
    /// </summary>
    public static ValueTask<CatalogOverlay> ApplyAsync(CatalogOverlay catalog, CatalogChange change, CancellationToken cancellationToken) =>
        change switch
    {
        CatalogChange.Create create => CreateAsync(catalog, create.Object, cancellationToken),
        CatalogChange.Alter alter => AlterAsync(catalog, alter.Object, cancellationToken),
        CatalogChange.Redefine redefine => RelationRules.RedefineAsync(catalog, redefine, cancellationToken),
        CatalogChange.UpdateTable update => UpdateTableAsync(catalog, update, cancellationToken),
        CatalogChange.Drop { Key.Kind: ObjectKind.Role } drop => DropRoleAsync(catalog, drop.Key, cancellationToken),
        CatalogChange.Drop drop => DropAsync(catalog, drop, cancellationToken),
        CatalogChange.RenameRole rename => RenameRoleAsync(catalog, rename, cancellationToken),
        _ => throw new System.Diagnostics.UnreachableException(change.GetType().Name),
    };

    private static async ValueTask<CatalogOverlay> CreateAsync(CatalogOverlay catalog, CatalogObject created,
        CancellationToken cancellationToken)
    {
        var key = created.Key;
        if (ObjectKinds.Of(key.Kind).Parent is { } parentKind)
        {
            var parent = new CatalogKey(parentKind, "", key.Parent);
            if (await catalog.FindAsync(parent, cancellationToken) is null) throw ObjectKinds.MissingError(parent);
        }

        if (await catalog.FindAsync(key, cancellationToken) is not null) throw ObjectKinds.TakenError(key);
        if (created is RelationEntry relation) await RelationRules.RequireCreatableAsync(catalog, relation, cancellationToken);
        return catalog.With(key, created with { ChangedAt = 0 });
    }

    private static async ValueTask<CatalogOverlay> AlterAsync(CatalogOverlay catalog, CatalogObject altered,
        CancellationToken cancellationToken)
    {
        var present = await catalog.FindAsync(altered.Key, cancellationToken) ?? throw ObjectKinds.MissingError(altered.Key);
        if (present.ChangedAt != altered.ChangedAt) throw ObjectKinds.ClashError(altered.Key);
        return catalog.With(altered.Key, altered with { Oid = present.Oid });
    }

    private static async ValueTask<CatalogOverlay> UpdateTableAsync(CatalogOverlay catalog, CatalogChange.UpdateTable update,
        CancellationToken cancellationToken)
    {
        // A table made anew under the name is another table.
        if (await catalog.FindAsync(update.Key, cancellationToken) is not TableEntry table || table.Oid != update.Oid)
            throw ObjectKinds.MissingError(update.Key);
        return catalog.With(update.Key, table with { Pointer = await update.Update.ApplyAsync(table.Pointer, cancellationToken) });
    }

    private static async ValueTask<CatalogOverlay> DropAsync(CatalogOverlay catalog, CatalogChange.Drop drop,
        CancellationToken cancellationToken)
    {
        var dropped = await catalog.FindAsync(drop.Key, cancellationToken) ?? throw ObjectKinds.MissingError(drop.Key);
        var kind = ObjectKinds.Of(drop.Key.Kind);
        foreach (var childKind in kind.Children)
        {
            var children = await catalog.ListAsync(new CatalogList(childKind, drop.Key.Name), cancellationToken);
            if (children.Count > 0 && !drop.Cascade) throw StillNeeded(drop.Key, children);
            catalog = await DropAllAsync(catalog, children, cancellationToken);
        }

        if (dropped is TableEntry referenced)
            catalog = await ForeignKeyRules.ReleaseAsync(catalog, referenced, drop.Cascade, cancellationToken);
        if (dropped is SequenceEntry sequence)
            catalog = await SequenceRules.ReleaseAsync(catalog, sequence, drop.Cascade, cancellationToken);
        var views = await RelationRules.DependentsAsync(catalog, dropped, cancellationToken);
        if (views.Count > 0 && !drop.Cascade) throw StillNeeded(drop.Key, views);
        catalog = await DropAllAsync(catalog, views, cancellationToken);

        if (kind.Access is { } access)
            catalog = await WithoutAsync(catalog, AccessEntry.KeyOf(new AccessTarget(access, drop.Key.Name)), cancellationToken);
        if (dropped is RelationEntry relation)
            catalog = await WithoutAsync(catalog, AccessEntry.KeyOf(relation.AccessTarget), cancellationToken);
        if (dropped is SchemaEntry)
        {
            foreach (var entry in (await catalog.ListAccessAsync(cancellationToken)).Where(entry => entry.Scope?.SchemaOid == dropped.Oid))
                catalog = catalog.With(entry.Key, null);
        }

        catalog = catalog.With(drop.Key, null);
        return dropped is TableEntry table
            ? await DropAllAsync(catalog, await SequenceRules.OwnedAsync(catalog, table, cancellationToken), cancellationToken)
            : catalog;
    }

    /// <summary>Drops objects and all that depends on them, but for those that went with another one before.</summary>
    private static async ValueTask<CatalogOverlay> DropAllAsync(CatalogOverlay catalog, IReadOnlyList<CatalogObject> objects,
        CancellationToken cancellationToken)
    {
        foreach (var item in objects)
            if (await catalog.FindAsync(item.Key, cancellationToken) is not null)
                catalog = await DropAsync(catalog, new CatalogChange.Drop(item.Key, Cascade: true), cancellationToken);
        return catalog;
    }

    private static async ValueTask<CatalogOverlay> WithoutAsync(CatalogOverlay catalog, CatalogKey key,
        CancellationToken cancellationToken) =>
        await catalog.FindAsync(key, cancellationToken) is null ? catalog : catalog.With(key, null);

    private static async ValueTask<CatalogOverlay> DropRoleAsync(CatalogOverlay catalog, CatalogKey key,
        CancellationToken cancellationToken)
    {
        if (await catalog.FindAsync(key, cancellationToken) is null) throw ObjectKinds.MissingError(key);
        var all = await AllAsync(catalog, cancellationToken);
        var dependencies = all.Select(entry => entry.Dependency(key.Name)).OfType<string>().ToArray();
        if (dependencies.Length > 0) throw RoleReferences.StillNeeded(key.Name, dependencies);
        foreach (var role in all.OfType<RoleEntry>().Where(role => role.MemberOf.Any(membership => membership.Role == key.Name)))
            catalog = catalog.With(role.Key, role.WithoutMembershipIn(key.Name));
        return catalog.With(key, null);
    }

    private static async ValueTask<CatalogOverlay> RenameRoleAsync(CatalogOverlay catalog, CatalogChange.RenameRole rename,
        CancellationToken cancellationToken)
    {
        var newKey = RoleEntry.KeyOf(rename.NewName);
        if (await catalog.FindAsync(RoleEntry.KeyOf(rename.Name), cancellationToken) is null)
            throw ObjectKinds.MissingError(RoleEntry.KeyOf(rename.Name));
        if (await catalog.FindAsync(newKey, cancellationToken) is not null) throw ObjectKinds.TakenError(newKey);
        foreach (var entry in await AllAsync(catalog, cancellationToken))
        {
            var renamed = entry.WithRoleNamed(rename.Name, rename.NewName);
            if (renamed == entry) continue;
            if (renamed.Key != entry.Key) catalog = catalog.With(entry.Key, null);
            catalog = catalog.With(renamed.Key, renamed);
        }

        return catalog;
    }

    /// <summary>Every object of the catalog, kind by kind.</summary>
    private static async ValueTask<IReadOnlyList<CatalogObject>> AllAsync(ICatalogSnapshot catalog, CancellationToken cancellationToken)
    {
        var all = new List<CatalogObject>();
        all.AddRange(await catalog.ListAsync(new CatalogList(ObjectKind.Role), cancellationToken));
        foreach (var kind in ObjectKinds.All.Where(kind => kind.Parent is null
            && kind.Kind is not (ObjectKind.Role or ObjectKind.Access or ObjectKind.Tail)))
        {
            var objects = await catalog.ListAsync(new CatalogList(kind.Kind), cancellationToken);
            all.AddRange(objects);
            foreach (var child in kind.Children)
                foreach (var entry in objects)
                    all.AddRange(await catalog.ListAsync(new CatalogList(child, entry.Key.Name), cancellationToken));
        }

        all.AddRange(await catalog.ListAccessAsync(cancellationToken));
        return all;
    }

    private static SqlException StillNeeded(CatalogKey key, IReadOnlyList<CatalogObject> dependents) =>
        StillNeeded(key, [.. dependents.Select(Described)]);

    internal static SqlException StillNeeded(CatalogKey key, IReadOnlyList<string> dependents)
    {
        var name = $"{ObjectKinds.Of(key.Kind).Noun} {(key.Parent.Length > 0 ? key.Parent + "." : "")}{key.Name}";
        return new SqlException(SqlState.DependentObjectsStillExist, $"cannot drop {name} because other objects depend on it")
        {
            Detail = string.Join('\n', dependents.Take(MostDependents).Select(dependent => $"{dependent} depends on {name}")),
            Hint = "Use DROP ... CASCADE to drop the dependent objects too.",
        };
    }

    private static string Described(CatalogObject entry) => entry switch
    {
        RelationEntry relation => $"{ObjectKinds.Of(relation.Key.Kind).Noun} {relation.Schema}.{relation.Name}",
        UserMappingEntry mapping => $"user mapping for {mapping.User} on server {mapping.Server}",
        _ => $"{ObjectKinds.Of(entry.Key.Kind).Noun} {entry.Key.Name}",
    };
}
