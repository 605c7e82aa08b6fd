using Federation.Planner.Functions;

namespace Federation.Planner.Typing;

/// <summary>How a value gets from one type to another (PostgreSQL's CoercionPathType).</summary>
public enum CoercionPath
{
    None,
    Function,
    Relabel,
    InputOutput,
    Array,
}

/// <summary>PostgreSQL's coercion rules over type OIDs (parse_coerce.c).</summary>
public static class TypeRules
{
    public static readonly Oid Unknown = PgTypes.Unknown.Oid;

    private static readonly HashSet<Oid> s_polymorphic =
    [
        PgTypes.Anyelement.Oid, PgTypes.Anyarray.Oid, PgTypes.Anynonarray.Oid, PgTypes.Anyenum.Oid, PgTypes.Anyrange.Oid,
        PgTypes.Anymultirange.Oid,
        PgTypes.Anycompatible.Oid, PgTypes.Anycompatiblearray.Oid, PgTypes.Anycompatiblenonarray.Oid, PgTypes.Anycompatiblerange.Oid,
    ];

    public static bool IsPolymorphic(Oid type) => s_polymorphic.Contains(type);

    public static char Category(Oid type) =>
        PgTypes.Find(type) is { } scalar ? scalar.Category : PgTypes.FindElementOf(type) is not null ? 'A' : 'X';

    public static bool IsPreferred(Oid type) => PgTypes.Find(type) is { IsPreferred: true };

    /// <summary>The element type of a true array type; none for everything else, vectors among them.</summary>
    public static Oid ElementOf(Oid type) =>
        type == PgTypes.Int2vector.Oid ? PgTypes.Int2.Oid
        : type == PgTypes.Oidvector.Oid ? PgTypes.OidType.Oid
        : PgTypes.FindElementOf(type)?.Oid ?? Oid.None;

    public static Oid ArrayOf(Oid element) =>
        PgTypes.Find(element)?.ArrayOid ?? (PgTypes.FindElementOf(element) is not null ? element : Oid.None);

    /// <summary>find_coercion_pathway</summary>
    public static (CoercionPath Path, FunctionEntry? Function) FindPath(Oid target, Oid source, CastContext context)
    {
        if (target == source) return (CoercionPath.Relabel, null);
        if (FunctionCatalog.Instance.FindCast(source, target) is { } cast)
        {
            if (cast.Context > context) return (CoercionPath.None, null);
            return cast.Method switch
            {
                CastMethod.Function => (CoercionPath.Function, cast.Function),
                CastMethod.InputOutput => (CoercionPath.InputOutput, null),
                _ => (CoercionPath.Relabel, null),
            };
        }

        var targetElement = PgTypes.FindElementOf(target)?.Oid;
        var sourceElement = PgTypes.FindElementOf(source)?.Oid
            ?? (source == PgTypes.Int2vector.Oid || source == PgTypes.Oidvector.Oid ? ElementOf(source) : null);
        if (targetElement is { } to && sourceElement is { } from)
        {
            var (path, function) = FindPath(to, from, context);
            if (path == CoercionPath.None) return (CoercionPath.None, null);
            return (CoercionPath.Array, function);
        }

        if (context >= CastContext.Assignment && Category(target) == 'S') return (CoercionPath.InputOutput, null);
        if (context >= CastContext.Explicit && Category(source) == 'S') return (CoercionPath.InputOutput, null);
        return (CoercionPath.None, null);
    }

    /// <summary>can_coerce_type for one argument.</summary>
    public static bool CanCoerce(Oid source, Oid target, CastContext context)
    {
        if (source == target || target == PgTypes.Any.Oid || IsPolymorphic(target)) return true;
        if (source == Unknown) return true;
        if (source == PgTypes.Record.Oid && target == PgTypes.Record.Oid) return true;
        return FindPath(target, source, context).Path != CoercionPath.None;
    }

    /// <summary>
    /// select_common_type: the type that all can become, or null when categories differ. Unknown alone gives text.
    /// </summary>
    public static Oid? CommonType(ReadOnlySpan<Oid> types)
    {
        var chosen = Unknown;
        foreach (var type in types)
        {
            if (type == Unknown || type == chosen) continue;
            if (chosen == Unknown)
            {
                chosen = type;
                continue;
            }

            if (Category(type) != Category(chosen)) return null;
            if (!IsPreferred(chosen) && CanCoerce(chosen, type, CastContext.Implicit) && !CanCoerce(type, chosen, CastContext.Implicit))
                chosen = type;
        }

        return chosen == Unknown ? PgTypes.Text.Oid : chosen;
    }
}
