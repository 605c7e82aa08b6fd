using System.Globalization;

namespace Federation.Connectors.Tpch;

/// <summary>A size of the data base: cardinalities follow from it (clause 4.2.5 of the specification).</summary>
/// <param name="Value">From 0.001 to 10000 with at most three digits after the point.</param>
internal readonly record struct ScaleFactor(decimal Value)
{
    public const string TinySchema = "tiny";

    // From 30000 on dbgen's keys depend on the number of parallel streams that make them, so there is no one answer.
    private const decimal Largest = 10_000;
    private const decimal Smallest = 0.001m;

    /// <summary>Schemas that are listed; others can be named. Tools that read all that they find listed must not meet terabytes.</summary>
    public static readonly string[] ListedSchemas = [TinySchema, "sf1"];

    /// <summary>Lines of the scale factors that the specification lists; they take long to count.</summary>
    private static readonly Dictionary<decimal, long> s_lines = new()
    {
        [1] = 6_001_215,
        [10] = 59_986_052,
        [30] = 179_998_372,
        [100] = 600_037_902,
        [300] = 1_799_989_091,
        [1000] = 5_999_989_709,
        [3000] = 18_000_048_306,
        [10000] = 59_999_994_267,
    };

    public long Suppliers => (long)(10_000 * Value);

    public long Parts => (long)(200_000 * Value);

    public long PartSuppliers => Parts * 4;

    public long Customers => (long)(150_000 * Value);

    public long Orders => (long)(1_500_000 * Value);

    public long Clerks => Math.Max(1000, (long)(1000 * Value));

    /// <summary>The published number of lines; null when it has to be counted.</summary>
    public long? PublishedLines => s_lines.TryGetValue(Value, out var lines) ? lines : null;

    /// <summary>
    /// The scale factor of a schema: tiny is 0.01, sf1 is 1, "sf0.1" is 0.1. Null for other names and for numbers that are not in their
    /// shortest form.
    /// </summary>
    public static ScaleFactor? OfSchema(string schema)
    {
        if (schema == TinySchema) return new ScaleFactor(0.01m);
        if (!schema.StartsWith("sf", StringComparison.Ordinal)
            || !decimal.TryParse(schema.AsSpan(2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            || value is < Smallest or > Largest
            || decimal.Round(value, 3) != value)
            return null;
        return value.ToString("0.###", CultureInfo.InvariantCulture) == schema[2..] ? new ScaleFactor(value) : null;
    }
}
