using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Every function that kernel SQL may call beside the kernel's own. Names begin with <c>pg_</c>.</summary>
public static class FunctionCatalog
{
    public static readonly IReadOnlyCollection<ScalarFunction> Scalars =
    [
        .. AccessFunctions.All,
        .. BitFunctions.All,
        .. ByteFunctions.All,
        .. CatalogFunctions.All,
        .. CsvLineFunctions.All,
        .. DegreeFunctions.All,
        .. DigestFunctions.All,
        .. DeviationAggregates.OfLists,
        .. ConversionFunctions.All,
        .. FloatFunctions.All,
        .. FormattingFunctions.All,
        .. HashFunctions.All,
        .. IntegerFunctions.All,
        .. JsonFunctions.All,
        .. JsonLineFunctions.All,
        .. JsonbFunctions.All,
        .. MoneyFunctions.All,
        .. NameFunctions.All,
        .. NetworkFunctions.All,
        .. NumericFunctions.All,
        .. OrderFunctions.All,
        .. OverlapFunctions.All,
        .. PaddingFunctions.All,
        .. RangeCheckedCasts.All,
        .. RegexFunctions.All,
        .. SendFunctions.All,
        .. SizeFunctions.All,
        .. SplitFunctions.All,
        .. SubstringFunctions.All,
        .. TemporalFunctions.All,
        .. TextFunctions.All,
        .. TimestampArithmetic.All,
        .. ZoneFunctions.All,
        .. ZonedTimeFunctions.All,
    ];

    public static readonly IReadOnlyCollection<AggregateFunction> Aggregates =
        [.. NumericAggregates.All, .. RegressionAggregates.All, .. DeviationAggregates.All];
}
