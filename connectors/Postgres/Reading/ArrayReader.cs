using System.Buffers.Binary;
using Federation.Arrow;
using Federation.Core.Errors;

namespace Federation.Connectors.Postgres.Reading;

/// <summary>
/// Arrays of a number of dimensions: <c>int32 dimensions, int32 has nulls, uint32 element oid, (int32 length, int32 lower bound) per
/// dimension</c>, then items in row-major order as <c>int32 length (-1 for NULL), bytes</c>. The empty array has no dimension.
/// </summary>
internal sealed class ArrayReader(string column, FieldReader item, uint itemOid, int depth, int lowerBound) : FieldReader(column)
{
    private const int HeaderLength = 12;
    private const int DimensionLength = 8;

    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        if (value.Length < HeaderLength) ThrowLength(value.Length);
        var dimensions = BinaryPrimitives.ReadInt32BigEndian(value);
        if (BinaryPrimitives.ReadUInt32BigEndian(value[8..]) != itemOid) ThrowLength(value.Length);
        if (dimensions == 0)
        {
            builder.EndList();
            return;
        }

        if (dimensions != depth)
            throw Unsupported(depth == 1 ? $"an array of {dimensions} dimensions" : "arrays of different numbers of dimensions",
                isWidened: depth > 1);
        for (var i = 0; i < depth; i++)
            if (BinaryPrimitives.ReadInt32BigEndian(value[(HeaderLength + (i * DimensionLength) + 4)..]) is var first
                && first != lowerBound)
                throw Unsupported($"an array whose subscripts begin at {first}", isWidened: true);
        var rest = value[(HeaderLength + (depth * DimensionLength))..];
        ReadDimension(value[HeaderLength..], 0, ref rest, builder);
    }

    private void ReadDimension(ReadOnlySpan<byte> lengths, int dimension, ref ReadOnlySpan<byte> rest, ColumnBuilder builder)
    {
        var count = BinaryPrimitives.ReadInt32BigEndian(lengths[(dimension * DimensionLength)..]);
        var items = builder.Children[0];
        for (var i = 0; i < count; i++)
        {
            if (dimension + 1 < depth)
            {
                ReadDimension(lengths, dimension + 1, ref rest, items);
                continue;
            }

            var length = BinaryPrimitives.ReadInt32BigEndian(rest);
            rest = rest[sizeof(int)..];
            if (length < 0)
            {
                items.AppendNull();
                continue;
            }

            item.Read(rest[..length], items);
            rest = rest[length..];
        }

        builder.EndList();
    }

    /// <param name="isWidened">Another type of the column would not help.</param>
    private SqlException Unsupported(string what, bool isWidened) =>
        new(SqlState.FeatureNotSupported, $"column \"{ColumnName}\" has {what}, which cannot be read")
        {
            ColumnName = ColumnName,
            Hint = "Read the column through a view at the source that casts it to text.",
            NeedsWideNumerics = !isWidened,
        };
}
