namespace Federation.CompatTests.Suite.Differential;

/// <summary>The types of random expressions.</summary>
internal enum RandomKind
{
    Integer,
    SmallInteger,
    BigInteger,
    Numeric,

    /// <summary>numeric without precision and scale.</summary>
    FreeNumeric,
    Float,
    Text,
    Varchar,
    Character,
    Date,
    Timestamp,
    TimestampZone,
    Boolean,
    Uuid,
}

internal static class RandomKinds
{
    /// <summary>The type as a column's definition names it.</summary>
    public static string Sql(this RandomKind kind) => kind switch
    {
        RandomKind.Integer => "int",
        RandomKind.SmallInteger => "smallint",
        RandomKind.BigInteger => "bigint",
        RandomKind.Numeric => "numeric(12,2)",
        RandomKind.FreeNumeric => "numeric",
        RandomKind.Float => "float8",
        RandomKind.Text => "text",
        RandomKind.Varchar => "varchar(10)",
        RandomKind.Character => "char(3)",
        RandomKind.Date => "date",
        RandomKind.Timestamp => "timestamp",
        RandomKind.TimestampZone => "timestamptz",
        RandomKind.Boolean => "boolean",
        _ => "uuid",
    };

    /// <summary>Kinds that Parquet files keep as they are.</summary>
    public static bool IsKeptByParquet(this RandomKind kind) =>
        kind is not (RandomKind.FreeNumeric or RandomKind.Varchar or RandomKind.Character);

    /// <summary>Kinds with values that are equal and print differently: 1.5 and 1.50, 'x' and 'x ', 0 and -0.</summary>
    public static bool HasEqualSpellings(this RandomKind kind) =>
        kind is RandomKind.Numeric or RandomKind.FreeNumeric or RandomKind.Float or RandomKind.Character;

    public static bool IsNumber(this RandomKind kind) => kind <= RandomKind.FreeNumeric;
}
