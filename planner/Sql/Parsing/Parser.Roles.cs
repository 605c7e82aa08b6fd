using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>Roles, and what is granted to them.</summary>
internal sealed partial class Parser
{
    /// <summary>Options that are one plain word, which NO before it turns round.</summary>
    private static readonly Dictionary<string, RoleAttribute> RoleFlags = new(StringComparer.Ordinal)
    {
        ["superuser"] = RoleAttribute.Superuser,
        ["createrole"] = RoleAttribute.CreateRole,
        ["createdb"] = RoleAttribute.CreateDb,
        ["login"] = RoleAttribute.Login,
        ["replication"] = RoleAttribute.Replication,
        ["bypassrls"] = RoleAttribute.BypassRls,
    };

    /// <summary>Behind CREATE ROLE, USER or GROUP.</summary>
    private CreateRoleStatement CreateRole(bool isUser)
    {
        var name = RoleId();
        return new CreateRoleStatement(name, isUser, RoleOptions(isCreate: true));
    }

    /// <summary>Behind ALTER ROLE or USER. Settings of roles are not part of the engine.</summary>
    private Statement AlterRole(int start)
    {
        if (Is(Keyword.All) || IsRoleSetting(1)) return SkipStatement(start, "ALTER ROLE");
        var place = SpanOf(Current);
        var name = Role();
        if (Accept(Keyword.Rename)) return RenameRole(name, place);
        return new AlterRoleStatement(RequireRole(name, place), RoleOptions(isCreate: false));
    }

    private bool IsRoleSetting(int distance) => Peek(distance).Keyword is Keyword.Set or Keyword.Reset
        || (Peek(distance).Keyword == Keyword.In && Peek(distance + 1).Keyword == Keyword.Database);

    /// <summary>Behind ALTER GROUP.</summary>
    private Statement AlterGroup()
    {
        var place = SpanOf(Current);
        var name = Role();
        if (Accept(Keyword.Rename)) return RenameRole(name, place);
        var isDrop = Is(Keyword.Drop);
        if (!Accept(Keyword.Add)) Expect(Keyword.Drop);
        Expect(Keyword.User);
        return new GrantRoleStatement([RequireRole(name, place)], CommaList(Role), isDrop, IsAdmin: false, IsOptionOnly: false)
            { IsAlterGroup = true };
    }

    private RenameRoleStatement RenameRole(string name, SourceSpan place)
    {
        Expect(Keyword.To);
        return new RenameRoleStatement(RequireRole(name, place), RoleId());
    }

    /// <summary>Behind DROP ROLE, USER or GROUP.</summary>
    private DropRoleStatement DropRole()
    {
        var ifExists = IfExists();
        return new DropRoleStatement(CommaList(Role), ifExists);
    }

    /// <summary>The name of a role to be: no word that stands for some role.</summary>
    private string RoleId()
    {
        var word = Current;
        var place = SpanOf(word);
        var name = Role();
        return word.Keyword is Keyword.CurrentUser or Keyword.CurrentRole or Keyword.SessionUser
            ? throw ErrorAt(place, SqlState.ReservedName, $"{name.ToUpperInvariant()} cannot be used as a role name here")
            : RequireRole(name, place);
    }

    private string RequireRole(string name, SourceSpan place) =>
        name == "public" ? throw ErrorAt(place, SqlState.ReservedName, "role name \"public\" is reserved") : name;

    private EquatableArray<RoleOption> RoleOptions(bool isCreate)
    {
        Accept(Keyword.With);
        var options = new List<RoleOption>();
        while (!AtEnd && !Is(';') && !Is(')'))
        {
            var start = _index;
            var option = RoleOption(isCreate) with { Span = SpanFrom(start) };
            if (option.Attribute < RoleAttribute.SysId && options.Exists(other => other.Attribute == option.Attribute))
                throw ErrorAt(option.Span, SqlState.SyntaxError, "conflicting or redundant options");
            options.Add(option);
        }

        return options.ToEquatableArray();
    }

    private RoleOption RoleOption(bool isCreate)
    {
        switch (Current.Keyword)
        {
            case Keyword.Encrypted:
                Advance();
                if (!Is(Keyword.Password)) throw SyntaxError();
                return RoleOption(isCreate);
            case Keyword.Unencrypted when NextIs(Keyword.Password):
                var place = SpanOf(Current);
                Skip(2);
                StringConstant();
                throw ErrorAt(place, SqlState.FeatureNotSupported, "UNENCRYPTED PASSWORD is no longer supported");
            case Keyword.Password:
                Advance();
                return new RoleOption(RoleAttribute.Password, Text: Accept(Keyword.Null) ? null : StringConstant());
            case Keyword.Inherit:
                Advance();
                return new RoleOption(RoleAttribute.Inherit);
            case Keyword.Connection:
                Advance();
                Expect(Keyword.Limit);
                return new RoleOption(RoleAttribute.ConnectionLimit, Number: SignedInteger());
            case Keyword.Valid:
                Advance();
                Expect(Keyword.Until);
                return new RoleOption(RoleAttribute.ValidUntil, Text: StringConstant());
            case Keyword.User:
            case Keyword.Role when isCreate:
                Advance();
                return new RoleOption(RoleAttribute.Members, Roles: CommaList(Role));
            case Keyword.Admin when isCreate:
                Advance();
                return new RoleOption(RoleAttribute.Admins, Roles: CommaList(Role));
            case Keyword.In when isCreate:
                Advance();
                if (!Accept(Keyword.Role)) Expect(Keyword.Group);
                return new RoleOption(RoleAttribute.MemberOf, Roles: CommaList(Role));
            case Keyword.Sysid when isCreate:
                Advance();
                return new RoleOption(RoleAttribute.SysId, Number: SignedInteger());
            default:
                return RoleFlag();
        }
    }

    private RoleOption RoleFlag()
    {
        if (!Is(TokenKind.Identifier) || Current.Keyword != Keyword.NotKeyword) throw SyntaxError();
        var word = Current.Text!;
        if (word == "noinherit") return Flag(RoleAttribute.Inherit, false);
        if (RoleFlags.TryGetValue(word, out var attribute)) return Flag(attribute, true);
        if (word.StartsWith("no", StringComparison.Ordinal) && RoleFlags.TryGetValue(word[2..], out var negated))
            return Flag(negated, false);
        throw ErrorAt(SpanOf(Current), SqlState.SyntaxError, $"unrecognized role option \"{word}\"");

        RoleOption Flag(RoleAttribute attribute, bool isOn)
        {
            Advance();
            return new RoleOption(attribute, isOn);
        }
    }

    private GrantRoleStatement GrantRole(bool isRevoke, bool isOptionOnly)
    {
        var roles = CommaList(() => IsColumnId(Current) ? Advance().Text! : NonReservedWord());
        Expect(isRevoke ? Keyword.From : Keyword.To);
        var members = CommaList(Role);
        var isAdmin = false;
        if (!isRevoke && Accept(Keyword.With))
        {
            Expect(Keyword.Admin, Keyword.Option);
            isAdmin = true;
        }

        var grantor = Grantor();
        if (isRevoke) Behaviour();
        return new GrantRoleStatement(roles, members, isRevoke, isAdmin, isOptionOnly) { Grantor = grantor };
    }

    private string? Grantor()
    {
        if (!Accept(Keyword.Granted)) return null;
        Expect(Keyword.By);
        return Role();
    }

    /// <summary>CASCADE, or RESTRICT, or nothing.</summary>
    private bool Behaviour()
    {
        if (Accept(Keyword.Cascade)) return true;
        Accept(Keyword.Restrict);
        return false;
    }

    /// <summary>Whether the first word stands in the rest of the statement, and the second one not before it.</summary>
    private bool HasWordBefore(Keyword word, Keyword other)
    {
        for (var i = _index; i < _tokens.Length && !IsCharacter(_tokens[i], ';'); i++)
        {
            if (_tokens[i].Keyword == word) return true;
            if (_tokens[i].Keyword == other) return false;
        }

        return false;
    }
}
