using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>GRANT, REVOKE and ALTER DEFAULT PRIVILEGES.</summary>
internal sealed partial class Parser
{
    /// <summary>The words of ALTER DEFAULT PRIVILEGES … ON, and the kind of each.</summary>
    private static readonly Dictionary<Keyword, string> DefaultKinds = new()
    {
        [Keyword.Tables] = "tables", [Keyword.Sequences] = "sequences", [Keyword.Functions] = "functions", [Keyword.Routines] = "functions",
        [Keyword.Types] = "types", [Keyword.Schemas] = "schemas",
    };

    /// <summary>
    /// GRANT and REVOKE of roles, and of rights on what has rights here; rights on other objects are not part of the engine.
    /// </summary>
    private Statement Grant()
    {
        var start = _index;
        var isRevoke = Is(Keyword.Revoke);
        Advance();
        var isAdminOption = isRevoke && Is(Keyword.Admin) && NextIs(Keyword.Option);
        if (isAdminOption)
        {
            Skip(2);
            Expect(Keyword.For);
        }

        var isGrantOption = isRevoke && GrantOptionFor();
        if (isAdminOption || !HasWordBefore(Keyword.On, isRevoke ? Keyword.From : Keyword.To)) return GrantRole(isRevoke, isAdminOption);
        var privileges = Privileges();
        if (GrantedObjects() is not { } objects)
        {
            _index = start + 1;
            return SkipStatement(start, isRevoke ? "REVOKE" : "GRANT");
        }

        return Granted(objects.Kind, objects.Names, objects.Tables, privileges, isRevoke, isGrantOption, hasGrantor: true);
    }

    /// <summary>Behind ALTER.</summary>
    private AlterDefaultPrivilegesStatement AlterDefaultPrivileges(int start)
    {
        Skip(2);
        EquatableArray<string> roles = [], schemas = [];
        while (Is(Keyword.For) || Is(Keyword.In))
        {
            if (Accept(Keyword.In))
            {
                Expect(Keyword.Schema);
                schemas = CommaList(ColumnId);
                continue;
            }

            Advance();
            if (!Accept(Keyword.Role)) Expect(Keyword.User);
            roles = CommaList(Role);
        }

        var isRevoke = Is(Keyword.Revoke);
        if (!Accept(Keyword.Revoke)) Expect(Keyword.Grant);
        var isGrantOption = isRevoke && GrantOptionFor();
        var privileges = Privileges();
        Expect(Keyword.On);
        if (!DefaultKinds.TryGetValue(Current.Keyword, out var kind)) throw SyntaxError();
        Advance();
        return new AlterDefaultPrivilegesStatement(roles, schemas,
            Granted(kind, [], [], privileges, isRevoke, isGrantOption, hasGrantor: false)) { Span = SpanFrom(start) };
    }

    private bool GrantOptionFor()
    {
        if (!Is(Keyword.Grant) || !NextIs(Keyword.Option)) return false;
        Skip(2);
        Expect(Keyword.For);
        return true;
    }

    /// <summary>From TO or FROM on.</summary>
    private GrantStatement Granted(
        string kind, EquatableArray<string> names, EquatableArray<QualifiedName> tables, EquatableArray<GrantedPrivilege> privileges,
        bool isRevoke, bool isOption, bool hasGrantor)
    {
        Expect(isRevoke ? Keyword.From : Keyword.To);
        var grantees = CommaList(Grantee);
        if (!isRevoke && Accept(Keyword.With))
        {
            Expect(Keyword.Grant, Keyword.Option);
            isOption = true;
        }

        var grantor = hasGrantor ? Grantor() : null;
        return new GrantStatement(kind, names, privileges, grantees, isRevoke, isOption)
            { Tables = tables, Grantor = grantor, IsCascade = isRevoke && Behaviour() };
    }

    private string Grantee()
    {
        Accept(Keyword.Group);
        return Role();
    }

    private EquatableArray<GrantedPrivilege> Privileges()
    {
        if (!Is(Keyword.All))
            return CommaList(() =>
                Privilege(Current.Keyword is Keyword.Select or Keyword.References or Keyword.Create ? Advance().Text! : ColumnId()));
        Advance();
        Accept(Keyword.Privileges);
        return [Privilege(null)];
    }

    private GrantedPrivilege Privilege(string? name) => new(name, Is('(') ? ColumnIdList() : []);

    /// <summary>Behind the privileges; null for a kind whose objects have no rights here.</summary>
    private (string Kind, EquatableArray<string> Names, EquatableArray<QualifiedName> Tables)? GrantedObjects()
    {
        if (!Accept(Keyword.On)) return null;
        if (Accept(Keyword.Database)) return ("database", CommaList(ColumnId), []);
        if (Accept(Keyword.Schema)) return ("schema", CommaList(ColumnId), []);
        if (Accept(Keyword.Foreign))
        {
            if (Accept(Keyword.Server)) return ("foreign server", CommaList(ColumnId), []);
            Expect(Keyword.Data, Keyword.Wrapper);
            return ("foreign data wrapper", CommaList(ColumnId), []);
        }

        if (Accept(Keyword.All))
        {
            var isSequences = Accept(Keyword.Sequences);
            if (!isSequences && !Accept(Keyword.Tables)) return null;
            Expect(Keyword.In, Keyword.Schema);
            return (isSequences ? "all sequences in schema" : "all tables in schema", CommaList(ColumnId), []);
        }

        if (Is(Keyword.Sequence) && !NextIs(',') && !NextIs('.') && !NextIs(Keyword.To) && !NextIs(Keyword.From))
        {
            Advance();
            return ("sequence", [], CommaList(RelationName));
        }

        if (Accept(Keyword.Table)) return ("table", [], CommaList(RelationName));

        // A word for another kind of object, and its name behind it.
        if (!NextIs(',') && !NextIs('.') && !NextIs(Keyword.To) && !NextIs(Keyword.From)) return null;
        return ("table", [], CommaList(RelationName));
    }
}
