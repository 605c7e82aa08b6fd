using Federation.Core.Errors;
using Federation.Core.Security;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>Rights on schemas and tables, which have several each: letters of <see cref="AclItem"/>.</summary>
public sealed partial class AccessRights
{
    public const string TableLetters = "arwdDxt";
    public const string SequenceLetters = "rwU";
    public const string ColumnLetters = "arwx";
    public const string SchemaLetters = "UC";

    private static readonly Dictionary<string, IReadOnlyList<AclItem>> s_noColumns = [];

    /// <summary>What a schema's access list is.</summary>
    public async ValueTask<ObjectAccess> AccessToAsync(SchemaEntry schema, CancellationToken cancellationToken) =>
        AccessTo(schema, await catalog.FindAccessAsync(TargetOf(schema), cancellationToken));

    public async ValueTask<ObjectAccess> AccessToAsync(RelationEntry table, CancellationToken cancellationToken) =>
        AccessTo(table, await catalog.FindAccessAsync(table.AccessTarget, cancellationToken));

    public static AccessTarget TargetOf(SchemaEntry schema) => new(AccessKind.Schema, schema.Name);

    public static ObjectAccess AccessTo(SchemaEntry schema, AccessEntry? entry)
    {
        var own = new AclItem(schema.Owner, SchemaLetters, schema.Owner);
        var everybody = new AclItem("", "U", schema.Owner);
        if (entry is { IsWhole: true }) return new ObjectAccess(schema.Owner, entry.ItemsOf(null), s_noColumns);
        IReadOnlyList<AclItem> items = schema.IsClosed ? [own] : [own, everybody];
        return new ObjectAccess(schema.Owner, entry is null ? items : [.. items, .. entry.ItemsOf(null)], s_noColumns)
            { IsDefault = schema.IsClosed && entry is null };
    }

    public static ObjectAccess AccessTo(RelationEntry table, AccessEntry? entry)
    {
        var columns = entry?.Columns.ToDictionary(column => column, entry.ItemsOf, StringComparer.Ordinal) ?? s_noColumns;
        if (entry is { IsWhole: true }) return new ObjectAccess(table.Owner, entry.ItemsOf(null), columns);
        var own = new AclItem(table.Owner, LettersOf(table), table.Owner);
        return new ObjectAccess(table.Owner, table.IsClosed ? [own] : [own, new AclItem("", "r", table.Owner)], columns)
            { IsDefault = table.IsClosed };
    }

    /// <summary>Whether the user has a right on a schema.</summary>
    public async ValueTask<bool> MayAsync(string user, SchemaEntry schema, char letter, CancellationToken cancellationToken) =>
        await IsSuperuserAsync(user, cancellationToken)
            || await HoldsAsync(user, (await AccessToAsync(schema, cancellationToken)).Items, letter, cancellationToken);

    /// <summary>Raises 42501 for a user without the right.</summary>
    public async ValueTask RequireAsync(string user, SchemaEntry schema, char letter, CancellationToken cancellationToken)
    {
        if (!await MayAsync(user, schema, letter, cancellationToken)) throw Denied(TargetOf(schema));
    }

    /// <summary>
    /// Raises 42501 for a user who has a right neither on the whole table nor on each of the columns. Where no column is named, as in
    /// <c>count(*)</c>, the right on any column is enough.
    /// </summary>
    public async ValueTask RequireAsync(string user, RelationEntry table, char letter, IEnumerable<string> columns,
        CancellationToken cancellationToken)
    {
        if (await IsSuperuserAsync(user, cancellationToken)) return;
        var access = await AccessToAsync(table, cancellationToken);
        if (await HoldsAsync(user, access.Items, letter, cancellationToken)) return;
        var held = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (column, items) in access.Columns)
            if (await HoldsAsync(user, items, letter, cancellationToken))
                held.Add(column);
        if (held.Count == 0 || !columns.All(held.Contains)) throw Denied(table);
    }

    /// <summary>Raises 42501 for a user who has no right on the whole table, where rights on columns do not count.</summary>
    public async ValueTask RequireWholeAsync(string user, RelationEntry table, char letter, CancellationToken cancellationToken)
    {
        if (await IsSuperuserAsync(user, cancellationToken)) return;
        if (!await HoldsAsync(user, (await AccessToAsync(table, cancellationToken)).Items, letter, cancellationToken))
            throw Denied(table);
    }

    /// <summary>The rights that there are on a relation.</summary>
    public static string LettersOf(RelationEntry relation) => relation is SequenceEntry ? SequenceLetters : TableLetters;

    /// <summary>Raises 42501 for a user who has none of the rights on the whole relation.</summary>
    public async ValueTask RequireAnyAsync(string user, RelationEntry relation, string letters, CancellationToken cancellationToken)
    {
        if (await IsSuperuserAsync(user, cancellationToken)) return;
        if (!await HasAnyAsync(user, (await AccessToAsync(relation, cancellationToken)).Items, letters, cancellationToken))
            throw Denied(relation);
    }

    public static SqlException Denied(RelationEntry relation) =>
        new(SqlState.InsufficientPrivilege, $"permission denied for {ObjectKinds.Of(relation.Key.Kind).Noun} {relation.Name}");

    /// <summary>
    /// As whom the user grants, and which of the letters it may: the owner for superusers and those with the owner's rights; else the user
    /// itself or a role whose rights it has, whoever may grant most.
    /// </summary>
    /// <param name="user">The user.</param>
    /// <param name="owner">The object's owner.</param>
    /// <param name="items">The access lists that count: the object's, and the column's.</param>
    /// <param name="letters">What is to be granted.</param>
    /// <param name="cancellationToken">Ends the statement.</param>
    public async ValueTask<(string Grantor, string Letters)> GrantorAsync(string user, string owner, IReadOnlyList<AclItem> items,
        string letters, CancellationToken cancellationToken)
    {
        if (await HasRightsOfAsync(user, owner, cancellationToken)) return (owner, letters);
        var best = (Grantor: user, Letters: Grantable(user));
        foreach (var role in (await ReachedAsync(user, mustInherit: true, cancellationToken)).Order(StringComparer.Ordinal))
            if (Grantable(role) is var other && other.Length > best.Letters.Length)
                best = (role, other);
        return best;

        string Grantable(string role) =>
            string.Concat(letters.Where(letter => items.Any(item => item.Grantee == role && item.Has(letter, mayGrant: true))));
    }

    /// <summary>Whether the user has one of the letters, or may grant it.</summary>
    public async ValueTask<bool> HasAnyAsync(string user, IReadOnlyList<AclItem> items, string letters, CancellationToken cancellationToken)
    {
        foreach (var letter in letters)
            if (await HoldsAsync(user, items, letter, cancellationToken))
                return true;
        return false;
    }

    /// <summary>The access list that a new object has by default rights; null for what its owner has alone.</summary>
    /// <param name="owner">The role that makes it.</param>
    /// <param name="type">r or n.</param>
    /// <param name="schema">The schema of a table.</param>
    /// <param name="cancellationToken">Ends the statement.</param>
    public async ValueTask<IReadOnlyList<AclItem>?> DefaultOfAsync(string owner, char type, SchemaEntry? schema,
        CancellationToken cancellationToken)
    {
        var all = await catalog.FindAccessAsync(new DefaultScope(owner, null, Oid.None, type).Target, cancellationToken);
        var within = schema is null
            ? null
            : await catalog.FindAccessAsync(new DefaultScope(owner, schema.Name, schema.Oid, type).Target, cancellationToken);
        if (all is null && within is null) return null;
        IReadOnlyList<AclItem> plain = PlainDefault(owner, type);
        var items = all?.ItemsOf(null) ?? plain;
        foreach (var item in within?.ItemsOf(null) ?? []) items = AccessList.Grant(items, item);
        return items.ToHashSet().SetEquals(plain) ? null : await SortedAsync(items, cancellationToken);
    }

    /// <summary>Items in the order of the OIDs of grantees and grantors, as PostgreSQL keeps default rights.</summary>
    public async ValueTask<IReadOnlyList<AclItem>> SortedAsync(IReadOnlyList<AclItem> items, CancellationToken cancellationToken)
    {
        var oids = new Dictionary<string, uint>(StringComparer.Ordinal) { [""] = 0 };
        foreach (var name in items.SelectMany(item => new[] { item.Grantee, item.Grantor }))
            if (!oids.ContainsKey(name))
                oids[name] = (await FindRoleAsync(name, cancellationToken))?.Oid.Value ?? uint.MaxValue;
        return [.. items.OrderBy(item => oids[item.Grantee]).ThenBy(item => oids[item.Grantor])];
    }

    /// <summary>What objects have that nothing was said about.</summary>
    public static IReadOnlyList<AclItem> PlainDefault(string owner, char type) => type switch
    {
        'r' => [new AclItem(owner, TableLetters, owner)],
        'S' => [new AclItem(owner, SequenceLetters, owner)],
        'f' => [new AclItem("", "X", owner), new AclItem(owner, "X", owner)],
        'T' => [new AclItem("", "U", owner), new AclItem(owner, "U", owner)],
        _ => [new AclItem(owner, SchemaLetters, owner)],
    };

    private async ValueTask<bool> HoldsAsync(string user, IReadOnlyList<AclItem> items, char letter, CancellationToken cancellationToken)
    {
        foreach (var item in items)
            if (item.Has(letter, mayGrant: false)
                && (item.Grantee.Length == 0 || await HasRightsOfAsync(user, item.Grantee, cancellationToken)))
                return true;
        return false;
    }
}

/// <summary>Who may do what with a schema or a table.</summary>
/// <param name="Owner">Who may always grant.</param>
/// <param name="Items">What everybody has, the owner too.</param>
/// <param name="Columns">What was granted on columns besides.</param>
public sealed record ObjectAccess(string Owner, IReadOnlyList<AclItem> Items, IReadOnlyDictionary<string, IReadOnlyList<AclItem>> Columns)
{
    /// <summary>Nothing was granted or taken away, so that catalogs show no list.</summary>
    public bool IsDefault { get; init; }
}
