using System.Globalization;
using System.Text;
using Federation.Core.Errors;

namespace Federation.Worker.Functions.Json;

/// <summary>The operators of jsonb.</summary>
internal static class JsonOperations
{
    /// <summary>btree order of jsonb: null, strings, numbers, booleans, arrays, objects; larger containers after smaller ones.</summary>
    public static int Compare(JsonTree left, JsonTree right)
    {
        // A lone scalar is kept as an array of one, marked; hence its place among arrays.
        if (left.IsScalar && right is JsonTree.Array array) return array.Items.Count == 0 ? 1 : -1;
        if (left is JsonTree.Array && right.IsScalar) return -Compare(right, left);
        return CompareItems(left, right);
    }

    public static bool Contains(JsonTree left, JsonTree right)
    {
        if (left is JsonTree.Array array && right.IsScalar) return array.Items.Any(item => item.IsScalar && CompareItems(item, right) == 0);
        return ContainsItem(left, right);
    }

    public static bool Exists(JsonTree tree, string key) => tree switch
    {
        JsonTree.Object members => members.Find(key) is not null,
        JsonTree.Array array => array.Items.Any(item => item is JsonTree.Text text && text.Value == key),
        JsonTree.Text text => text.Value == key,
        _ => false,
    };

    public static JsonTree Concat(JsonTree left, JsonTree right)
    {
        if (left is JsonTree.Object first && right is JsonTree.Object second)
            return new JsonTree.Object(first.Members.Concat(second.Members));
        return new JsonTree.Array([.. ItemsOf(left), .. ItemsOf(right)]);

        static IReadOnlyList<JsonTree> ItemsOf(JsonTree tree) => tree is JsonTree.Array array ? array.Items : [tree];
    }

    public static JsonTree DeleteKeys(JsonTree tree, IReadOnlyCollection<string?> keys) => tree switch
    {
        JsonTree.Object members => new JsonTree.Object(members.Members.Where(member => !keys.Contains(member.Key))),
        JsonTree.Array array =>
            new JsonTree.Array([.. array.Items.Where(item => item is not JsonTree.Text text || !keys.Contains(text.Value))]),
        _ => throw Invalid("cannot delete from scalar"),
    };

    public static JsonTree DeleteIndex(JsonTree tree, int index)
    {
        if (tree is JsonTree.Object) throw Invalid("cannot delete from object using integer index");
        if (tree is not JsonTree.Array array) throw Invalid("cannot delete from scalar");
        var position = index < 0 ? index + array.Items.Count : index;
        return position < 0 || position >= array.Items.Count ? tree : new JsonTree.Array([.. array.Items.Where((_, i) => i != position)]);
    }

    public static JsonTree? Index(JsonTree tree, int index)
    {
        // A lone scalar is kept as an array of one.
        if (tree.IsScalar) return index is 0 or -1 ? tree : null;
        if (tree is not JsonTree.Array array) return null;
        var position = index < 0 ? index + array.Items.Count : index;
        return position < 0 || position >= array.Items.Count ? null : array.Items[position];
    }

    public static JsonTree? Path(JsonTree tree, string?[] path)
    {
        JsonTree? current = tree;
        foreach (var step in path)
        {
            if (step is null) return null;
            current = current switch
            {
                JsonTree.Object members => members.Find(step),
                JsonTree.Array => TryParseIndex(step, out var index) ? Index(current, index) : null,
                _ => null,
            };
            if (current is null) return null;
        }

        return current;
    }

    public static JsonTree DeletePath(JsonTree tree, string?[] path)
    {
        if (tree.IsScalar) throw Invalid("cannot delete path in scalar");
        return path.Length == 0 || IsEmpty(tree) ? tree : Change(tree, path, 0, PathChange.Delete, null);
    }

    public static JsonTree Set(JsonTree tree, string?[] path, JsonTree value, bool create)
    {
        if (tree.IsScalar) throw Invalid("cannot set path in scalar");
        return path.Length == 0 || (IsEmpty(tree) && !create)
            ? tree
            : Change(tree, path, 0, create ? PathChange.Create : PathChange.Replace, value);
    }

    public static JsonTree Insert(JsonTree tree, string?[] path, JsonTree value, bool after)
    {
        if (tree.IsScalar) throw Invalid("cannot set path in scalar");
        return path.Length == 0 ? tree : Change(tree, path, 0, after ? PathChange.InsertAfter : PathChange.InsertBefore, value);
    }

    public static bool TryParseIndex(string text, out int index) =>
        int.TryParse(text.AsSpan().Trim(" \t\n\r\v\f"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out index);

    public static SqlException Invalid(string message) => new(SqlState.InvalidParameterValue, message);

    private static bool IsEmpty(JsonTree tree) => tree is JsonTree.Array { Items.Count: 0 } or JsonTree.Object { Members.Count: 0 };

    private enum PathChange
    {
        Replace,
        Create,
        InsertBefore,
        InsertAfter,
        Delete,
    }

    private static JsonTree Change(JsonTree tree, string?[] path, int level, PathChange change, JsonTree? value)
    {
        var step = path[level] ?? throw new SqlException(SqlState.NullValueNotAllowed, $"path element at position {level + 1} is null");
        var isLast = level == path.Length - 1;
        switch (tree)
        {
            case JsonTree.Object members:
            {
                var found = members.Find(step);
                if (!isLast)
                    return found is null ? tree : With(members, step, Change(found, path, level + 1, change, value));
                if (change == PathChange.Delete) return DeleteKeys(tree, [step]);
                if (change == PathChange.Replace) return found is null ? tree : With(members, step, value!);
                if (found is not null && change is PathChange.InsertBefore or PathChange.InsertAfter && found is not null)
                    throw Invalid("cannot replace existing key").WithHint("Try using the function jsonb_set to replace key value.");
                return With(members, step, value!);
            }

            case JsonTree.Array array:
            {
                if (!TryParseIndex(step, out var index))
                    throw new SqlException(SqlState.InvalidTextRepresentation,
                        $"path element at position {level + 1} is not an integer: \"{step}\"");
                return ChangeItem(array, index, path, level, change, value);
            }

            default: return tree;
        }
    }

    private static JsonTree ChangeItem(JsonTree.Array array, int index, string?[] path, int level, PathChange change, JsonTree? value)
    {
        var count = array.Items.Count;
        var position = index < 0 ? index + count : index;
        var exists = position >= 0 && position < count;
        var items = array.Items.ToList();
        if (level < path.Length - 1)
        {
            if (!exists) return array;
            items[position] = Change(items[position], path, level + 1, change, value);
            return new JsonTree.Array(items);
        }

        switch (change)
        {
            case PathChange.Delete when exists: items.RemoveAt(position); break;
            case PathChange.Replace or PathChange.Create when exists: items[position] = value!; break;
            case PathChange.InsertBefore when exists: items.Insert(position, value!); break;
            case PathChange.InsertAfter when exists: items.Insert(position + 1, value!); break;
            case PathChange.Create or PathChange.InsertBefore or PathChange.InsertAfter: items.Insert(position < 0 ? 0 : count, value!);
            break;
            default: return array;
        }

        return new JsonTree.Array(items);
    }

    private static JsonTree.Object With(JsonTree.Object members, string key, JsonTree value) =>
        new(members.Members.Append(KeyValuePair.Create(key, value)));

    private static bool ContainsItem(JsonTree left, JsonTree right)
    {
        switch (left, right)
        {
            case (JsonTree.Object a, JsonTree.Object b):
                return b.Members.All(member => a.Find(member.Key) is { } value && ContainsItem(value, member.Value));
            case (JsonTree.Array a, JsonTree.Array b):
                return b.Items.All(item => a.Items.Any(candidate => candidate.IsScalar == item.IsScalar && ContainsItem(candidate, item)));
            default: return left.IsScalar && right.IsScalar && CompareItems(left, right) == 0;
        }
    }

    private static int CompareItems(JsonTree left, JsonTree right)
    {
        if (Rank(left) != Rank(right)) return Rank(left).CompareTo(Rank(right));
        switch (left, right)
        {
            case (JsonTree.Bool a, JsonTree.Bool b): return a.Value.CompareTo(b.Value);
            case (JsonTree.Number a, JsonTree.Number b): return a.Value.CompareTo(b.Value);
            case (JsonTree.Text a, JsonTree.Text b): return CompareBytes(a.Value, b.Value);
            case (JsonTree.Array a, JsonTree.Array b):
                if (a.Items.Count != b.Items.Count) return a.Items.Count.CompareTo(b.Items.Count);
                for (var i = 0; i < a.Items.Count; i++)
                    if (CompareItems(a.Items[i], b.Items[i]) is not 0 and var order)
                        return order;
                return 0;
            case (JsonTree.Object a, JsonTree.Object b):
                if (a.Members.Count != b.Members.Count) return a.Members.Count.CompareTo(b.Members.Count);
                for (var i = 0; i < a.Members.Count; i++)
                {
                    if (CompareBytes(a.Members[i].Key, b.Members[i].Key) is not 0 and var keys) return keys;
                    if (CompareItems(a.Members[i].Value, b.Members[i].Value) is not 0 and var values) return values;
                }

                return 0;
            default: return 0;
        }
    }

    private static int Rank(JsonTree tree) => tree switch
    {
        JsonTree.Null => 0,
        JsonTree.Text => 1,
        JsonTree.Number => 2,
        JsonTree.Bool => 3,
        JsonTree.Array => 4,
        _ => 5,
    };

    private static int CompareBytes(string left, string right) =>
        Math.Sign(Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right)));
}
