using System.Globalization;
using Federation.Connectors.Formats;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Values;
using Calendar = Federation.Core.Values.Calendar;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// Transforms as kernel expressions, for tasks that write files: they give what <see cref="Transform.Apply"/> gives, so that each file
/// holds one value, which is then taken from the file's bounds. Times are those of UTC whatever the session's zone is.
/// </summary>
internal static class TransformExpressions
{
    private const string Epoch = "DATE '1970-01-01'";

    /// <summary>
    /// What deals rows out to files. The number of a bucket cannot be told from bounds that are cut, so it stands in paths.
    /// </summary>
    /// <param name="column">Kernel expression of the column, in its stored type.</param>
    /// <param name="index">Its position.</param>
    public static FilePartition Partition(string column, int index, IcebergType.Primitive type, Transform transform)
    {
        var value = Of(column, type, transform);
        var isBytes = type.Kind == IcebergKind.Binary && transform.Kind is TransformKind.Identity or TransformKind.Truncate;
        return new FilePartition(isBytes ? value : $"CAST({value} AS VARCHAR)", index, IsInPath: transform.Kind == TransformKind.Bucket);
    }

    public static string Of(string column, IcebergType.Primitive type, Transform transform) => transform.Kind switch
    {
        TransformKind.Identity => column,
        TransformKind.Bucket => $"((pg_murmur3{Input(column, type)} & 2147483647) % {Number(transform.Width)})",
        TransformKind.Truncate => Truncated(column, type, transform.Width),
        TransformKind.Year => OrInfinite($"(date_part('year', {Civil(column, type)}) - 1970)", column, type, transform),
        TransformKind.Month => OrInfinite(
            $"((date_part('year', {Civil(column, type)}) - 1970) * 12 + date_part('month', {Civil(column, type)}) - 1)",
            column, type, transform),
        TransformKind.Day when type.Kind == IcebergKind.Date => $"({column} - {Epoch})",
        TransformKind.Day => OrInfinite(Floor($"epoch_us({column})", Calendar.MicrosecondsPerDay), column, type, transform),
        TransformKind.Hour => OrInfinite(
            $"least({Floor($"epoch_us({column})", Calendar.MicrosecondsPerHour)}, {Number(int.MaxValue)})", column, type, transform),
        _ => throw new SqlException(SqlState.FeatureNotSupported,
            $"tables partitioned by {transform.Kind.ToString().ToLowerInvariant()} cannot be written yet"),
    };

    private static string Civil(string column, IcebergType.Primitive type) =>
        type.Kind == IcebergKind.Date ? column : $"make_timestamp(epoch_us({column}))";

    /// <summary>Infinite times are stored as the largest and smallest numbers, of which the kernel gives no part.</summary>
    private static string OrInfinite(string finite, string column, IcebergType.Primitive type, Transform transform)
    {
        object most = type.Kind == IcebergKind.Date ? new PgDate(int.MaxValue) : new PgTimestamp(long.MaxValue);
        object least = type.Kind == IcebergKind.Date ? new PgDate(-int.MaxValue) : new PgTimestamp(-long.MaxValue);
        return $"CASE WHEN isinf({column}) THEN CASE WHEN {column} > {Epoch} THEN {Number((int)transform.Apply(most)!)} "
            + $"ELSE {Number((int)transform.Apply(least)!)} END ELSE {finite} END";
    }

    private static string Floor(string value, long unit) =>
        $"(({value} - (({value} % {Number(unit)} + {Number(unit)}) % {Number(unit)})) // {Number(unit)})";

    private static string Truncated(string column, IcebergType.Primitive type, int width) => type.Kind switch
    {
        IcebergKind.String => $"left({column}, {Number(width)})",
        IcebergKind.Binary => $"from_hex(left(hex({column}), {Number(2L * width)}))",
        IcebergKind.Decimal => Multiple(Unscaled(column), width),
        _ => Multiple($"CAST({column} AS HUGEINT)", width),
    };

    private static string Multiple(string value, int width) =>
        $"({value} - (({value} % {Number(width)} + {Number(width)}) % {Number(width)}))";

    /// <summary>All digits of a decimal as one number: it has 38 at most.</summary>
    private static string Unscaled(string column) => $"CAST(replace(CAST({column} AS VARCHAR), '.', '') AS HUGEINT)";

    /// <summary>The function of the hash, and its argument (spec, appendix B).</summary>
    private static string Input(string column, IcebergType.Primitive type) => type.Kind switch
    {
        IcebergKind.String => $"_text({column})",
        IcebergKind.Binary => $"_bytes({column})",
        IcebergKind.Uuid => $"_bytes(from_hex(replace(CAST({column} AS VARCHAR), '-', '')))",
        IcebergKind.Decimal => $"_number(replace(CAST({column} AS VARCHAR), '.', ''))",
        IcebergKind.Date => $"_long({column} - {Epoch})",
        IcebergKind.Time => $"_long(epoch_us({column}))",
        IcebergKind.Timestamp or IcebergKind.Timestamptz =>
            $"_long(CASE WHEN isinf({column}) THEN CASE WHEN {column} > {Epoch} THEN {Number(long.MaxValue)} "
                + $"ELSE {Number(-long.MaxValue)} END ELSE epoch_us({column}) END)",
        _ => $"_long({column})",
    };

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
