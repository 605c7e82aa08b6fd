using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Type names and their modifiers.</summary>
public sealed partial class Binder
{
    private SqlType BindType(TypeName name) => BindType(name, _context.FindType);

    internal static SqlType BindType(TypeName name, Func<QualifiedName, PgType?> findSourceType)
    {
        if (name.IsSetOf)
            throw new SqlException(SqlState.FeatureNotSupported, "SETOF is not supported here") { Position = name.Span.Position };
        var type = FindType(name, findSourceType);
        var modifier = BindModifier(type, name);
        type = modifier >= 0 || name.Modifiers.Count > 0 ? new SqlType(type.Base, modifier) : type;

        // int[][] and int[] are the same type to PostgreSQL.
        return name.ArrayDimensions > 0 && !type.IsArray ? SqlType.Array(type) : type;
    }

    /// <summary>PostgreSQL's own types that have no form here; columns of a source have their text.</summary>
    private static readonly HashSet<string> s_unsupported =
    [
        "datemultirange", "int4multirange", "int8multirange", "nummultirange", "tsmultirange", "tstzmultirange", "pg_snapshot",
        "txid_snapshot", "gtsvector",
    ];

    private static SqlType FindType(TypeName name, Func<QualifiedName, PgType?> findSourceType)
    {
        var qualifier = name.Name.Qualifier;
        var type = qualifier is null or "pg_catalog" ? FindCatalogType(name.Name.Name) : null;
        if (type is null && findSourceType(name.Name) is { } source) return SqlType.Of(source);
        if (type is null && qualifier is not (null or "pg_catalog" or "information_schema" or "public" or "pg_toast"))
            throw new SqlException(SqlState.InvalidSchemaName, $"schema \"{qualifier}\" does not exist") { Position = name.Span.Position };
        if (type is null && (qualifier is null or "pg_catalog") && s_unsupported.Contains(name.Name.Name))
            throw new SqlException(SqlState.FeatureNotSupported, $"values of type {name.Name.Name} are not supported")
                { Position = name.Span.Position };
        return type ?? throw new SqlException(SqlState.UndefinedObject,
            $"type \"{name.Name}{string.Concat(Enumerable.Repeat("[]", name.ArrayDimensions))}\" does not exist")
        {
            Position = name.Span.Position,
        };
    }

    /// <summary>Whether a name means a type of PostgreSQL's own.</summary>
    internal static bool IsCatalogType(QualifiedName name) =>
        name.Qualifier is null or "pg_catalog" && FindCatalogType(name.Name) is not null;

    private static SqlType? FindCatalogType(string name)
    {
        if (PgTypes.Find(name) is { } scalar) return SqlType.Of(scalar);

        // Array types have names of their own: _int4.
        return name.StartsWith('_') && PgTypes.Find(name[1..]) is { } element && element.ArrayOid != Oid.None
            ? SqlType.Array(SqlType.Of(element))
            : null;
    }

    private static int BindModifier(SqlType type, TypeName name)
    {
        var fields = name.IntervalFields is null ? (int?)null : IntervalFieldMask(name.IntervalFields);
        if (name.Modifiers.Count == 0 && fields is null) return -1;
        var values = name.Modifiers.Select(ReadModifier).ToArray();
        switch (type.Base.Name)
        {
            case "varchar" or "bpchar" when values.Length == 1:
                if (values[0] < 1)
                    throw Invalid($"length for type {(type.Base == PgTypes.Varchar ? "varchar" : "char")} must be at least 1");
                if (values[0] > 10_485_760)
                    throw Invalid($"length for type {(type.Base == PgTypes.Varchar ? "varchar" : "char")} cannot exceed 10485760");
                return values[0] + 4;
            case "numeric" when values.Length is 1 or 2:
                if (values[0] is < 1 or > 1000) throw Invalid($"NUMERIC precision {values[0]} must be between 1 and 1000");
                var scale = values.Length == 2 ? values[1] : 0;
                if (scale is < -1000 or > 1000) throw Invalid($"NUMERIC scale {scale} must be between -1000 and 1000");
                return ((values[0] << 16) | (scale & 0x7ff)) + 4;
            case "numeric":
                throw Invalid("invalid NUMERIC type modifier");
            case "timestamp" or "timestamptz" or "time" or "timetz" when values.Length == 1:
                if (values[0] < 0) throw Invalid($"{Spelling(type)}({values[0]}){ZoneSuffix(type)} precision must not be negative");
                return Math.Min(values[0], 6);
            case "bit" or "varbit" when values.Length == 1:
                if (values[0] < 1)
                    throw Invalid($"length for type {(type.Base == PgTypes.Bit ? "bit" : "bit varying")} must be at least 1");
                return values[0];
            case "interval":
                return ((fields ?? 0x7fff) << 16) | (values.Length > 0 ? Math.Min(values[0], 6) : 0xffff);
            default:
                throw new SqlException(SqlState.SyntaxError, $"type modifier is not allowed for type \"{type.Base.Name}\"")
                    { Position = name.Span.Position };
        }

        SqlException Invalid(string message) => new(SqlState.InvalidParameterValue, message) { Position = name.Span.Position };

        int ReadModifier(Expression expression) => expression switch
        {
            NumberLiteral literal when int.TryParse(literal.Text, out var value) => value,
            OperatorExpression { Left: null, Operator.Symbol: "-", Right: NumberLiteral literal }
                when int.TryParse(literal.Text, out var value) => -value,
            _ => throw new SqlException(SqlState.SyntaxError, "type modifiers must be simple constants or identifiers")
                { Position = name.Span.Position },
        };
    }

    private static string Spelling(SqlType type) => type.Base.Name.StartsWith("timestamp", StringComparison.Ordinal) ? "TIMESTAMP" : "TIME";

    private static string ZoneSuffix(SqlType type) => type.Base.Name.EndsWith("tz", StringComparison.Ordinal) ? " WITH TIME ZONE" : "";

    /// <summary>INTERVAL_MASK bits of a field restriction (timestamp.h).</summary>
    private static int IntervalFieldMask(string fields)
    {
        const int month = 1 << 1, year = 1 << 2, day = 1 << 3, hour = 1 << 10, minute = 1 << 11, second = 1 << 12;
        return fields.ToLowerInvariant() switch
        {
            "year" => year,
            "month" => month,
            "day" => day,
            "hour" => hour,
            "minute" => minute,
            "second" => second,
            "year to month" => year | month,
            "day to hour" => day | hour,
            "day to minute" => day | hour | minute,
            "day to second" => day | hour | minute | second,
            "hour to minute" => hour | minute,
            "hour to second" => hour | minute | second,
            "minute to second" => minute | second,
            _ => throw new SqlException(SqlState.SyntaxError, $"invalid interval fields \"{fields}\""),
        };
    }
}
