using Federation.Core.Types;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>pg_type and pg_enum of the types that attached servers define.</summary>
internal static class SourceTypeRows
{
    public static IEnumerable<Row> Types(SystemState state)
    {
        foreach (var (type, schema) in state.Types)
        {
            var isDomain = type.Kind == 'd';
            yield return Complete(new Row
            {
                ["oid"] = (long)type.Oid.Value, ["typname"] = type.Source!.Name, ["typnamespace"] = (long)schema.Value, ["typlen"] = isDomain ? type.Source.Over!.AnnouncedLength : type.Length,
                ["typbyval"] = type.IsEnum, ["typtype"] = type.Kind.ToString(), ["typcategory"] = type.Category.ToString(), ["typarray"] = (long)type.ArrayOid.Value, ["typelem"] = 0L,
                ["typbasetype"] = isDomain ? (long)type.Source.Over!.AnnouncedOid.Value : 0L, ["typtypmod"] = isDomain ? type.Source.Over!.Modifier : -1,
            });
            yield return Complete(new Row
            {
                ["oid"] = (long)type.ArrayOid.Value, ["typname"] = "_" + type.Source.Name, ["typnamespace"] = (long)schema.Value, ["typlen"] = (short)-1, ["typbyval"] = false,
                ["typtype"] = "b", ["typcategory"] = "A", ["typarray"] = 0L, ["typelem"] = (long)type.Oid.Value, ["typbasetype"] = 0L, ["typtypmod"] = -1,
            });
        }
    }

    public static IEnumerable<Row> Labels(SystemState state) => state.Types.Where(item => item.Type.IsEnum).SelectMany(item => item.Type.Source!.Labels.Select((label, i) => new Row
    {
        ["oid"] = (long)StableOids.OfType(item.Type.Source.Server, item.Type.Source.Schema, $"{item.Type.Source.Name}\0{label}").Value,
        ["enumtypid"] = (long)item.Type.Oid.Value, ["enumsortorder"] = (float)(i + 1), ["enumlabel"] = label,
    }));

    private static Row Complete(Row row)
    {
        row["typowner"] = SystemRows.OwnerOid;
        row["typisdefined"] = true;
        row["typispreferred"] = false;
        row["typdelim"] = ",";
        row["typalign"] = "i";
        row["typstorage"] = row["typbyval"] is true ? "p" : "x";
        return row;
    }
}
