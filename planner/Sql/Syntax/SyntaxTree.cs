using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using Federation.Core.Execution;

namespace Federation.Sql.Syntax;

/// <summary>Generic traversal of syntax trees.</summary>
public static class SyntaxTree
{
    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> s_children = new();

    /// <summary>The nodes directly below a node, in the order of its properties.</summary>
    public static IEnumerable<SyntaxNode> Children(SyntaxNode node)
    {
        StatementGuard.EnterLevel();
        return s_children.GetOrAdd(node.GetType(), ChildProperties).SelectMany(property => Nodes(property.GetValue(node)));
    }

    /// <summary>The first node, outermost first, of which something is true; null when there is none.</summary>
    public static SyntaxNode? Find(SyntaxNode node, Predicate<SyntaxNode> isWanted) =>
        isWanted(node) ? node : Children(node).Select(child => Find(child, isWanted)).FirstOrDefault(found => found is not null);

    private static IEnumerable<SyntaxNode> Nodes(object? value) => value switch
    {
        SyntaxNode node => [node],
        string or null => [],
        IEnumerable items => items.Cast<object?>().SelectMany(Nodes),
        _ => [],
    };

    private static PropertyInfo[] ChildProperties(Type type) =>
        type.GetProperties().Where(property => IsTree(property.PropertyType)).ToArray();

    private static bool IsTree(Type type) =>
        typeof(SyntaxNode).IsAssignableFrom(type)
        || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(EquatableArray<>) && IsTree(type.GetGenericArguments()[0]));
}
