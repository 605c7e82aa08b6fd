using System.Collections;
using System.Reflection;
using Federation.Sql.Syntax;

namespace Federation.Sql.Tests;

/// <summary>Compares syntax trees by everything but their spans.</summary>
internal static class TreeComparer
{
    public static bool AreEqual(object? left, object? right)
    {
        if (left is null || right is null) return left is null && right is null;
        if (left.GetType() != right.GetType()) return false;
        if (left is string || left.GetType().IsPrimitive || left.GetType().IsEnum) return left.Equals(right);
        if (left is IEnumerable items)
        {
            var comparer = EqualityComparer<object?>.Create(AreEqual);
            return items.Cast<object?>().SequenceEqual(((IEnumerable)right).Cast<object?>(), comparer);
        }

        return Properties(left).All(property => AreEqual(property.GetValue(left), property.GetValue(right)));
    }

    public static bool Contains<T>(object? tree) => tree switch
    {
        null or string => false,
        T => true,
        IEnumerable items => items.Cast<object?>().Any(Contains<T>),
        SyntaxNode => Properties(tree).Any(property => Contains<T>(property.GetValue(tree))),
        _ => false,
    };

    private static IEnumerable<PropertyInfo> Properties(object node) =>
        node.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.PropertyType != typeof(SourceSpan) && property.GetIndexParameters().Length == 0);
}
