using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>CREATE, ALTER and DROP of what the engine has, and the recognition of every other command by its first words.</summary>
internal sealed partial class Parser
{
    /// <summary>What CREATE, ALTER and DROP act on, longest spelling first; the words are the tag's.</summary>
    private static readonly (Keyword[] Words, string Kind)[] ObjectKinds =
    [
        .. new[]
        {
            "materialized view", "foreign data wrapper", "foreign table", "event trigger", "text search configuration",
            "text search dictionary", "text search parser", "text search template", "operator class", "operator family", "access method",
            "default privileges", "large object", "user mapping", "table", "view", "sequence", "index", "schema", "server", "function",
            "procedure", "routine", "aggregate", "trigger", "rule", "type", "domain", "cast", "collation", "conversion", "operator",
            "extension", "language", "role", "user", "group", "database", "tablespace", "policy", "publication", "subscription",
            "statistics", "transform", "system", "owned", "assertion",
        }.Select(kind => (kind.Split(' ').Select(word => Keywords.Find(word)).ToArray(), kind)),
    ];

    private Statement Create()
    {
        var start = _index;
        Advance();
        var isReplace = Accept(Keyword.Or);
        if (isReplace) Expect(Keyword.Replace);
        var first = _index;
        while (IsCreateModifier()) Advance();
        var isTemporary = _index > first && _tokens[_index - 1].Keyword is Keyword.Temp or Keyword.Temporary;
        var isPlain = _index == first || (isTemporary && !_tokens[first..(_index - 1)].Any(token =>
            token.Keyword is not (Keyword.Local or Keyword.Global)));
        switch (ObjectKind())
        {
            case "server":
                return CreateServer();
            case "user mapping":
                return CreateUserMapping();
            case "schema":
                return CreateSchema(start);
            case "role" or "user" or "group":
                return CreateRole(isUser: _tokens[_index - 1].Keyword == Keyword.User);
            case "table":
                return CreateTable(start, isTemporary);
            case "view" when isPlain:
                return CreateView(start, isReplace, isTemporary);
            case "index" when _index - first == 1 || (_index - first == 2 && _tokens[first].Keyword == Keyword.Unique):
                return CreateIndex(start, isUnique: _tokens[first].Keyword == Keyword.Unique);
            case "sequence" when isPlain:
                return CreateSequence(isTemporary);
            case var kind:
                return SkipStatement(start, "CREATE " + kind.ToUpperInvariant());
        }
    }

    private bool IsCreateModifier() => Current.Keyword switch
    {
        Keyword.Temp or Keyword.Temporary or Keyword.Local or Keyword.Global or Keyword.Unlogged or Keyword.Unique or Keyword.Recursive
            or Keyword.Trusted or Keyword.Procedural => true,
        Keyword.Constraint => NextIs(Keyword.Trigger),
        _ => false,
    };

    private Statement Alter()
    {
        var start = _index;
        Advance();
        if (Is(Keyword.Default) && NextIs(Keyword.Privileges)) return AlterDefaultPrivileges(start);
        switch (ObjectKind())
        {
            case "server":
                return AlterServer(start);
            case "user mapping":
                return AlterUserMapping();
            case "schema":
                return AlterSchema(start);
            case "role" or "user":
                return AlterRole(start);
            case "group":
                return AlterGroup();
            case "table":
                return AlterTable(start, DropKind.Table);
            case "view":
                return AlterTable(start, DropKind.View);
            case "sequence":
                return AlterSequence(start);
            case var kind:
                return SkipStatement(start, "ALTER " + kind.ToUpperInvariant());
        }
    }

    private Statement Drop()
    {
        var start = _index;
        Advance();
        if (Is(Keyword.Procedural)) Advance();
        switch (ObjectKind())
        {
            case "table":
                return DropObjects(DropKind.Table);
            case "view":
                return DropObjects(DropKind.View);
            case "sequence":
                return DropObjects(DropKind.Sequence);
            case "index":
                return DropIndexes();
            case "materialized view":
                return DropObjects(DropKind.MaterializedView);
            case "foreign table":
                return DropObjects(DropKind.ForeignTable);
            case "schema":
                return DropObjects(DropKind.Schema);
            case "server":
                return DropObjects(DropKind.Server);
            case "user mapping":
                return DropUserMapping();
            case "role" or "user" or "group":
                return DropRole();
            case var kind:
                return SkipStatement(start, "DROP " + kind.ToUpperInvariant());
        }
    }

    private string ObjectKind()
    {
        var matched = 0;
        foreach (var (words, kind) in ObjectKinds)
        {
            var length = 0;
            while (length < words.Length && Peek(length).Keyword == words[length]) length++;
            matched = Math.Max(matched, length);
            if (length < words.Length) continue;
            // A role can be called "mapping".
            if (kind == "user mapping" && Peek(2).Keyword is not (Keyword.For or Keyword.If)) continue;
            Skip(length);
            return kind;
        }

        Skip(matched);
        throw SyntaxError();
    }

    /// <summary>Whether AS stands outside parentheses in the rest of the statement.</summary>
    private bool HasTopLevelAs()
    {
        var depth = 0;
        for (var i = _index; i < _tokens.Length; i++)
        {
            if (IsCharacter(_tokens[i], '(')) depth++;
            else if (IsCharacter(_tokens[i], ')')) depth--;
            else if (depth == 0 && IsCharacter(_tokens[i], ';')) return false;
            else if (depth == 0 && _tokens[i].Keyword == Keyword.As) return true;
        }

        return false;
    }

    /// <summary>The commands that are one word and whatever follows.</summary>
    private Statement OtherCommand()
    {
        var start = _index;
        switch (Current.Keyword)
        {
            case Keyword.Vacuum or Keyword.Analyze or Keyword.Analyse:
                return Vacuum();
            case Keyword.Cluster or Keyword.Checkpoint:
                return SkipStatement(start, Advance().Text!.ToUpperInvariant(), mayEnd: true);
            case Keyword.Grant or Keyword.Revoke:
                return Grant();
            case Keyword.Comment:
                return Comment();
            case Keyword.Do or Keyword.Load or Keyword.Reindex:
                return SkipStatement(start, Advance().Text!.ToUpperInvariant());
            case Keyword.Security:
                Advance();
                Expect(Keyword.Label);
                return SkipStatement(start, "SECURITY LABEL");
            case Keyword.Import:
                Advance();
                Expect(Keyword.Foreign, Keyword.Schema);
                return SkipStatement(start, "IMPORT FOREIGN SCHEMA");
            case Keyword.Reassign:
                Advance();
                Expect(Keyword.Owned);
                return SkipStatement(start, "REASSIGN OWNED");
            case Keyword.Refresh:
                Advance();
                Expect(Keyword.Materialized, Keyword.View);
                return SkipStatement(start, "REFRESH MATERIALIZED VIEW");
            default:
                throw SyntaxError();
        }
    }

    /// <summary>
    /// Reads on to the end of a statement that is known by its first words only: the semicolon, or the parenthesis it stands in.
    /// Parentheses balance, and the body of BEGIN ATOMIC … END keeps its semicolons.
    /// </summary>
    private UnsupportedStatement SkipStatement(int start, string command, bool mayEnd = false)
    {
        if (!mayEnd && (AtEnd || Is(';') || Is(')'))) throw SyntaxError();
        var parentheses = 0;
        var blocks = 0;
        while (!AtEnd)
        {
            if (Is('('))
            {
                parentheses++;
            }
            else if (Is(')'))
            {
                if (parentheses == 0) break;
                parentheses--;
            }
            else if (Is(Keyword.Begin) && NextIs(Keyword.Atomic))
            {
                blocks++;
            }
            else if (blocks > 0 && (Is(Keyword.Case) || Is(Keyword.End)))
            {
                blocks += Is(Keyword.Case) ? 1 : -1;
            }
            else if (Is(';') && parentheses == 0 && blocks == 0)
            {
                break;
            }

            Advance();
        }

        if (parentheses > 0 || blocks > 0) throw SyntaxError();
        return new UnsupportedStatement(command) { Span = SpanFrom(start) };
    }
}
