using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Security;
using Federation.Core.Types;

namespace Federation.Catalog.Tests;

/// <summary>Access lists by PostgreSQL's rules, and what entries of earlier versions mean.</summary>
public sealed class AccessTests
{
    private const string Owner = "owner";

    private static readonly IReadOnlyList<AclItem> s_plain = [new AclItem(Owner, "arwdDxt", Owner)];

    [Fact]
    public void Grants_of_one_grantor_are_one_item()
    {
        var list = AccessList.Grant(s_plain, new AclItem("a", "w", Owner));
        list = AccessList.Grant(list, new AclItem("a", "r*", Owner));
        list = AccessList.Grant(list, new AclItem("", "r", Owner));
        Assert.Equal("owner=arwdDxt/owner a=r*w/owner =r/owner", Shown(list));
        Assert.Equal("owner=arwdDxt/owner a=rw/owner =r/owner",
            Shown(AccessList.Revoke(list, "a", Owner, "r", isOptionOnly: true, Owner, isCascade: false)));
        Assert.Equal("owner=arwdDxt/owner =r/owner",
            Shown(AccessList.Revoke(list, "a", Owner, "arw", isOptionOnly: false, Owner, isCascade: false)));
    }

    [Fact]
    public void What_was_passed_on_ends_with_the_right_to_pass_it_on()
    {
        var list = AccessList.Grant(s_plain, new AclItem("a", "r*w", Owner));
        list = AccessList.Grant(list, new AclItem("b", "r*", "a"));
        list = AccessList.Grant(list, new AclItem("c", "r", "b"));
        var error = Assert.Throws<SqlException>(() =>
            AccessList.Revoke(list, "a", Owner, "r", isOptionOnly: true, Owner, isCascade: false));
        Assert.Equal((SqlState.DependentObjectsStillExist, "dependent privileges exist"), (error.State, error.Message));
        Assert.Equal("owner=arwdDxt/owner a=rw/owner",
            Shown(AccessList.Revoke(list, "a", Owner, "r", isOptionOnly: true, Owner, isCascade: true)));

        // Who has it from another as well keeps what it gave.
        var twice = AccessList.Grant(list, new AclItem("a", "r*", "d"));
        Assert.Equal("owner=arwdDxt/owner a=w/owner b=r*/a c=r/b a=r*/d",
            Shown(AccessList.Revoke(twice, "a", Owner, "r", isOptionOnly: false, Owner, isCascade: false)));
    }

    [Fact]
    public void A_new_owner_takes_the_place_of_the_old_one()
    {
        var list = AccessList.Grant(AccessList.Grant(s_plain, new AclItem("a", "r", Owner)), new AclItem("b", "a", Owner));
        Assert.Equal("a=arwdDxt/a b=a/a", Shown(AccessList.WithOwner(list, Owner, "a")));
    }

    [Fact]
    public void Tables_and_schemas_of_earlier_versions_stay_open()
    {
        var table = new TableEntry(new Oid(20000), "s", "t", Owner, null!);
        Assert.Equal("owner=arwdDxt/owner =r/owner", Shown(AccessRights.AccessTo(table, null).Items));
        Assert.False(AccessRights.AccessTo(table, null).IsDefault);
        Assert.True(AccessRights.AccessTo(table with { IsClosed = true }, null).IsDefault);
        Assert.Equal("owner=arwdDxt/owner", Shown(AccessRights.AccessTo(table with { IsClosed = true }, null).Items));

        // A grant on a column leaves the table as open as it was.
        var onColumn = new AccessEntry(Oid.None, table.AccessTarget, []).With("c", [new AclItem("a", "w", Owner)]);
        Assert.Equal("owner=arwdDxt/owner =r/owner", Shown(AccessRights.AccessTo(table, onColumn).Items));
        Assert.Equal("a=w/owner", Shown(AccessRights.AccessTo(table, onColumn).Columns["c"]));

        // When CREATE was all that could be granted, it was stored without letters.
        var schema = new SchemaEntry(new Oid(20001), "s", Owner);
        var early = new AccessEntry(Oid.None, AccessRights.TargetOf(schema),
            [new AccessGrant("a", MayGrant: true, Owner), new AccessGrant(UserMappingEntry.Everybody, MayGrant: false, "a")]);
        Assert.Equal("owner=UC/owner =U/owner a=C*/owner =C/a", Shown(AccessRights.AccessTo(schema, early).Items));
        Assert.Equal("owner=UC/owner", Shown(AccessRights.AccessTo(schema with { IsClosed = true }, null).Items));
    }

    private static string Shown(IReadOnlyList<AclItem> items) => string.Join(' ', items);
}
