namespace Federation.Planner.Typing;

/// <summary>Whether actual types fit polymorphic declarations together (check_generic_type_consistency).</summary>
internal static class PolymorphicTypes
{
    public static bool AreConsistent(ReadOnlySpan<Oid> declared, ReadOnlySpan<Oid> actual)
    {
        var element = Oid.None;
        var compatibles = new List<Oid>();
        for (var i = 0; i < actual.Length; i++)
        {
            var (wanted, type) = (declared[i], actual[i]);
            if (!TypeRules.IsPolymorphic(wanted) || type == TypeRules.Unknown) continue;
            var isArray = TypeRules.ElementOf(type) != Oid.None;
            if (wanted == PgTypes.Anynonarray.Oid || wanted == PgTypes.Anycompatiblenonarray.Oid)
            {
                if (isArray) return false;
            }
            else if (wanted == PgTypes.Anyarray.Oid || wanted == PgTypes.Anycompatiblearray.Oid)
            {
                if (!isArray) return false;
                type = TypeRules.ElementOf(type);
            }
            else if (wanted == PgTypes.Anyenum.Oid || wanted == PgTypes.Anyrange.Oid || wanted == PgTypes.Anymultirange.Oid
                || wanted == PgTypes.Anycompatiblerange.Oid)
            {
                var kind = PgTypes.Find(type)?.Kind;
                var fits = wanted == PgTypes.Anyenum.Oid ? kind == 'e' : wanted == PgTypes.Anymultirange.Oid ? kind == 'm' : kind == 'r';
                if (!fits) return false;
                if (wanted == PgTypes.Anyrange.Oid && Federation.Core.Values.RangeText.Subtype(PgTypes.Find(type)!) is { } bounds)
                    type = bounds.AnnouncedOid;
                else if (wanted != PgTypes.Anyenum.Oid) continue;
            }

            if (wanted == PgTypes.Anycompatible.Oid || wanted == PgTypes.Anycompatiblearray.Oid
                || wanted == PgTypes.Anycompatiblenonarray.Oid)
            {
                compatibles.Add(type);
            }
            else if (element == Oid.None)
            {
                element = type;
            }
            else if (element != type)
            {
                return false;
            }
        }

        if (compatibles.Count < 2) return true;
        return TypeRules.CommonType(compatibles.ToArray()) is { } common
            && compatibles.TrueForAll(type => TypeRules.CanCoerce(type, common, Functions.CastContext.Implicit));
    }
}
