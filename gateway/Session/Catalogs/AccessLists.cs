using Federation.Catalog;
using Federation.Core.Security;

namespace Federation.Session.Catalogs;

/// <summary>What was granted on the objects of one version of the catalog, as ACL items.</summary>
internal sealed class AccessLists(IReadOnlyList<AccessEntry> entries)
{
    private readonly Dictionary<AccessTarget, AccessEntry> _entries = entries.ToDictionary(entry => entry.Target);

    /// <summary>Who gave or got a right.</summary>
    public IEnumerable<string> Names =>
        _entries.Values.SelectMany(entry => entry.Grants).SelectMany(grant => new[] { grant.Grantee, grant.Grantor })
            .Concat(Defaults().Select(entry => entry.Scope!.Role)).Where(name => name != UserMappingEntry.Everybody);

    /// <summary>Null when nothing was granted on the object.</summary>
    public AccessEntry? Find(AccessTarget target) => _entries.GetValueOrDefault(target);

    /// <summary>What ALTER DEFAULT PRIVILEGES has said.</summary>
    public IEnumerable<AccessEntry> Defaults() => _entries.Values.Where(entry => entry.Scope is not null);

    /// <summary>Null when nothing was granted on the object.</summary>
    /// <param name="privilege">The letter of the one right that such objects have.</param>
    public IReadOnlyList<AclItem>? GrantsOn(AccessKind kind, string name, char privilege) =>
        _entries.TryGetValue(new AccessTarget(kind, name), out var entry) ? Items(entry, privilege) : null;

    public IReadOnlyDictionary<string, IReadOnlyList<AclItem>> GrantsOnAll(AccessKind kind, char privilege) =>
        _entries.Values.Where(entry => entry.Target.Kind == kind)
            .ToDictionary(entry => entry.Target.Name, IReadOnlyList<AclItem> (entry) => Items(entry, privilege));

    private static AclItem[] Items(AccessEntry entry, char privilege) =>
        entry.Grants
            .Select(grant => new AclItem(grant.Grantee == UserMappingEntry.Everybody ? "" : grant.Grantee,
                privilege + (grant.MayGrant ? "*" : ""), grant.Grantor)).ToArray();
}
