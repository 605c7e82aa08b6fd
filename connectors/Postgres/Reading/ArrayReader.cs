using System.Buffers.Binary;
using Federation.Arrow;
using Federation.Core.Errors;

namespace Federation.Connectors.Postgres.Reading;

/// <summary>
/// Arrays of one dimension: <c>int32 dimensions, int32 has nulls, uint32 element oid, (int32 length, int32 lower bound) per dimension</c>,
/// then items as <c>int32 length (-1 for NULL), bytes</c>.
/// </summary>
internal sealed class ArrayReader(string column, FieldReader item, uint itemOid, bool isVector) : FieldReader(column)
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

        if (dimensions != 1) throw Unsupported($"an array of {dimensions} dimensions");
        var count = BinaryPrimitives.ReadInt32BigEndian(value[HeaderLength..]);
        var lowerBound = BinaryPrimitives.ReadInt32BigEndian(value[(HeaderLength + 4)..]);
        if (lowerBound != (isVector ? 0 : 1)) throw Unsupported($"an array whose subscripts begin at {lowerBound}");
        var rest = value[(HeaderLength + DimensionLength)..];
        var items = builder.Children[0];
        for (var i = 0; i < count; i++)
        {
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

    private SqlException Unsupported(string what) =>
        new(SqlState.FeatureNotSupported, $"column \"{ColumnName}\" has {what}, which cannot be read")
        {
            ColumnName = ColumnName,
            Hint = "Read the column through a view at the source that casts it to text.",
        };
}
