using System.Text;
using Federation.Catalog;
using Federation.Sql;
using Federation.Sql.Printing;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// The text of a view's query: as it was written, with every relation by its full name and every star spelled out, so that it means the
/// same in every session and later on. Pure.
/// </summary>
internal static class ViewTexts
{
    public static Query Parse(string text) => ((SelectStatement)SqlParser.Parse(text)[0].Statement).Query;

    /// <summary>A text with some of its parts replaced.</summary>
    /// <param name="text">The text that the spans are of.</param>
    /// <param name="whole">What of it is wanted.</param>
    public static string Replaced(string text, SourceSpan whole, IEnumerable<(SourceSpan Span, string Text)> parts)
    {
        var result = new StringBuilder();
        var from = whole.Start;
        foreach (var (span, part) in parts.OrderBy(part => part.Span.Start))
        {
            result.Append(text, from, span.Start - from).Append(part);
            from = span.End;
        }

        return result.Append(text, from, whole.End - from).ToString();
    }

    /// <summary>How a view's text names a relation: with the server in front if it has one.</summary>
    public static string NameOf(string server, string schema, string name) =>
        (server.Length > 0 ? SqlPrinter.QuoteReserved(server) + "." : "")
            + $"{SqlPrinter.QuoteReserved(schema)}.{SqlPrinter.QuoteReserved(name)}";

    /// <summary>A name in a view's text is that of the source.</summary>
    public static bool Names(TableName table, ViewSource source) => table.Name.Parts switch
    {
        [var schema, var name] => source.Server.Length == 0 && source.Schema == schema && source.Name == name,
        [var server, var schema, var name] => source.Server == server && source.Schema == schema && source.Name == name,
        _ => false,
    };

    /// <summary>A view after a relation that it reads got another name.</summary>
    public static ViewEntry Moved(ViewEntry view, RelationEntry relation, string schema, string name)
    {
        var source = view.Sources.First(source => source.Relation == relation.Oid);
        var query = Parse(view.Query);
        var parts = TableNames(query).Where(table => Names(table, source))
            .Select(table => (table.Name.Span, NameOf("", schema, name) + AliasFor(table, name)));
        return view with
        {
            Query = Replaced(view.Query, new SourceSpan(0, view.Query.Length), parts),
            Sources = view.Sources.Select(item => item.Relation == relation.Oid ? item with { Schema = schema, Name = name } : item)
                .ToEquatableArray(),
        };
    }

    /// <summary>
    /// The text of a view as it means the same anywhere: where columns of what it reads were renamed since, they get the names that it
    /// knows.
    /// </summary>
    public static string Restorable(ViewEntry view)
    {
        if (view.Sources.All(source => source.Present.Count == 0)) return view.Query;
        var parts = new List<(SourceSpan, string)>();
        foreach (var table in TableNames(Parse(view.Query)))
        {
            if (view.Sources.FirstOrDefault(source => Names(table, source)) is not { Present.Count: > 0 } source) continue;
            var known = source.Present.Zip(source.Columns).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
            var columns = source.Used.Select(column => (Column: column, Known: known[column])).ToArray();
            if (columns.All(item => item.Column == item.Known)) continue;
            var list = string.Join(", ", columns.Select(item => SqlPrinter.QuoteReserved(item.Column)
                + (item.Column == item.Known ? "" : $" AS {SqlPrinter.QuoteReserved(item.Known)}")));
            var alias = table.Alias?.Name is null ? $" AS {SqlPrinter.QuoteReserved(table.Name.Name)}" : "";
            parts.Add((table.Name.Span, $"(SELECT {list} FROM {NameOf(source.Server, source.Schema, source.Name)}){alias}"));
        }

        return Replaced(view.Query, new SourceSpan(0, view.Query.Length), parts);
    }

    public static IReadOnlyList<TableName> TableNames(SyntaxNode node)
    {
        var found = new List<TableName>();
        SyntaxTree.Find(node, item =>
        {
            if (item is TableName table) found.Add(table);
            return false;
        });
        return found;
    }

    /// <summary>Columns are qualified by the name that the query was written with.</summary>
    private static string AliasFor(TableName table, string newName) =>
        table.Alias?.Name is null && table.Name.Name != newName ? $" AS {SqlPrinter.QuoteReserved(table.Name.Name)}" : "";
}
