using System.Text;

namespace Federation.Core.Types;

/// <summary>
/// Every value has exactly <paramref name="Scale"/> digits after the point and at most <paramref name="Precision"/> in all (up to 38).
/// </summary>
public readonly record struct DecimalShape(byte Precision, byte Scale)
{
    public const int MaxPrecision = 38;

    public override string ToString() => $"DECIMAL({Precision},{Scale})";
}

/// <summary>A collation by which text is not ordered here: one that an attached server's column has.</summary>
/// <param name="IsDeterministic">Equal means equal bytes.</param>
public sealed record SourceCollation(string Name, bool IsDeterministic);

/// <summary>A field of a composite type.</summary>
public sealed record RecordField(string Name, SqlType Type);

/// <summary>
/// A type as the binder sees it: a row of the type table with its modifier, plus what the announced OID and modifier do not say:
/// the element type of arrays (which may itself be an array), the fields of composites, and the decimal shape of numerics.
/// <para>
/// numeric: <see cref="Decimal"/> set means the kernel holds DECIMAL(p,s) and every value is shown with s digits after the point;
/// not set means the kernel holds the PostgreSQL text form (any scale, any length, NaN and the infinities).
/// </para>
/// </summary>
public sealed record SqlType
{
    public static readonly SqlType Bool = new(PgTypes.Bool);
    public static readonly SqlType Int2 = new(PgTypes.Int2);
    public static readonly SqlType Int4 = new(PgTypes.Int4);
    public static readonly SqlType Int8 = new(PgTypes.Int8);
    public static readonly SqlType Float4 = new(PgTypes.Float4);
    public static readonly SqlType Float8 = new(PgTypes.Float8);
    public static readonly SqlType Text = new(PgTypes.Text);
    public static readonly SqlType Varchar = new(PgTypes.Varchar);
    public static readonly SqlType Name = new(PgTypes.Name);
    public static readonly SqlType Bytea = new(PgTypes.Bytea);
    public static readonly SqlType Date = new(PgTypes.Date);
    public static readonly SqlType Time = new(PgTypes.Time);
    public static readonly SqlType Timetz = new(PgTypes.Timetz);
    public static readonly SqlType Timestamp = new(PgTypes.Timestamp);
    public static readonly SqlType Timestamptz = new(PgTypes.Timestamptz);
    public static readonly SqlType Interval = new(PgTypes.Interval);
    public static readonly SqlType Uuid = new(PgTypes.Uuid);
    public static readonly SqlType Json = new(PgTypes.Json);
    public static readonly SqlType Jsonb = new(PgTypes.Jsonb);
    public static readonly SqlType Numeric = new(PgTypes.Numeric);
    public static readonly SqlType Oid = new(PgTypes.OidType);
    public static readonly SqlType Unknown = new(PgTypes.Unknown);
    public static readonly SqlType Void = new(PgTypes.Void);

    public SqlType(PgType @base, int modifier = -1)
    {
        Base = @base;
        Modifier = modifier;
        if (ReferenceEquals(@base, PgTypes.Numeric) && modifier >= 4)
        {
            var precision = ((modifier - 4) >> 16) & 0xffff;
            // The scale is a signed 11-bit number since PostgreSQL 15; shapes cover the scales that a decimal column can have.
            var scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
            if (precision <= DecimalShape.MaxPrecision && scale >= 0 && scale <= precision)
                Decimal = new DecimalShape((byte)precision, (byte)scale);
        }
        else if (ReferenceEquals(@base, PgTypes.Int2vector))
        {
            Element = Int2;
        }
        else if (ReferenceEquals(@base, PgTypes.Oidvector))
        {
            Element = Oid;
        }
    }

    /// <summary>The scalar row; for arrays the innermost element's row.</summary>
    public PgType Base { get; }

    /// <summary>
    /// pg_attribute.atttypmod: length + 4 for varchar and char, ((p &lt;&lt; 16) | s) + 4 for numeric, digits for times; -1 for none.
    /// </summary>
    public int Modifier { get; init; }

    /// <summary>Set for arrays: the type of the items, itself an array when the lists are nested.</summary>
    public SqlType? Element { get; init; }

    /// <summary>The fields of a record; empty when they are not known.</summary>
    public EquatableArray<RecordField> Fields { get; init; }

    public DecimalShape? Decimal { get; init; }

    /// <summary>
    /// Set for text that came from a column whose collation is not the order of bytes; what is made of such text has it too. It says what
    /// may not be done with the values, and is no part of the type's identity.
    /// </summary>
    public SourceCollation? Collation { get; init; }

    public bool IsArray => Element is not null;

    public bool Equals(SqlType? other) =>
        other is not null && Base == other.Base && Modifier == other.Modifier && Element == other.Element && Fields == other.Fields
            && Decimal == other.Decimal;

    public override int GetHashCode() => HashCode.Combine(Base.Oid, Modifier, Element, Fields, Decimal);

    /// <summary>True for int2vector and oidvector, whose subscripts begin at 0.</summary>
    public bool IsVector => ReferenceEquals(Base, PgTypes.Int2vector) || ReferenceEquals(Base, PgTypes.Oidvector);

    public bool IsNumeric => !IsArray && ReferenceEquals(Base, PgTypes.Numeric);

    public bool IsUnknown => !IsArray && ReferenceEquals(Base, PgTypes.Unknown);

    public bool IsRecord => !IsArray && ReferenceEquals(Base, PgTypes.Record);

    /// <summary>The OID announced to clients. Nested arrays announce the array type of the innermost element, as PostgreSQL does.</summary>
    public Oid AnnouncedOid => IsArray && !IsVector ? Base.ArrayOid : Base.Oid;

    public short AnnouncedLength => IsArray ? (short)-1 : Base.Length;

    public char Category => IsArray ? 'A' : Base.Category;

    public Storage Storage => IsArray ? Storage.List
        : IsNumeric && Decimal is null ? Storage.Text
        : Base.Storage;

    /// <summary>The kernel's SQL type that holds values of this type.</summary>
    public string KernelName => this switch
    {
        { Element: { } element } => element.KernelName + "[]",
        { IsNumeric: true, Decimal: { } shape } => shape.ToString(),
        { IsRecord: true } => KernelStruct(),
        _ => Base.KernelName,
    };

    public static SqlType Of(PgType type) => new(type);

    public static SqlType Array(SqlType element) => new(element.Base, element.Modifier) { Element = element, Decimal = null };

    public static SqlType Record(params ReadOnlySpan<RecordField> fields) => new(PgTypes.Record) { Fields = EquatableArray.Create(fields) };

    public static SqlType NumericOf(int precision, int scale) => Numeric with { Decimal = new DecimalShape((byte)precision, (byte)scale) };

    /// <summary>A type by OID, scalar or array; null when the table has no such row.</summary>
    public static SqlType? FromOid(Oid oid, int modifier = -1) =>
        PgTypes.Find(oid) is { } scalar ? new SqlType(scalar, modifier)
        : PgTypes.FindElementOf(oid) is { } element ? Array(new SqlType(element, modifier))
        : null;

    /// <summary>Same type, modifiers and shapes aside: what PostgreSQL compares by OID.</summary>
    public bool HasSameBase(SqlType other) => AnnouncedOid == other.AnnouncedOid;

    /// <summary>The same type without modifier; a numeric keeps its decimal shape.</summary>
    public SqlType WithoutModifier() => Modifier < 0 ? this : this with { Modifier = -1 };

    /// <summary>The name that format_type(oid, typmod) gives.</summary>
    public override string ToString()
    {
        if (IsVector) return Base.Name;
        var suffix = IsArray ? "[]" : "";
        if (Modifier < 0) return Base.DisplayName + suffix;
        return Base.Name switch
        {
            "varchar" => $"character varying({Modifier - 4}){suffix}",
            "bpchar" => $"character({Modifier - 4}){suffix}",
            "numeric" => $"numeric({((Modifier - 4) >> 16) & 0xffff},{(((Modifier - 4) & 0x7ff) ^ 1024) - 1024}){suffix}",
            "timestamp" => $"timestamp({Modifier}) without time zone{suffix}",
            "timestamptz" => $"timestamp({Modifier}) with time zone{suffix}",
            "time" => $"time({Modifier}) without time zone{suffix}",
            "timetz" => $"time({Modifier}) with time zone{suffix}",
            "interval" => $"interval{IntervalModifier()}{suffix}",
            "bit" => $"bit({Modifier}){suffix}",
            "varbit" => $"bit varying({Modifier}){suffix}",
            _ => Base.DisplayName + suffix,
        };
    }

    /// <summary>Bits of the fields in the upper half of an interval's modifier, and their names.</summary>
    private static readonly (int Bits, string Text)[] s_intervalFields =
    [
        (0x0004, " year"), (0x0002, " month"), (0x0006, " year to month"), (0x0008, " day"), (0x0400, " hour"), (0x0800, " minute"),
        (0x1000, " second"), (0x0408, " day to hour"), (0x0c08, " day to minute"), (0x1c08, " day to second"), (0x0c00, " hour to minute"),
        (0x1c00, " hour to second"), (0x1800, " minute to second"),
    ];

    private string IntervalModifier()
    {
        const int AnyPrecision = 0xffff;
        var (fields, precision) = (Modifier >> 16 & 0x7fff, Modifier & 0xffff);
        var text = System.Array.Find(s_intervalFields, item => item.Bits == fields).Text ?? "";
        return precision == AnyPrecision ? text : $"{text}({precision})";
    }

    /// <summary>
    /// A record may have several fields of one name, or of none; the kernel's have names of their own, whatever their case.
    /// </summary>
    public string KernelFieldName(int index)
    {
        var name = Fields[index].Name;
        var isTaken = name.Length == 0;
        for (var i = 0; i < index && !isTaken; i++) isTaken = Fields[i].Name.Equals(name, StringComparison.OrdinalIgnoreCase);
        return isTaken ? $"{name}\u0001{index}" : name;
    }

    private string KernelStruct()
    {
        // The kernel has no empty struct; a one-field stand-in keeps ROW() a value.
        if (Fields.Count == 0) return "STRUCT(\"_\" INTEGER)";
        var text = new StringBuilder("STRUCT(");
        for (var i = 0; i < Fields.Count; i++)
        {
            if (i > 0) text.Append(", ");
            text.Append('"').Append(KernelFieldName(i).Replace("\"", "\"\"", StringComparison.Ordinal)).Append("\" ")
                .Append(Fields[i].Type.KernelName);
        }
        return text.Append(')').ToString();
    }
}
