using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using Federation.Sql.Syntax;

namespace Federation.Session.Catalogs;

/// <summary>
/// Finds the tables that a statement names, so that they can be loaded before binding, which does no I/O. Names of common table expressions are among them; looking those up is harmless.
/// </summary>
internal static class TableNames
{
    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> s_children = new();

    public static IReadOnlyList<TableName> Of(SyntaxNode node)
    {
        var found = new List<TableName>();
        Collect(node, found);
        return found;
    }

    private static void Collect(object? item, List<TableName> found)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (item)
        {
            case null or string: return;
            case SyntaxNode node:
                if (node is TableName table) found.Add(table);
                foreach (var property in s_children.GetOrAdd(node.GetType(), ChildProperties)) Collect(property.GetValue(node), found);
                return;
            case IEnumerable items:
                foreach (var child in items) Collect(child, found);
                return;
        }
    }

    private static PropertyInfo[] ChildProperties(Type type) => type.GetProperties().Where(property => IsTree(property.PropertyType)).ToArray();

    private static bool IsTree(Type type) =>
        typeof(SyntaxNode).IsAssignableFrom(type)
        || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(EquatableArray<>) && IsTree(type.GetGenericArguments()[0]));
}
