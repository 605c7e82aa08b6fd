using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Connectors.Postgres.Reading;

/// <summary>Chooses the reader of a column by its type. Types held as text are read as text: the remote SELECT casts them.</summary>
internal static class FieldReaders
{
    /// <param name="isUnchecked">The source does not know the encoding of its text.</param>
    public static FieldReader Create(string column, SqlType type, bool isUnchecked)
    {
        if (type.IsVector)
            return new ArrayReader(column, Create(column, type.Element!, isUnchecked), SentOid(type.Element!), depth: 1, lowerBound: 0);
        if (type.Element is { } element)
        {
            var depth = 1;
            for (; element.Element is { } inner; element = inner) depth++;
            return new ArrayReader(column, Create(column, element, isUnchecked), SentOid(element), depth, lowerBound: 1);
        }

        return type.Storage switch
        {
            Storage.Boolean => new BooleanReader(column),
            Storage.Int16 => new Int16Reader(column),
            Storage.Int32 or Storage.Float32 => new Int32Reader(column),
            Storage.Int64 when type.Base.Length == sizeof(int) => new OidReader(column),
            Storage.Int64 or Storage.Float64 or Storage.Time => new Int64Reader(column),
            Storage.Decimal => new DecimalReader(column, type.Decimal!.Value),
            Storage.Date => new DateReader(column),
            Storage.TimeTz => new TimeTzReader(column),
            Storage.Timestamp => new TimestampReader(column),
            Storage.Interval => new IntervalReader(column),
            Storage.Uuid => new UuidReader(column),
            Storage.Bytes => new BytesReader(column),
            Storage.Bit => new BitReader(column),
            Storage.Text when type.IsNumeric => new NumericTextReader(column),
            Storage.Text when type.Base == PgTypes.Jsonb => new JsonbReader(column),
            Storage.Text when type.Base == PgTypes.Char => new CharReader(column),
            Storage.Text when type.Base == PgTypes.Inet || type.Base == PgTypes.Cidr => new NetworkReader(column),
            Storage.Text => isUnchecked ? new UncheckedTextReader(column) : new BytesReader(column),
            _ => throw new SqlException(SqlState.FeatureNotSupported, $"column \"{column}\" has type {type}, which cannot be read"),
        };
    }

    /// <summary>True for types whose binary form the readers know; others are cast to text at the source.</summary>
    public static bool ReadsBinary(PgType type) => type.Storage != Storage.Text
        || type == PgTypes.Numeric || type == PgTypes.Jsonb || type == PgTypes.Json || type == PgTypes.Char || type == PgTypes.Inet
        || type == PgTypes.Cidr
        || type == PgTypes.Text || type == PgTypes.Varchar || type == PgTypes.Bpchar || type == PgTypes.Name || type == PgTypes.Refcursor;

    private static uint SentOid(SqlType element) => (ReadsBinary(element.Base) ? element.Base : PgTypes.Text).Oid.Value;
}
