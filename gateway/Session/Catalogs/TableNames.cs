using Federation.Sql.Syntax;

namespace Federation.Session.Catalogs;

/// <summary>
/// Finds the tables that a statement names, so that they can be loaded before binding, which does no I/O. Names of common table expressions are among them; looking those up is harmless.
/// </summary>
internal static class TableNames
{
    public static IReadOnlyList<TableName> Of(SyntaxNode node)
    {
        var found = new List<TableName>();
        Collect(node, found);
        return found;
    }

    private static void Collect(SyntaxNode node, List<TableName> found)
    {
        if (node is TableName table) found.Add(table);
        foreach (var child in SyntaxTree.Children(node)) Collect(child, found);
    }
}
