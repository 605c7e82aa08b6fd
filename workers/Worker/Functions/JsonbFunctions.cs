using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;
using Federation.Worker.Functions.Json;

namespace Federation.Worker.Functions;

/// <summary>jsonb, which travels in its normal text form.</summary>
internal static class JsonbFunctions
{
    private static readonly SqlType s_text = SqlType.Text;
    private static readonly SqlType s_texts = SqlType.Array(SqlType.Text);

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_jsonb_in", [s_text], s_text, static (ref FunctionRow row) => row.Set(Tree(ref row, 0).ToString())),
        new("pg_jsonb_get", [s_text, s_text], s_text,
            static (ref FunctionRow row) => Set(ref row, (Tree(ref row, 0) as JsonTree.Object)?.Find(row.GetText(1)))),
        new("pg_jsonb_get_text", [s_text, s_text], s_text, static (ref FunctionRow row) =>
            SetPlain(ref row, (Tree(ref row, 0) as JsonTree.Object)?.Find(row.GetText(1)))),
        new("pg_jsonb_get_index", [s_text, SqlType.Int4], s_text,
            static (ref FunctionRow row) => Set(ref row, JsonOperations.Index(Tree(ref row, 0), row.GetInt32(1)))),
        new("pg_jsonb_get_index_text", [s_text, SqlType.Int4], s_text, static (ref FunctionRow row) =>
            SetPlain(ref row, JsonOperations.Index(Tree(ref row, 0), row.GetInt32(1)))),
        new("pg_jsonb_path", [s_text, s_texts], s_text,
            static (ref FunctionRow row) => Set(ref row, JsonOperations.Path(Tree(ref row, 0), row.GetTexts(1)))),
        new("pg_jsonb_path_text", [s_text, s_texts], s_text, static (ref FunctionRow row) =>
            SetPlain(ref row, JsonOperations.Path(Tree(ref row, 0), row.GetTexts(1)))),
        new("pg_jsonb_contains", [s_text, s_text], SqlType.Bool,
            static (ref FunctionRow row) => row.Set(JsonOperations.Contains(Tree(ref row, 0), Tree(ref row, 1)))),
        new("pg_jsonb_exists", [s_text, s_text], SqlType.Bool,
            static (ref FunctionRow row) => row.Set(JsonOperations.Exists(Tree(ref row, 0), row.GetText(1)))),
        new("pg_jsonb_exists_any", [s_text, s_texts], SqlType.Bool, static (ref FunctionRow row) =>
        {
            var tree = Tree(ref row, 0);
            row.Set(row.GetTexts(1).Any(key => key is not null && JsonOperations.Exists(tree, key)));
        }),
        new("pg_jsonb_exists_all", [s_text, s_texts], SqlType.Bool, static (ref FunctionRow row) =>
        {
            var tree = Tree(ref row, 0);
            row.Set(row.GetTexts(1).All(key => key is null || JsonOperations.Exists(tree, key)));
        }),
        new("pg_jsonb_concat", [s_text, s_text], s_text,
            static (ref FunctionRow row) => Set(ref row, JsonOperations.Concat(Tree(ref row, 0), Tree(ref row, 1)))),
        new("pg_jsonb_delete_key", [s_text, s_text], s_text,
            static (ref FunctionRow row) => Set(ref row, JsonOperations.DeleteKeys(Tree(ref row, 0), [row.GetText(1)]))),
        new("pg_jsonb_delete_keys", [s_text, s_texts], s_text,
            static (ref FunctionRow row) => Set(ref row, JsonOperations.DeleteKeys(Tree(ref row, 0), row.GetTexts(1)))),
        new("pg_jsonb_delete_index", [s_text, SqlType.Int4], s_text, static (ref FunctionRow row) =>
            Set(ref row, JsonOperations.DeleteIndex(Tree(ref row, 0), row.GetInt32(1)))),
        new("pg_jsonb_delete_path", [s_text, s_texts], s_text,
            static (ref FunctionRow row) => Set(ref row, JsonOperations.DeletePath(Tree(ref row, 0), row.GetTexts(1)))),
        new("pg_jsonb_set", [s_text, s_texts, s_text, SqlType.Bool], s_text, static (ref FunctionRow row) =>
            Set(ref row, JsonOperations.Set(Tree(ref row, 0), row.GetTexts(1), Tree(ref row, 2), row.GetBoolean(3)))),
        new("pg_jsonb_insert", [s_text, s_texts, s_text, SqlType.Bool], s_text, static (ref FunctionRow row) =>
            Set(ref row, JsonOperations.Insert(Tree(ref row, 0), row.GetTexts(1), Tree(ref row, 2), row.GetBoolean(3)))),
        new("pg_jsonb_eq", [s_text, s_text], SqlType.Bool,
            static (ref FunctionRow row) => row.Set(JsonOperations.Compare(Tree(ref row, 0), Tree(ref row, 1)) == 0)),
        new("pg_jsonb_cmp", [s_text, s_text], SqlType.Int4,
            static (ref FunctionRow row) => row.Set(JsonOperations.Compare(Tree(ref row, 0), Tree(ref row, 1)))),
        new("pg_jsonb_key", [s_text], SqlType.Bytea, static (ref FunctionRow row) => row.Set(JsonSortKey.Of(Tree(ref row, 0)).AsSpan())),
        new("pg_jsonb_typeof", [s_text], s_text, static (ref FunctionRow row) => row.Set(Tree(ref row, 0).TypeName)),
        new("pg_jsonb_array_length", [s_text], SqlType.Int4, static (ref FunctionRow row) => row.Set(Tree(ref row, 0) switch
        {
            JsonTree.Array array => array.Items.Count,
            JsonTree.Object => throw JsonOperations.Invalid("cannot get array length of a non-array"),
            _ => throw JsonOperations.Invalid("cannot get array length of a scalar"),
        })),
        new("pg_jsonb_strip_nulls", [s_text], s_text, static (ref FunctionRow row) => Set(ref row, Tree(ref row, 0).WithoutNulls())),
        new("pg_jsonb_pretty", [s_text], s_text, static (ref FunctionRow row) => row.Set(Tree(ref row, 0).ToPrettyText())),
        new("pg_jsonb_object_keys", [s_text], s_texts, static (ref FunctionRow row) =>
            row.Set(Members(ref row, "jsonb_object_keys").Select(member => member.Key).ToArray().AsSpan())),
        new("pg_jsonb_each_values", [s_text], s_texts, static (ref FunctionRow row) =>
            row.Set(EachMember(ref row, "jsonb_each").Select(member => member.Value.ToString()).ToArray().AsSpan())),
        new("pg_jsonb_each_keys", [s_text], s_texts, static (ref FunctionRow row) =>
            row.Set(EachMember(ref row, "jsonb_each").Select(member => member.Key).ToArray().AsSpan())),
        new("pg_jsonb_each_values_text", [s_text], s_texts, static (ref FunctionRow row) =>
            row.Set(EachMember(ref row, "jsonb_each_text").Select(member => member.Value.ToPlainText()).ToArray().AsSpan())),
        new("pg_jsonb_array_elements", [s_text], s_texts,
            static (ref FunctionRow row) => row.Set(Items(ref row).Select(item => item.ToString()).ToArray().AsSpan())),
        new("pg_jsonb_array_elements_text", [s_text], s_texts, static (ref FunctionRow row) =>
            row.Set(Items(ref row).Select(item => item.ToPlainText()).ToArray().AsSpan())),
    ];

    private static JsonTree Tree(ref FunctionRow row, int argument) => JsonTree.Parse(row.GetBytes(argument));

    private static void Set(ref FunctionRow row, JsonTree? tree) => row.SetOrNull(tree?.ToString());

    private static void SetPlain(ref FunctionRow row, JsonTree? tree) => row.SetOrNull(tree?.ToPlainText());

    private static IReadOnlyList<KeyValuePair<string, JsonTree>> Members(ref FunctionRow row, string function) => Tree(ref row, 0) switch
    {
        JsonTree.Object members => members.Members,
        JsonTree.Array => throw JsonOperations.Invalid($"cannot call {function} on an array"),
        _ => throw JsonOperations.Invalid($"cannot call {function} on a scalar"),
    };

    private static IReadOnlyList<KeyValuePair<string, JsonTree>> EachMember(ref FunctionRow row, string function) =>
        Tree(ref row, 0) is JsonTree.Object members
            ? members.Members
            : throw JsonOperations.Invalid($"cannot call {function} on a non-object");

    private static IReadOnlyList<JsonTree> Items(ref FunctionRow row) => Tree(ref row, 0) switch
    {
        JsonTree.Array array => array.Items,
        JsonTree.Object => throw JsonOperations.Invalid("cannot extract elements from an object"),
        _ => throw JsonOperations.Invalid("cannot extract elements from a scalar"),
    };
}
