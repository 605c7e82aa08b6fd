using System.Globalization;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Arrow.Ipc;

/// <summary>Who the messages are for.</summary>
public enum IpcForm
{
    /// <summary>
    /// Any Arrow reader: decimals of 128 bits, intervals as month_day_nano (one that is too long for nanoseconds raises 22008), timetz and
    /// bit strings as text.
    /// </summary>
    Portable,

    /// <summary>Our own readers: every value exactly as columns hold it, so that nearly all of writing is copying memory.</summary>
    Internal,
}

/// <summary>
/// How SQL types and Arrow types stand for each other. Field metadata <c>federation:type</c> (pg_type.typname, or <c>[]</c> for arrays) and
/// <c>federation:modifier</c> (atttypmod) let our reader restore the SQL type; a reader that does not know them sees a sensible Arrow type.
/// </summary>
internal static class IpcTypes
{
    public const string TypeKey = "federation:type";
    public const string ModifierKey = "federation:modifier";

    private const string ArrayName = "[]";
    private const string ExtensionKey = "ARROW:extension:name";
    private const string ExtensionMetadataKey = "ARROW:extension:metadata";
    private const string UuidExtension = "arrow.uuid";
    private const string JsonExtension = "arrow.json";
    private const int UuidBytes = 16;
    private const int IntervalBytes = 16;

    /// <summary>The field that a column of this type is written as.</summary>
    public static IpcField ToField(string name, SqlType type, IpcForm form,
        EquatableArray<KeyValuePair<string, string>> metadata = default) => type.Storage switch
    {
        Storage.List => Make(name, type, new ArrowType(ArrowKind.List), metadata, ToField("item", ItemOf(type), form)),
        Storage.Struct =>
            Make(name, type, new ArrowType(ArrowKind.Struct), metadata,
                [.. type.Fields.Select(field => ToField(field.Name, field.Type, form))]),
        _ => Make(name, type, Scalar(type, form), metadata),
    };

    /// <summary>The item type of a list; pseudo-types such as anyarray hold text.</summary>
    public static SqlType ItemOf(SqlType list) => list.Element ?? SqlType.Text;

    /// <summary>
    /// The SQL type of a field that was read: what the metadata says if the layout can hold it, else what suits the layout best.
    /// </summary>
    public static SqlType ToSqlType(ArrowType physical, EquatableArray<IpcField> children, IReadOnlyDictionary<string, string> metadata) =>
        Declared(physical, children, metadata) ?? Guess(physical, children, metadata);

    private static IpcField Make(string name, SqlType type, ArrowType physical, EquatableArray<KeyValuePair<string, string>> metadata,
        params IpcField[] children) =>
        new(name, physical, type, EquatableArray.Create<IpcField>(children))
            { Metadata = metadata.Concat(Describe(type)).ToEquatableArray() };

    private static IEnumerable<KeyValuePair<string, string>> Describe(SqlType type)
    {
        yield return new(TypeKey, type.IsArray && !type.IsVector ? ArrayName : type.Base.Name);
        if (type.Modifier >= 0) yield return new(ModifierKey, type.Modifier.ToString(CultureInfo.InvariantCulture));
        if (type.IsArray) yield break;
        var extension = type.Base.Name switch { "uuid" => UuidExtension, "json" or "jsonb" => JsonExtension, _ => null };
        if (extension is null) yield break;
        yield return new(ExtensionKey, extension);
        yield return new(ExtensionMetadataKey, "");
    }

    private static ArrowType Scalar(SqlType type, IpcForm form)
    {
        var isPortable = form == IpcForm.Portable;
        return type.Storage switch
        {
            Storage.Boolean => new(ArrowKind.Bool),
            Storage.Int16 => ArrowType.Int(16),
            Storage.Int32 => ArrowType.Int(32),
            Storage.Int64 => ArrowType.Int(64),
            Storage.Float32 => new(ArrowKind.FloatingPoint, 0, FloatPrecision.Single),
            Storage.Float64 => new(ArrowKind.FloatingPoint, 0, FloatPrecision.Double),
            Storage.Decimal => ToDecimal(type.Decimal!.Value, isPortable),
            Storage.Text => new(ArrowKind.Utf8),
            Storage.Bytes => new(ArrowKind.Binary),
            Storage.Date => new(ArrowKind.Date, 0, DateUnits.Day),
            Storage.Time => new(ArrowKind.Time, 64, TimeUnits.Microsecond),
            Storage.TimeTz => isPortable ? new(ArrowKind.Utf8) : ArrowType.Int(64),
            Storage.Timestamp => new(ArrowKind.Timestamp, 64, TimeUnits.Microsecond)
                { TimeZone = ReferenceEquals(type.Base, PgTypes.Timestamptz) ? "UTC" : null },
            Storage.Interval =>
                isPortable ? new(ArrowKind.Interval, 0, IntervalUnits.MonthDayNano) : new(ArrowKind.FixedSizeBinary, IntervalBytes),
            Storage.Uuid => new(ArrowKind.FixedSizeBinary, UuidBytes),
            Storage.Bit => isPortable ? new(ArrowKind.Utf8) : new(ArrowKind.Binary),
            _ => throw new System.Diagnostics.UnreachableException(type.ToString()),
        };
    }

    private static ArrowType ToDecimal(DecimalShape shape, bool isPortable)
    {
        var bits = isPortable ? 128 : Math.Max(Column.KernelDecimalWidth(shape.Precision) * 8, 32);
        return ArrowType.Decimal(bits, shape.Precision, shape.Scale);
    }

    private static SqlType? Declared(ArrowType physical, EquatableArray<IpcField> children, IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(TypeKey, out var name)) return null;
        var modifier = metadata.TryGetValue(ModifierKey, out var text)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
        if (name == ArrayName) return IsList(physical.Kind) ? SqlType.Array(children[0].Type) with { Modifier = modifier } : null;
        if (PgTypes.Find(name) is not { } row) return null;
        var type = new SqlType(row, modifier);
        if (type.IsRecord) return physical.Kind == ArrowKind.Struct ? type with { Fields = ToFields(children) } : null;
        if (type.Storage == Storage.List) return IsList(physical.Kind) && children[0].Type.Storage == ItemOf(type).Storage ? type : null;
        if (type.IsNumeric) type = type with { Decimal = ToShape(physical) };
        return Holds(physical, type) ? type : null;
    }

    /// <summary>Whether values of this layout can be read as the declared type.</summary>
    private static bool Holds(ArrowType physical, SqlType type) => type.Storage switch
    {
        Storage.Uuid => physical is { Kind: ArrowKind.FixedSizeBinary, Width: UuidBytes },
        Storage.Interval => physical.Kind is ArrowKind.Interval or ArrowKind.Duration
            || physical is { Kind: ArrowKind.FixedSizeBinary, Width: IntervalBytes },
        Storage.TimeTz => IsText(physical.Kind) || physical is { Kind: ArrowKind.Int, Width: 64, IsSigned: true },
        Storage.Bit => IsText(physical.Kind) || physical.Kind is ArrowKind.Binary or ArrowKind.LargeBinary or ArrowKind.BinaryView,
        Storage.Timestamp =>
            physical.Kind == ArrowKind.Timestamp && ReferenceEquals(type.Base, PgTypes.Timestamptz) == (physical.TimeZone is not null),
        _ => GuessScalar(physical) is { } guess && guess.Storage == type.Storage,
    };

    private static SqlType Guess(ArrowType physical, EquatableArray<IpcField> children, IReadOnlyDictionary<string, string> metadata)
    {
        if (physical.Kind == ArrowKind.Struct) return SqlType.Record(ToFields(children).AsSpan());
        if (IsList(physical.Kind)) return SqlType.Array(children[0].Type);
        if (physical.Kind == ArrowKind.RunEndEncoded) return children[1].Type;
        if (metadata.TryGetValue(ExtensionKey, out var extension))
        {
            if (extension == UuidExtension && physical is { Kind: ArrowKind.FixedSizeBinary, Width: UuidBytes }) return SqlType.Uuid;
            if (extension == JsonExtension && IsText(physical.Kind)) return SqlType.Json;
        }

        return GuessScalar(physical) ?? throw IpcErrors.Unsupported($"type {physical.Kind}");
    }

    private static SqlType? GuessScalar(ArrowType physical) => physical.Kind switch
    {
        ArrowKind.Null or ArrowKind.Utf8 or ArrowKind.LargeUtf8 or ArrowKind.Utf8View => SqlType.Text,
        ArrowKind.Bool => SqlType.Bool,
        ArrowKind.Int => (physical.Width, physical.IsSigned) switch
        {
            (8, _) or (16, true) => SqlType.Int2,
            (16, false) or (32, true) => SqlType.Int4,
            (32, false) or (64, true) => SqlType.Int8,
            _ => SqlType.NumericOf(20, 0),
        },
        ArrowKind.FloatingPoint => physical.Unit == FloatPrecision.Double ? SqlType.Float8 : SqlType.Float4,
        ArrowKind.Decimal => SqlType.Numeric with { Decimal = ToShape(physical) },
        ArrowKind.Date => SqlType.Date,
        ArrowKind.Time => SqlType.Time,
        ArrowKind.Timestamp => physical.TimeZone is null ? SqlType.Timestamp : SqlType.Timestamptz,
        ArrowKind.Interval or ArrowKind.Duration => SqlType.Interval,
        ArrowKind.Binary or ArrowKind.LargeBinary or ArrowKind.BinaryView or ArrowKind.FixedSizeBinary => SqlType.Bytea,
        _ => null,
    };

    /// <summary>
    /// The shape of decimals that fit 38 digits; null for those that are held as text, and for numerics that came as text.
    /// </summary>
    private static DecimalShape? ToShape(ArrowType physical) =>
        physical is { Kind: ArrowKind.Decimal, Width: <= 128, Precision: >= 1 and <= DecimalShape.MaxPrecision, Scale: >= 0 }
            && physical.Scale <= physical.Precision
            ? new DecimalShape((byte)physical.Precision, (byte)physical.Scale)
            : null;

    private static EquatableArray<RecordField> ToFields(EquatableArray<IpcField> children) =>
        children.Select(child => new RecordField(child.Name, child.Type)).ToEquatableArray();

    private static bool IsText(ArrowKind kind) => kind is ArrowKind.Utf8 or ArrowKind.LargeUtf8 or ArrowKind.Utf8View;

    private static bool IsList(ArrowKind kind) =>
        kind is ArrowKind.List or ArrowKind.LargeList or ArrowKind.ListView or ArrowKind.LargeListView or ArrowKind.FixedSizeList
            or ArrowKind.Map;
}
