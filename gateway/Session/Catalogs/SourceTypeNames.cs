using Federation.Planner.Binding;
using Federation.Sql.Syntax;

namespace Federation.Session.Catalogs;

/// <summary>Finds the names of types in a statement that PostgreSQL itself does not have: an attached server may.</summary>
internal static class SourceTypeNames
{
    public static IReadOnlyCollection<QualifiedName> Of(SyntaxNode node)
    {
        HashSet<QualifiedName>? found = null;
        Collect(node, ref found);
        return found ?? (IReadOnlyCollection<QualifiedName>)[];
    }

    private static void Collect(SyntaxNode node, ref HashSet<QualifiedName>? found)
    {
        if (node is TypeName type && !TypeNames.IsKnown(type.Name)) (found ??= []).Add(type.Name);
        foreach (var child in SyntaxTree.Children(node)) Collect(child, ref found);
    }
}
