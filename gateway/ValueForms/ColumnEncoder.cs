using Federation.Arrow;

namespace Federation.ValueForms;

/// <summary>
/// Writes values of one column in one format. Chosen once per result column by <see cref="Codecs"/>; the row is never NULL, and the length
/// in front of the value is the caller's. Not thread-safe.
/// </summary>
public abstract unsafe class ColumnEncoder
{
    public abstract void Write(ByteWriter writer, Column column, int row);

    /// <summary>
    /// The quick way of large results: the same bytes written to <paramref name="target"/>. Gives the place behind them, or null when they
    /// might not fit before <paramref name="end"/> or have to go through <see cref="Write"/>.
    /// </summary>
    public virtual byte* TryWrite(byte* target, byte* end, Column column, int row) => null;
}
