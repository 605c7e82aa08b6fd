using Federation.Core.Types;
using Federation.Core.Values;
using Federation.Plan;
using Federation.Planner.Functions;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>Objects by every name that finds them: with their schema, and without it where the search path leads to them first.</summary>
internal static class NameRows
{
    /// <summary>SQL's own names of types that the catalog calls otherwise.</summary>
    private static readonly (string Name, string Type)[] s_spellings =
    [
        ("int", "int4"), ("integer", "int4"), ("smallint", "int2"), ("bigint", "int8"), ("real", "float4"), ("float", "float8"),
        ("double precision", "float8"), ("decimal", "numeric"), ("dec", "numeric"),
        ("boolean", "bool"), ("character varying", "varchar"), ("char varying", "varchar"), ("national character varying", "varchar"),
        ("character", "bpchar"), ("nchar", "bpchar"),
        ("national character", "bpchar"), ("bit varying", "varbit"), ("timestamp without time zone", "timestamp"),
        ("timestamp with time zone", "timestamptz"), ("time without time zone", "time"),
        ("time with time zone", "timetz"),
    ];

    public static readonly IReadOnlyList<Row> FunctionKeys = FunctionCatalog.Instance.AllFunctions.SelectMany(function => new[]
    {
        FunctionKey(function, NameKeys.Of(function.Name)), FunctionKey(function, NameKeys.Of("pg_catalog", function.Name)),
    }).ToArray();

    public static IEnumerable<Row> Relations(SystemState state, IEnumerable<RelationState> relations)
    {
        var all = relations.ToList();
        var visible = Visible(state, all.Select(relation => (relation.Schema, relation.Name)));
        return all.Where(relation => relation.Oid != Oid.None).Select(relation => new Row
        {
            ["oid"] = (long)relation.Oid.Value,
            ["name"] = SystemNames.Relation(relation, visible.Contains((relation.Schema, relation.Name))),
            // The tables of attached servers are shown under their dotted schemas, which no search path names, whatever the path is.
            ["visible"] = visible.Contains((relation.Schema, relation.Name)) || relation.Schema.Contains('.', StringComparison.Ordinal),
        }).Append(new Row { ["oid"] = 0L, ["name"] = "-" });
    }

    public static IEnumerable<Row> RelationKeys(SystemState state, IEnumerable<RelationState> relations)
    {
        var all = relations.ToList();
        var visible = Visible(state, all.Select(relation => (relation.Schema, relation.Name)));
        foreach (var relation in all)
        {
            var oid = (long)relation.Oid.Value;
            yield return new Row { ["key"] = NameKeys.Of(relation.Schema, relation.Name), ["oid"] = oid };
            yield return new Row { ["key"] = NameKeys.Of(state.Database, relation.Schema, relation.Name), ["oid"] = oid };
            if (visible.Contains((relation.Schema, relation.Name)))
                yield return new Row { ["key"] = NameKeys.Of(relation.Name), ["oid"] = oid };
            if (relation.Schema.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot)
                yield return new Row { ["key"] = NameKeys.Of(relation.Schema[..dot], relation.Schema[(dot + 1)..], relation.Name),
                    ["oid"] = oid };
        }
    }

    public static IEnumerable<Row> TypeKeys(SystemState state, IEnumerable<Row> namespaces)
    {
        var schemas = namespaces.ToDictionary(row => (long)row["oid"]!, row => (string)row["nspname"]!);
        var types = TypeRows.Types.Concat(SourceTypeRows.Types(state))
            .Where(type => schemas.ContainsKey((long)type["typnamespace"]!)).ToList();
        var visible = Visible(state, types.Select(type => (schemas[(long)type["typnamespace"]!], (string)type["typname"]!)));
        var arrays = types.ToDictionary(type => (long)type["oid"]!, type => (long)type["typarray"]!);
        foreach (var type in types)
        {
            var (schema, name, oid) = (schemas[(long)type["typnamespace"]!], (string)type["typname"]!, (long)type["oid"]!);
            foreach (var row in Keys(NameKeys.Of(schema, name), oid, visible.Contains((schema, name)))) yield return row;
            if (!visible.Contains((schema, name))) continue;
            foreach (var row in Keys(NameKeys.Of(name), oid, null)) yield return row;
            if (schema != "pg_catalog") continue;
            foreach (var spelling in s_spellings)
                if (spelling.Type == name)
                    foreach (var row in Keys(NameKeys.Of(spelling.Name), oid, null))
                        yield return row;
        }

        IEnumerable<Row> Keys(string key, long oid, bool? isVisible)
        {
            yield return new Row { ["key"] = key, ["oid"] = oid, ["visible"] = isVisible };
            if (arrays[oid] > 0) yield return new Row { ["key"] = key + "[]", ["oid"] = arrays[oid] };
        }
    }

    /// <summary>The types that servers define and arrays of them, as the session would write them.</summary>
    public static IEnumerable<Row> SourceTypes(SystemState state, IEnumerable<Row> namespaces)
    {
        var schemas = namespaces.ToDictionary(row => (long)row["oid"]!, row => (string)row["nspname"]!);
        var types = state.Types.Where(item => schemas.ContainsKey(item.Schema.Value))
            .Select(item => (item.Type, Schema: schemas[item.Schema.Value], item.Type.Source!.Name)).ToList();
        if (types.Count == 0) yield break;
        var own = TypeRows.Types.Select(type => ("pg_catalog", (string)type["typname"]!));
        var visible = Visible(state, types.Select(item => (item.Schema, item.Name)).Concat(own));
        foreach (var (type, schema, bare) in types)
        {
            var name = SystemNames.Qualified(schema, bare, visible.Contains((schema, bare)));
            yield return new Row { ["oid"] = (long)type.Oid.Value, ["name"] = name };
            if (type.ArrayOid != Oid.None) yield return new Row { ["oid"] = (long)type.ArrayOid.Value, ["name"] = name + "[]" };
        }
    }

    private static Row FunctionKey(FunctionEntry function, string key) => new() { ["key"] = key, ["oid"] = (long)function.Oid.Value };

    /// <summary>Those of the names that the search path leads to first.</summary>
    private static HashSet<(string Schema, string Name)> Visible(SystemState state, IEnumerable<(string Schema, string Name)> names)
    {
        var path = state.SearchPath.Contains("pg_catalog") ? state.SearchPath : ["pg_catalog", .. state.SearchPath];
        var places = path.Select((schema, i) => (schema, i)).DistinctBy(item => item.schema)
            .ToDictionary(item => item.schema, item => item.i);
        return names.Where(name => places.ContainsKey(name.Schema)).GroupBy(name => name.Name)
            .Select(group => group.MinBy(name => places[name.Schema])).ToHashSet();
    }
}
