namespace Federation.Connectors.Tpch.Generation;

/// <summary>Writes columns of numbers and dates, straight into the column's memory. Money is in hundredths.</summary>
internal static unsafe class NumberFill
{
    /// <summary>The row's number, counted from 1.</summary>
    public static void Keys(RowRange range, ColumnMemory target)
    {
        var values = target.Integers();
        for (var i = 0; i < range.Rows; i++) values[i] = (int)(range.First + i + 1);
    }

    public static void Integers(RowRange range, uint seed, int low, int high, ColumnMemory target)
    {
        var values = target.Integers();
        var stream = new RandomStream(seed, range.First);
        double count = high - low + 1;
        for (var i = 0; i < range.Rows; i++) values[i] = stream.Next(low, count);
    }

    public static void Money(RowRange range, uint seed, int low, int high, ColumnMemory target)
    {
        var values = target.Longs();
        var stream = new RandomStream(seed, range.First);
        double count = high - low + 1;
        for (var i = 0; i < range.Rows; i++) values[i] = stream.Next(low, count);
    }

    public static void Copy(int[] numbers, ColumnMemory target) =>
        numbers.AsSpan(0, target.Rows).CopyTo(new Span<int>(target.Integers(), target.Rows));

    /// <summary>Numbers times <paramref name="factor"/>, as unscaled decimals.</summary>
    public static void Scaled(int[] numbers, int factor, ColumnMemory target)
    {
        var values = target.Longs();
        for (var i = 0; i < target.Rows; i++) values[i] = (long)numbers[i] * factor;
    }

    /// <summary>The price of a part in cents.</summary>
    public static long PartPrice(long partKey) => 90_000 + (partKey / 10 % 20_001) + (partKey % 1_000 * 100);

    /// <summary>One of the four suppliers of a part.</summary>
    public static long PartSupplier(long partKey, int number, long suppliers) =>
        (partKey + (number * ((suppliers / 4) + ((partKey - 1) / suppliers)))) % suppliers + 1;

    /// <summary>Order keys are sparse: of every 32 numbers the first eight are used.</summary>
    /// <param name="order">Counted from 1.</param>
    public static long OrderKey(long order) => (order >> 3 << 5) | (order & 7);
}
