using Federation.Arrow;
using Federation.PgWire.Protocol;

namespace Federation.PgWire.Types;

/// <summary>
/// Writes values of one column in one format. Chosen once per result column by <see cref="Codecs"/>; the row is never NULL, and the length
/// in front of the value is the caller's. Not thread-safe.
/// </summary>
internal abstract class ColumnEncoder
{
    public abstract void Write(FrameWriter writer, Column column, int row);
}
