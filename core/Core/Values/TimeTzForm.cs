namespace Federation.Core.Values;

/// <summary>
/// The kernel's packed timetz: microseconds above 24 bits that hold the latest offset (15:59:59) minus the offset in seconds east, so that
/// later local times at smaller offsets order after.
/// </summary>
public static class TimeTzForm
{
    private const int MaxOffsetSeconds = (16 * 3600) - 1;

    public static PgTimeTz Unpack(long bits) => new((long)((ulong)bits >> 24), MaxOffsetSeconds - (int)(bits & 0xffffff));

    public static long Pack(PgTimeTz value) => (value.Microseconds << 24) | (uint)(MaxOffsetSeconds - value.OffsetSeconds);
}
