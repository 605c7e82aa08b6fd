using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>The classes of names: which keywords each place lets stand as an identifier.</summary>
internal sealed partial class Parser
{
    private static bool IsName(Token token, params ReadOnlySpan<KeywordCategory> categories) =>
        token.Kind == TokenKind.Identifier
        || (token.Kind == TokenKind.Keyword && categories.Contains(Keywords.CategoryOf(token.Keyword)));

    /// <summary>A column, table or other object: any word but reserved ones and those of types and functions.</summary>
    private static bool IsColumnId(Token token) => IsName(token, KeywordCategory.Unreserved, KeywordCategory.ColumnName);

    private static bool IsTypeOrFunctionName(Token token) => IsName(token, KeywordCategory.Unreserved, KeywordCategory.TypeOrFunctionName);

    private static bool IsNonReservedWord(Token token) =>
        token.Kind == TokenKind.Identifier
        || (token.Kind == TokenKind.Keyword && Keywords.CategoryOf(token.Keyword) != KeywordCategory.Reserved);

    /// <summary>Any word at all: after AS, and after a point.</summary>
    private static bool IsColumnLabel(Token token) => token.Kind is TokenKind.Identifier or TokenKind.Keyword;

    private static bool IsBareLabel(Token token) =>
        token.Kind == TokenKind.Identifier || (token.Kind == TokenKind.Keyword && Keywords.IsBareLabel(token.Keyword));

    private string ColumnId() => IsColumnId(Current) ? Advance().Text! : throw SyntaxError();

    private string ColumnLabel() => IsColumnLabel(Current) ? Advance().Text! : throw SyntaxError();

    private string NonReservedWord() => IsNonReservedWord(Current) ? Advance().Text! : throw SyntaxError();

    private string StringConstant() => Expect(TokenKind.String).Text!;

    /// <summary>name, or name.name…: any_name of the grammar.</summary>
    private QualifiedName AnyName() => AnyName(isRelation: false);

    private QualifiedName AnyName(bool isRelation)
    {
        var start = _index;
        var parts = new List<string> { ColumnId() };
        while (Accept('.'))
        {
            // A star is read before it is refused, so that the error names what follows it.
            if (isRelation && Accept('*')) throw SyntaxError();
            parts.Add(ColumnLabel());
        }

        return new QualifiedName(parts.ToEquatableArray()) { Span = SpanFrom(start) };
    }

    /// <summary>The name of a relation: at most catalog.schema.name.</summary>
    private QualifiedName RelationName()
    {
        var name = AnyName(isRelation: true);
        if (Is('['))
        {
            // Like a star, a subscript is read before it is refused.
            Indirection(new NullLiteral());
            throw SyntaxError();
        }

        return name.Parts.Count > 3
            ? throw ErrorAt(name.Span, $"improper qualified name (too many dotted names): {name}")
            : name;
    }

    private QualifiedName FunctionName()
    {
        var start = _index;
        if (!NextIs('.') && IsTypeOrFunctionName(Current)) return SingleName(Advance());
        if (!NextIs('.') && IsColumnId(Current))
        {
            // A word such as EXTRACT names a function only behind a schema, so that the error is the missing point.
            Advance();
            throw SyntaxError();
        }

        var parts = new List<string> { ColumnId() };
        while (Accept('.')) parts.Add(ColumnLabel());
        return new QualifiedName(parts.ToEquatableArray()) { Span = SpanFrom(start) };
    }

    /// <summary>The error of a place where only a call may stand and its parentheses are missing.</summary>
    private SqlException MissingCall()
    {
        FunctionName();
        // A function's name is read with the subscripts of a column's before it is refused.
        if (Is('[')) Indirection(new NullLiteral());
        return SyntaxError();
    }

    private static QualifiedName SingleName(Token token) => new([token.Text!]) { Span = SpanOf(token) };

    private static QualifiedName SystemName(string name, SourceSpan span) => new(["pg_catalog", name]) { Span = span };

    private EquatableArray<string> ColumnIdList() => ParenthesisedList(ColumnId);
}
