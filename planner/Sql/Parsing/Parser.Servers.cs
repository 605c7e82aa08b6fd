using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>Servers, user mappings and schemas: what this engine's own catalog holds.</summary>
internal sealed partial class Parser
{
    private bool IfNotExists()
    {
        if (!Is(Keyword.If) || !NextIs(Keyword.Not)) return false;
        Skip(2);
        Expect(Keyword.Exists);
        return true;
    }

    private bool IfExists()
    {
        if (!Is(Keyword.If) || !NextIs(Keyword.Exists)) return false;
        Skip(2);
        return true;
    }

    /// <summary>Behind CREATE SERVER.</summary>
    private CreateServerStatement CreateServer()
    {
        var ifNotExists = IfNotExists();
        var name = ColumnId();
        var type = Accept(Keyword.Type) ? StringConstant() : null;
        var version = Is(Keyword.Version) ? ServerVersion() : null;
        Expect(Keyword.Foreign, Keyword.Data);
        Expect(Keyword.Wrapper);
        var wrapper = ColumnId();
        return new CreateServerStatement(name, ifNotExists, type, version, wrapper, NewOptions());
    }

    private string? ServerVersion()
    {
        Expect(Keyword.Version);
        return Accept(Keyword.Null) ? null : StringConstant();
    }

    /// <summary>Behind ALTER SERVER; renaming is not part of the engine.</summary>
    private Statement AlterServer(int start)
    {
        var name = ColumnId();
        if (Is(Keyword.Rename)) return SkipStatement(start, "ALTER SERVER");
        if (Is(Keyword.Owner)) return NewOwner(DropKind.Server, name);
        var hasVersion = Is(Keyword.Version);
        var version = hasVersion ? ServerVersion() : null;
        var options = !hasVersion || Is(Keyword.Options) ? ChangedOptions() : default;
        return new AlterServerStatement(name, version, options);
    }

    /// <summary>Behind ALTER SCHEMA; renaming is not part of the engine.</summary>
    private Statement AlterSchema(int start)
    {
        if (Peek(1).Keyword is Keyword.Set or Keyword.Reset)
        {
            var name = ColumnId();
            var isReset = Is(Keyword.Reset);
            Advance();
            return Accept(Keyword.Location)
                ? new AlterSchemaLocationStatement(name, isReset ? null : StringConstant())
                : throw SyntaxError();
        }

        if (Peek(1).Keyword != Keyword.Owner) return SkipStatement(start, "ALTER SCHEMA");
        return NewOwner(DropKind.Schema, ColumnId());
    }

    private AlterOwnerStatement NewOwner(DropKind kind, string name)
    {
        Expect(Keyword.Owner, Keyword.To);
        return new AlterOwnerStatement(kind, name, Role());
    }

    /// <summary>Behind CREATE USER MAPPING.</summary>
    private CreateUserMappingStatement CreateUserMapping()
    {
        var ifNotExists = IfNotExists();
        var (user, server) = MappingTarget();
        return new CreateUserMappingStatement(user, server, ifNotExists, NewOptions());
    }

    private AlterUserMappingStatement AlterUserMapping()
    {
        var (user, server) = MappingTarget();
        return new AlterUserMappingStatement(user, server, ChangedOptions());
    }

    private DropUserMappingStatement DropUserMapping()
    {
        var ifExists = IfExists();
        var (user, server) = MappingTarget();
        return new DropUserMappingStatement(user, server, ifExists);
    }

    private (string User, string Server) MappingTarget()
    {
        Expect(Keyword.For);
        var user = Is(Keyword.User) ? Advance().Text! : Role();
        Expect(Keyword.Server);
        return (user, ColumnId());
    }

    private string Role()
    {
        if (Current.Keyword is Keyword.CurrentUser or Keyword.CurrentRole or Keyword.SessionUser) return Advance().Text!;
        var place = SpanOf(Current);
        var role = NonReservedWord();
        return role == "none" ? throw ErrorAt(place, SqlState.ReservedName, "role name \"none\" is reserved") : role;
    }

    /// <summary>OPTIONS (name 'value', …), or nothing.</summary>
    private EquatableArray<ServerOption> NewOptions() =>
        Accept(Keyword.Options) ? ParenthesisedList(() => ServerOption(OptionAction.Add)) : default;

    private EquatableArray<ServerOption> ChangedOptions()
    {
        Expect(Keyword.Options);
        return ParenthesisedList(ChangedOption);
    }

    private ServerOption ChangedOption()
    {
        // An option can itself be named set, add or drop; its value shows that.
        if (Peek(1).Kind == TokenKind.String) return ServerOption(OptionAction.Add);
        var start = _index;
        if (Accept(Keyword.Drop)) return new ServerOption(ColumnLabel(), null, OptionAction.Drop) { Span = SpanFrom(start) };
        if (Accept(Keyword.Set)) return ServerOption(OptionAction.Set);
        Accept(Keyword.Add);
        return ServerOption(OptionAction.Add);
    }

    private ServerOption ServerOption(OptionAction action)
    {
        var start = _index;
        var name = ColumnLabel();
        return new ServerOption(name, StringConstant(), action) { Span = SpanFrom(start) };
    }

    /// <summary>
    /// Behind CREATE SCHEMA. Unlike PostgreSQL's, the name may have a catalog; statements inside are not part of the engine.
    /// </summary>
    private Statement CreateSchema(int start)
    {
        var ifNotExists = IfNotExists();
        var name = Is(Keyword.Authorization) ? null : AnyName();
        string? role = null;
        if (Is(Keyword.Authorization))
        {
            Advance();
            var place = SpanOf(Current);
            role = Role();
            name ??= new QualifiedName([role]) { Span = place };
        }

        var location = Accept(Keyword.Location) ? StringConstant() : null;
        if (Is(Keyword.Create) || Is(Keyword.Grant)) return SkipStatement(start, "CREATE SCHEMA");
        return new CreateSchemaStatement(name!, ifNotExists, role) { Location = location };
    }

    private DropStatement DropObjects(DropKind kind)
    {
        var ifExists = IfExists();
        var names = CommaList(AnyName);
        var isCascade = Accept(Keyword.Cascade);
        if (!isCascade) Accept(Keyword.Restrict);
        return new DropStatement(kind, names, ifExists, isCascade);
    }
}
