using System.Globalization;
using Federation.Core.Types;
using Federation.Plan;
using Federation.Planner.Functions;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>A call whose arguments are columns of a table made for its pools.</summary>
/// <param name="Text">SQL in which {0}, {1}, … are the arguments; aggregates and windows also have {d} for DISTINCT, {o} for ORDER BY and
/// {w} for what follows the call.</param>
internal sealed record StressCall(string Name, FunctionKind Kind, bool ReturnsSet, string Text, IReadOnlyList<StressPool> Pools)
{
    public string Table { get; } = Pools.Count == 0
        ? "s_none"
        : "s_" + string.Join('_', Pools.Select(pool => pool.Name.Replace("[]", "s", StringComparison.Ordinal)));

    /// <summary>Whether the order in which rows come in shows in the result.</summary>
    public bool IsOrdered =>
        Name is "array_agg" or "string_agg" or "json_agg" or "jsonb_agg" or "json_object_agg" or "jsonb_object_agg" or "xmlagg";

    /// <summary>Whether equal inputs that are written differently leave open which of them is the result.</summary>
    public bool GivesEither => Name is "min" or "max" or "mode" or "percentile_disc" or "percentile_cont";

    public bool IsCast => Name.Contains("::", StringComparison.Ordinal);

    public string With(string alias) => Fill(Pools.Select((_, i) => $"{alias}.x{i + 1}"));

    public string Fill(IEnumerable<string> arguments)
    {
        var text = Text;
        foreach (var (argument, i) in arguments.Select((argument, i) => (argument, i)))
            text = text.Replace($"{{{i.ToString(CultureInfo.InvariantCulture)}}}", argument, StringComparison.Ordinal);
        return text.Replace("{d}", "", StringComparison.Ordinal).Replace("{o}", "", StringComparison.Ordinal)
            .Replace("{w}", "", StringComparison.Ordinal);
    }
}

/// <summary>The calls of all functions of PostgreSQL whose arguments can be drawn; polymorphic ones come with several types.</summary>
internal static class StressCalls
{
    private static readonly string[] s_elements = ["int4", "text", "numeric", "timestamp", "float8", "jsonb"];

    public static IEnumerable<StressCall> All()
    {
        foreach (var function in FunctionCatalog.Instance.AllFunctions.OrderBy(function => function.Name, StringComparer.Ordinal)
            .ThenBy(function => function.Oid.Value))
        {
            if (function.Kind == FunctionKind.Procedure || StressArguments.IsLeftOut(function.Name, function.Signature)) continue;
            var isPolymorphic = function.ArgumentTypes.Any(IsPolymorphic);
            foreach (var element in isPolymorphic ? s_elements : [""])
                if (Make(function, element) is { } call)
                    yield return call;
        }

        foreach (var cast in Casts()) yield return cast;
    }

    /// <summary>Each cast of pg_cast and the casts through text, which are no calls of functions that a user could name.</summary>
    private static IEnumerable<StressCall> Casts()
    {
        string[] types = ["bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric", "text", "varchar", "bpchar", "name", "char",
            "bytea", "date", "time", "timetz", "timestamp", "timestamptz", "interval", "uuid", "json", "jsonb", "inet", "cidr", "money",
            "bit", "varbit", "int4[]", "text[]", "numeric[]", "float8[]"];
        foreach (var source in types)
            foreach (var target in types.Append("numeric(10,2)").Append("varchar(3)").Append("char(4)").Append("timestamp(0)"))
                if (source != target)
                    yield return new StressCall($"{source}::{target}", FunctionKind.Scalar, false,
                        $"({{0}})::{(StressPools.Find(target) is { } pool ? pool.Type : target)}", [StressPools.Of(source)]);
    }

    private static StressCall? Make(FunctionEntry function, string element)
    {
        var pools = new List<StressPool>();
        for (var i = 0; i < function.ArgumentTypes.Count; i++)
        {
            var isVariadic = function.VariadicType != Oid.None && i == function.ArgumentTypes.Count - 1;
            var name = StressArguments.PoolOf(function.Name, function.Signature, i)
                ?? TypeName(isVariadic && function.VariadicType.Value == PgTypes.Any.Oid.Value
                    ? PgTypes.Text.Oid
                    : function.ArgumentTypes[i], element);
            if (name is null || StressPools.Find(name) is not { } pool) return null;
            pools.Add(pool);
        }

        var isOrderedSet = function.AggregateKind is 'o' or 'h';
        if (function.AggregateKind == 'h') pools = [StressPools.Of("small")];
        var arguments =
            pools.Select((_, i) =>
                (function.VariadicType is var variadic && variadic != Oid.None && variadic.Value != PgTypes.Any.Oid.Value
                    && i == pools.Count - 1 ? "VARIADIC " : "") + $"{{{i.ToString(CultureInfo.InvariantCulture)}}}").ToList();
        var call = $"pg_catalog.\"{function.Name}\"";
        var text = function switch
        {
            { AggregateKind: 'h' } => $"{call}(3) WITHIN GROUP (ORDER BY {{0}}){{w}}",
            _ when isOrderedSet =>
                $"{call}({string.Join(", ", Enumerable.Range(0, function.DirectArguments).Select(i => Direct(pools[i])))}) WITHIN GROUP "
                    + $"(ORDER BY {{{function.DirectArguments.ToString(CultureInfo.InvariantCulture)}}}){{w}}",
            { Name: "count", ArgumentTypes.Count: 0 } => "count(*){w}",
            { Kind: FunctionKind.Window, Name: "ntile" } => $"{call}(3){{w}}",
            { Kind: FunctionKind.Aggregate } => $"{call}({{d}}{string.Join(", ", arguments)}{{o}}){{w}}",
            { Kind: FunctionKind.Window } => $"{call}({string.Join(", ", arguments)}){{w}}",
            _ => $"{call}({string.Join(", ", arguments)})",
        };
        return new StressCall(function.Name, function.Kind, function.ReturnsSet, text, pools);
    }

    private static string Direct(StressPool pool) => pool.Type.EndsWith("[]", StringComparison.Ordinal)
        ? "ARRAY[0.25, 0.5, 1]"
        : pool.Name == "fraction" ? "0.25" : pool.Literal(pool.Values[0]);

    private static bool IsPolymorphic(Oid type) =>
        PgTypes.Find(type) is { Name: var name } && (name.StartsWith("any", StringComparison.Ordinal));

    private static string? TypeName(Oid oid, string element) => PgTypes.Find(oid) switch
    {
        { Name: "anyarray" or "anycompatiblearray" } => element + "[]",
        { Name: "anyrange" or "anycompatiblerange" } => element switch { "int4" => "int4range", "numeric" => "numrange", _ => null },
        { Name: "anyelement" or "anynonarray" or "anycompatible" or "anycompatiblenonarray" or "any" } => element,
        { Name: var name } => name,
        null => PgTypes.FindElementOf(oid) is { Name: var item } ? item + "[]" : null,
    };
}
