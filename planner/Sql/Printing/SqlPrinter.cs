using System.Diagnostics;
using System.Text;
using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>
/// Writes a syntax tree as SQL that parses back to an equal tree, spans aside. Forms that the grammar turned into calls are written as
/// calls; names are quoted wherever a keyword or a capital could change their meaning. What an <see cref="UnsupportedStatement"/> said is
/// not in the tree, so its command is all that is written.
/// </summary>
public static class SqlPrinter
{
    public static string Print(SyntaxNode node)
    {
        var writer = new SqlWriter();
        writer.Node(node);
        return writer.ToString();
    }

    /// <summary>A name as it must be written to be read back unchanged.</summary>
    public static string QuoteIdentifier(string name) => IsPlain(name) && Keywords.Find(name) == Keyword.NotKeyword ? name : Quoted(name);

    /// <summary>A name as PostgreSQL's quote_ident prints it: words that are keywords but not reserved stand bare.</summary>
    public static string QuoteReserved(string name) =>
        IsPlain(name) && Keywords.Find(name) is var word
            && (word == Keyword.NotKeyword || Keywords.CategoryOf(word) == KeywordCategory.Unreserved) ? name : Quoted(name);

    private static bool IsPlain(string name) =>
        name.Length > 0 && (name[0] is >= 'a' and <= 'z' or '_') && !name.AsSpan().ContainsAnyExcept(PlainCharacters);

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A string constant; only quotes need doubling, because standard_conforming_strings is on.</summary>
    public static string QuoteLiteral(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

    private static readonly System.Buffers.SearchValues<char> PlainCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_$");
}

/// <summary>The text under construction, and the helpers that every part of the printer uses.</summary>
internal sealed partial class SqlWriter
{
    private readonly StringBuilder _text = new();

    public override string ToString() => _text.ToString();

    public void Node(SyntaxNode node)
    {
        switch (node)
        {
            case Statement statement:
                Statement(statement);
                break;
            case Query query:
                Query(query);
                break;
            case QueryBody body:
                Body(body);
                break;
            case Expression expression:
                Expression(expression);
                break;
            case TypeName type:
                Type(type);
                break;
            case QualifiedName name:
                Name(name);
                break;
            case TableReference table:
                Table(table);
                break;
            case SortItem sort:
                Sort(sort);
                break;
            case WindowDefinition window:
                Window(window);
                break;
            default:
                throw new UnreachableException(node.GetType().Name);
        }
    }

    private void Write(string text) => _text.Append(text);

    private void Identifier(string name) => Write(SqlPrinter.QuoteIdentifier(name));

    private void Literal(string value) => Write(SqlPrinter.QuoteLiteral(value));

    private void Name(QualifiedName name) => Names(name.Parts, ".");

    private void Names(EquatableArray<string> names, string separator = ", ")
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (i > 0) Write(separator);
            Identifier(names[i]);
        }
    }

    private void List<T>(EquatableArray<T> items, Action<T> write, string separator = ", ")
    {
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) Write(separator);
            write(items[i]);
        }
    }

    private void Parenthesised<T>(EquatableArray<T> items, Action<T> write)
    {
        Write("(");
        List(items, write);
        Write(")");
    }

    private void ParenthesisedNames(EquatableArray<string> names)
    {
        Write("(");
        Names(names);
        Write(")");
    }
}
