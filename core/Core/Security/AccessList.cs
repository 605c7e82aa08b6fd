using Federation.Core.Errors;

namespace Federation.Core.Security;

/// <summary>
/// Changes of access lists by PostgreSQL's rules (acl.c): who grants what to whom, and what ends when a right to grant ends. Lists are
/// never changed, new ones are made. Thread-safe.
/// </summary>
public static class AccessList
{
    /// <summary>The list with more granted. A grantor has one item for each grantee.</summary>
    /// <param name="list">The present list.</param>
    /// <param name="added">Letters, each with a star behind it if it may be granted on.</param>
    public static IReadOnlyList<AclItem> Grant(IReadOnlyList<AclItem> list, AclItem added)
    {
        var index = IndexOf(list, added.Grantee, added.Grantor);
        if (index < 0)
            return [.. list, added with { Privileges = Written(letter => added.Has(letter, false), letter => added.Has(letter, true)) }];
        var present = list[index];
        return Replaced(list, index, present with
        {
            Privileges = Written(letter => present.Has(letter, false) || added.Has(letter, false),
                letter => present.Has(letter, true) || added.Has(letter, true)),
        });
    }

    /// <summary>The list with less granted. What the grantee passed on goes too, if it has no other right to.</summary>
    /// <param name="list">The present list.</param>
    /// <param name="grantee">Who loses rights; empty for everybody.</param>
    /// <param name="grantor">Who had given them.</param>
    /// <param name="letters">The rights.</param>
    /// <param name="isOptionOnly">Whether only the right to grant them ends.</param>
    /// <param name="owner">The object's owner, who may always grant.</param>
    /// <param name="isCascade">Whether dependent rights end as well.</param>
    /// <exception cref="SqlException">2BP01: dependent rights exist.</exception>
    public static IReadOnlyList<AclItem> Revoke(IReadOnlyList<AclItem> list, string grantee, string grantor, string letters,
        bool isOptionOnly, string owner, bool isCascade)
    {
        var index = IndexOf(list, grantee, grantor);
        if (index < 0) return list;
        var present = list[index];
        var ended = letters.Where(letter => present.Has(letter, mayGrant: true)).ToArray();
        var left = Written(
            letter => present.Has(letter, false) && (isOptionOnly || !letters.Contains(letter, StringComparison.Ordinal)),
            letter => present.Has(letter, true) && !letters.Contains(letter, StringComparison.Ordinal));
        list = left.Length > 0 ? Replaced(list, index, present with { Privileges = left }) : [.. list.Where((_, i) => i != index)];
        if (grantee == owner || grantee.Length == 0) return list;
        foreach (var letter in ended)
        {
            if (list.Any(item => item.Grantee == grantee && item.Has(letter, mayGrant: true))) continue;
            while (list.FirstOrDefault(item => item.Grantor == grantee
                && item.Has(letter, mayGrant: false)) is { Privileges: not null } dependent)
            {
                if (!isCascade) throw new SqlException(SqlState.DependentObjectsStillExist, "dependent privileges exist")
                    { Hint = "Use CASCADE to revoke them too." };
                list = Revoke(list, dependent.Grantee, grantee, letter.ToString(), isOptionOnly: false, owner, isCascade);
            }
        }

        return list;
    }

    /// <summary>The list after the object went to another owner: what was the old owner's is the new one's.</summary>
    public static IReadOnlyList<AclItem> WithOwner(IReadOnlyList<AclItem> list, string owner, string newOwner)
    {
        IReadOnlyList<AclItem> moved = [];
        foreach (var item in list)
            moved = Grant(moved,
                item with
                {
                    Grantee = item.Grantee == owner ? newOwner : item.Grantee,
                    Grantor = item.Grantor == owner ? newOwner : item.Grantor,
                });
        return moved;
    }

    /// <summary>Letters as an item writes them.</summary>
    public static string Letters(string letters, bool mayGrant) =>
        mayGrant ? string.Concat(letters.Select(letter => $"{letter}*")) : letters;

    private static string Written(Func<char, bool> has, Func<char, bool> mayGrant) =>
        string.Concat(AclItem.AllLetters.Where(has).Select(letter => mayGrant(letter) ? $"{letter}*" : letter.ToString()));

    private static int IndexOf(IReadOnlyList<AclItem> list, string grantee, string grantor)
    {
        for (var i = 0; i < list.Count; i++)
            if (list[i].Grantee == grantee && list[i].Grantor == grantor)
                return i;
        return -1;
    }

    private static AclItem[] Replaced(IReadOnlyList<AclItem> list, int index, AclItem item) =>
        [.. list.Select((present, i) => i == index ? item : present)];
}
