using System.Globalization;
using Federation.Core.Errors;

namespace Federation.Core.Values;

/// <summary>The largest values that PostgreSQL makes, and its errors for larger ones. Functions ask before they do the work.</summary>
public static class ValueLimits
{
    /// <summary>Bytes of a value: MaxAllocSize.</summary>
    public const int MostBytes = 0x3fffffff;

    /// <summary>Items of an array: MaxArraySize for pointers of eight bytes.</summary>
    public const int MostItems = 134_217_727;

    /// <summary>A text that is built piece by piece gets another one.</summary>
    public static void CheckAppend(long present, long more)
    {
        if (present + more >= MostBytes) throw TooLong(present, more);
    }

    /// <summary>PostgreSQL allocates this much at once.</summary>
    public static void CheckAllocation(long bytes)
    {
        if (bytes > MostBytes)
            throw new SqlException(SqlState.ProgramLimitExceeded,
                $"invalid memory alloc request size {bytes.ToString(CultureInfo.InvariantCulture)}");
    }

    public static void CheckItems(long count)
    {
        if (count is < 0 or > MostItems)
            throw new SqlException(SqlState.ProgramLimitExceeded,
                $"array size exceeds the maximum allowed ({MostItems.ToString(CultureInfo.InvariantCulture)})");
    }

    /// <summary>A text cannot get longer.</summary>
    public static SqlException TooLong(long present, long more) => new(SqlState.ProgramLimitExceeded, "out of memory")
    {
        Detail = string.Create(CultureInfo.InvariantCulture,
            $"Cannot enlarge string buffer containing {present} bytes by {more} more bytes."),
    };
}
