using System.Buffers;

namespace Federation.Connectors.Tpch.Generation;

/// <summary>
/// Neighbouring rows of a table that are generated together. Holds what several columns are derived from, made when first asked for. One
/// owner, not thread-safe.
/// </summary>
/// <param name="First">The first row, counted from 0; for lines the first order.</param>
internal class RowRange(ScaleFactor scale, long first, int rows) : IDisposable
{
    private readonly List<int[]> _rented = [];

    public ScaleFactor Scale => scale;

    public long First => first;

    /// <summary>Rows that come out.</summary>
    public int Rows { get; protected init; } = rows;

    public virtual void Dispose()
    {
        foreach (var array in _rented) ArrayPool<int>.Shared.Return(array);
        _rented.Clear();
        GC.SuppressFinalize(this);
    }

    /// <summary>At least <paramref name="length"/> numbers of any value, until the range is disposed.</summary>
    public int[] Rent(int length)
    {
        var array = ArrayPool<int>.Shared.Rent(length);
        _rented.Add(array);
        return array;
    }
}
