namespace Federation.Connectors.Tpch.Generation;

/// <summary>
/// The lines of neighbouring orders: 1 to 7 each. Every stream of a line column is drawn from at most seven times (times the draws per
/// line) per order, and stands at a multiple of that where the next order begins.
/// </summary>
internal sealed class LineRange : RowRange
{
    public const int MostLines = 7;

    /// <summary>1992-01-01 in days since 1970-01-01.</summary>
    public const int FirstDay = 8035;

    /// <summary>1995-06-17, the generator's today: what was shipped until then is final.</summary>
    public const int CurrentDay = 9298;

    // 2,557 days of data less the longest time from order to receipt (121 + 30 days).
    private const int OrderDayCount = 2406;

    private int[]? _orderDays;
    private int[]? _partKeys;
    private int[]? _quantities;
    private int[]? _shipDays;
    private int[]? _receiptDays;

    /// <param name="limit">Rows wanted at most; lines beyond are left out.</param>
    public LineRange(ScaleFactor scale, long firstOrder, int orders, long limit = long.MaxValue)
        : base(scale, firstOrder, 0)
    {
        LineCounts = Rent(orders);
        var stream = new RandomStream(1434868289, firstOrder);
        var rows = 0;
        for (var i = 0; i < orders; i++)
        {
            LineCounts[i] = stream.Next(1, MostLines);
            rows += LineCounts[i];
        }

        for (var i = orders - 1; rows > limit; i--)
        {
            var cut = (int)Math.Min(LineCounts[i], rows - limit);
            LineCounts[i] -= cut;
            rows -= cut;
        }

        Orders = orders;
        Rows = rows;
    }

    public int Orders { get; }

    /// <summary>Lines of each order.</summary>
    public int[] LineCounts { get; }

    /// <summary>The date of each order, in days since 1970-01-01.</summary>
    public int[] OrderDays
    {
        get
        {
            if (_orderDays is not null) return _orderDays;
            _orderDays = Rent(Orders);
            var stream = new RandomStream(1066728069, First);
            for (var i = 0; i < Orders; i++) _orderDays[i] = stream.Next(FirstDay, OrderDayCount);
            return _orderDays;
        }
    }

    public int[] PartKeys => _partKeys ??= Draw(1808217256, 1, Scale.Parts);

    public int[] Quantities => _quantities ??= Draw(209208115, 1, 50);

    /// <summary>The date each line was shipped, in days since 1970-01-01.</summary>
    public int[] ShipDays => _shipDays ??= AddOrderDays(Draw(1769349045, 1, 121));

    public int[] ReceiptDays
    {
        get
        {
            if (_receiptDays is not null) return _receiptDays;
            _receiptDays = Draw(373135028, 1, 30);
            var ship = ShipDays;
            for (var i = 0; i < Rows; i++) _receiptDays[i] += ship[i];
            return _receiptDays;
        }
    }

    /// <summary>Percent, 0 to 10.</summary>
    public int[] DrawDiscounts() => Draw(554590007, 0, 11);

    /// <summary>Percent, 0 to 8.</summary>
    public int[] DrawTaxes() => Draw(721958466, 0, 9);

    public int[] DrawCommitDays() => AddOrderDays(Draw(904914315, 30, 61));

    /// <summary>One number per line of <paramref name="low"/> … <paramref name="low"/> + <paramref name="range"/> - 1.</summary>
    public int[] Draw(uint seed, int low, double range)
    {
        var numbers = Rent(Rows);
        var order = new RandomStream(seed, First * MostLines);
        var next = RandomStream.PowerOf(MostLines);
        var row = 0;
        for (var i = 0; i < Orders; i++)
        {
            var line = order;
            for (var end = row + LineCounts[i]; row < end; row++) numbers[row] = line.Next(low, range);
            order.Skip(next);
        }

        return numbers;
    }

    private int[] AddOrderDays(int[] days)
    {
        var orderDays = OrderDays;
        var row = 0;
        for (var i = 0; i < Orders; i++)
            for (var end = row + LineCounts[i]; row < end; row++)
                days[row] += orderDays[i];
        return days;
    }
}
