using Federation.Core.Types;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>pg_type and pg_enum of the types that attached servers define.</summary>
internal static class SourceTypeRows
{
    public static IEnumerable<Row> Types(SystemState state)
    {
        foreach (var item in state.Types)
        {
            var (type, schema) = item;
            var isDomain = type.Kind == 'd';
            yield return Complete(new Row
            {
                ["oid"] = (long)type.Oid.Value, ["typname"] = type.Source!.Name, ["typnamespace"] = (long)schema.Value,
                ["typlen"] = isDomain ? type.Source.Over!.AnnouncedLength : type.Length,
                ["typbyval"] = type.IsEnum,
                ["typcollation"] = isDomain && type.Source.Over is { Category: 'S', IsArray: false } ? 100L : 0L,
                ["typrelid"] = type.Kind == 'c'
                    ? (long)StableOids.OfTable(type.Source.Server, type.Source.Schema, type.Source.Name).Value
                    : 0L, ["typtype"] = type.Kind.ToString(), ["typcategory"] = type.Category.ToString(),
                ["typarray"] = (long)type.ArrayOid.Value, ["typelem"] = 0L,
                ["typbasetype"] = isDomain ? (long)type.Source.Over!.AnnouncedOid.Value : 0L,
                ["typtypmod"] = isDomain ? type.Source.Over!.Modifier : -1,
                ["typnotnull"] = item.Listed.IsNotNull, ["typdefault"] = item.Listed.Default, ["typdefaultbin"] = item.Listed.Default,
            });
            yield return Complete(new Row
            {
                ["oid"] = (long)type.ArrayOid.Value, ["typname"] = "_" + type.Source.Name, ["typnamespace"] = (long)schema.Value,
                ["typlen"] = (short)-1, ["typbyval"] = false,
                ["typtype"] = "b", ["typcategory"] = "A", ["typarray"] = 0L, ["typelem"] = (long)type.Oid.Value, ["typbasetype"] = 0L,
                ["typtypmod"] = -1,
            });
        }
    }

    /// <summary>
    /// The OIDs of labels ascend in their order, as those of a type whose labels were made together do: tools sort by them.
    /// </summary>
    public static IEnumerable<Row> Labels(SystemState state) => state.Types.Where(item => item.Type.IsEnum).SelectMany(item =>
    {
        var source = item.Type.Source!;
        var oids = source.Labels.Select(label => (long)StableOids.OfType(source.Server, source.Schema, $"{source.Name}\0{label}").Value)
            .Order().ToArray();
        return source.Labels
            .Select((label, i) => new Row { ["oid"] = oids[i], ["enumtypid"] = (long)item.Type.Oid.Value,
                ["enumsortorder"] = (float)(i + 1), ["enumlabel"] = label });
    });

    /// <summary>pg_constraint of the checks of domains.</summary>
    public static IEnumerable<Row> Checks(SystemState state) =>
        from item in state.Types
        from check in item.Listed.Checks
        select new Row
        {
            ["oid"] = (long)item.OidOf(check).Value, ["conname"] = check.Name, ["connamespace"] = (long)item.Schema.Value,
            ["contype"] = "c", ["contypid"] = (long)item.Type.Oid.Value,
            ["convalidated"] = check.IsValidated, ["conislocal"] = true, ["confupdtype"] = " ", ["confdeltype"] = " ",
            ["confmatchtype"] = " ",
        };

    /// <summary>information_schema.domains.</summary>
    public static IEnumerable<Row> Domains(SystemState state) =>
        from item in state.Types
        where item.Type.Kind == 'd'
        let over = item.Type.Source!.Over!
        select new Row
        {
            ["domain_catalog"] = state.Database, ["domain_schema"] = item.ShownSchema, ["domain_name"] = item.Type.Source!.Name,
            ["data_type"] = over.IsArray ? "ARRAY" : over.WithoutModifier().ToString(),
            ["domain_default"] = item.Listed.Default, ["udt_catalog"] = state.Database, ["udt_schema"] = "pg_catalog",
            ["udt_name"] = (over.IsArray ? "_" : "") + over.Base.Name, ["dtd_identifier"] = "1",
        }.With(SystemRows.TypeFacts(over));

    /// <summary>information_schema.domain_constraints.</summary>
    public static IEnumerable<Row> DomainConstraints(SystemState state) =>
        from item in state.Types
        from check in item.Listed.Checks
        select new Row
        {
            ["constraint_catalog"] = state.Database, ["constraint_schema"] = item.ShownSchema, ["constraint_name"] = check.Name,
            ["domain_catalog"] = state.Database, ["domain_schema"] = item.ShownSchema,
            ["domain_name"] = item.Type.Source!.Name, ["is_deferrable"] = "NO", ["initially_deferred"] = "NO",
        };

    /// <summary>The input and output functions of a kind of type: tools tell arrays and composites by them.</summary>
    private static (long Input, long Output, long Receive, long Send) Functions(object? kind, object? category) => (kind, category) switch
    {
        ("b", "A") => (750, 751, 2400, 2401),
        ("e", _) => (3506, 3507, 3532, 3533),
        ("c", _) => (2290, 2291, 2402, 2403),
        ("d", _) => (2597, 0, 2598, 0),
        ("r", _) => (3834, 3835, 3836, 3837),
        ("m", _) => (4229, 4230, 4231, 4232),
        _ => default,
    };

    private static Row Complete(Row row)
    {
        (row["typinput"], row["typoutput"], row["typreceive"], row["typsend"]) = Functions(row["typtype"], row["typcategory"]);
        row["typowner"] = SystemRows.OwnerOid;
        row["typisdefined"] = true;
        row["typispreferred"] = false;
        row["typdelim"] = ",";
        row["typalign"] = "i";
        row["typstorage"] = row["typbyval"] is true ? "p" : "x";
        return row;
    }
}
