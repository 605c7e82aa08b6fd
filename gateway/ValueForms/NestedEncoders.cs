using Federation.Arrow;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.ValueForms;

/// <summary>Arrays as text. Items are written in place, and quoted there when they need it.</summary>
/// <param name="item">Of the items.</param>
/// <param name="delimiter">Between items.</param>
/// <param name="outerLevels">How many values quote this one as a part of theirs.</param>
internal sealed class ArrayTextEncoder(ColumnEncoder item, byte delimiter, int outerLevels) : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row)
    {
        var (start, length) = column.GetList(row);
        var child = column.Children[0];
        writer.WriteByte((byte)'{');
        for (var i = start; i < start + length; i++)
        {
            writer.CheckInterrupt();
            if (i > start) writer.WriteByte(delimiter);
            if (child.IsNull(i))
            {
                writer.WriteBytes("NULL"u8);
                continue;
            }

            if (item is ArrayTextEncoder)
            {
                item.Write(writer, child, i);
                continue;
            }

            var mark = writer.Mark;
            item.Write(writer, child, i);
            NestedText.QuoteArrayItem(writer, mark, delimiter, outerLevels);
        }

        writer.WriteByte((byte)'}');
    }
}

/// <summary>int2vector and oidvector: items between spaces.</summary>
internal sealed class VectorTextEncoder(ColumnEncoder item) : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row)
    {
        var (start, length) = column.GetList(row);
        for (var i = start; i < start + length; i++)
        {
            if (i > start) writer.WriteByte((byte)' ');
            item.Write(writer, column.Children[0], i);
        }
    }
}

/// <summary>Records as text; see <see cref="ArrayTextEncoder"/>.</summary>
internal sealed class RecordTextEncoder(ColumnEncoder[] fields, int outerLevels) : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row)
    {
        writer.CheckInterrupt();
        writer.WriteByte((byte)'(');
        for (var i = 0; i < fields.Length; i++)
        {
            if (i > 0) writer.WriteByte((byte)',');
            if (column.Children[i].IsNull(row)) continue;
            var mark = writer.Mark;
            fields[i].Write(writer, column.Children[i], row);
            NestedText.QuoteRecordField(writer, mark, outerLevels);
        }

        writer.WriteByte((byte)')');
    }
}

/// <summary>
/// Arrays in binary: int32 dimensions, int32 has-NULLs, int32 item OID, for each dimension int32 length and int32 lower bound, then the
/// items with their lengths in row-major order. Nested lists become dimensions; all lists of a level must have the same length.
/// </summary>
internal sealed class ArrayBinaryEncoder(ColumnEncoder leaf, Oid itemOid, int depth, int lowerBound) : ColumnEncoder
{
    private readonly int[] _lengths = new int[depth];

    public override void Write(ByteWriter writer, Column column, int row)
    {
        var (_, length) = column.GetList(row);
        Measure(column, row, 0);
        var isEmpty = length == 0 || _lengths[depth - 1] == 0;
        var isVector = lowerBound == 0;
        // Vectors are one-dimensional even when they are empty.
        writer.WriteInt32(isEmpty && !isVector ? 0 : depth);
        var hasNulls = writer.Mark;
        writer.WriteInt32(0);
        writer.WriteInt32((int)itemOid.Value);
        if (isEmpty && !isVector) return;
        foreach (var size in _lengths)
        {
            writer.WriteInt32(size);
            writer.WriteInt32(lowerBound);
        }

        if (WriteItems(writer, column, row, 0)) writer.PatchInt32(hasNulls, 1);
    }

    private void Measure(Column column, int row, int level)
    {
        for (; level < depth; level++)
        {
            var (start, length) = column.GetList(row);
            _lengths[level] = length;
            if (level == depth - 1) return;
            if (length == 0)
            {
                Array.Clear(_lengths, level, depth - level);
                return;
            }

            (column, row) = (column.Children[0], start);
        }
    }

    private bool WriteItems(ByteWriter writer, Column column, int row, int level)
    {
        var (start, length) = column.GetList(row);
        if (length != _lengths[level])
            throw new SqlException(
                SqlState.ArraySubscriptError, "multidimensional arrays must have array expressions with matching dimensions");
        var child = column.Children[0];
        var hasNulls = false;
        for (var i = start; i < start + length; i++)
        {
            if (level < depth - 1)
            {
                hasNulls |= WriteItems(writer, child, i, level + 1);
            }
            else if (child.IsNull(i))
            {
                writer.WriteInt32(-1);
                hasNulls = true;
            }
            else
            {
                var mark = writer.ReserveLength();
                leaf.Write(writer, child, i);
                writer.PatchLength(mark);
            }
        }

        return hasNulls;
    }
}

/// <summary>Records in binary: int32 number of fields, then for each its type OID, length and value.</summary>
internal sealed class RecordBinaryEncoder(ColumnEncoder[] fields, Oid[] types) : ColumnEncoder
{
    public override void Write(ByteWriter writer, Column column, int row)
    {
        writer.WriteInt32(fields.Length);
        for (var i = 0; i < fields.Length; i++)
        {
            writer.WriteInt32((int)types[i].Value);
            if (column.Children[i].IsNull(row))
            {
                writer.WriteInt32(-1);
                continue;
            }

            var mark = writer.ReserveLength();
            fields[i].Write(writer, column.Children[i], row);
            writer.PatchLength(mark);
        }
    }
}

/// <summary>Composites of an attached server, which are held as their text, in the binary form of records.</summary>
internal sealed class CompositeBinaryEncoder(SqlType type, RecordBinaryEncoder record) : ColumnEncoder
{
    private readonly BatchSchema _schema = new([new Field("composite", type)]);

    public override void Write(ByteWriter writer, Column column, int row)
    {
        if (type.Fields.Any(field => field.Type.IsUnknown))
            throw new SqlException(SqlState.FeatureNotSupported,
                "a composite with a field of a domain or a composite has no binary form here") { Hint = "Ask for it as text." };
        using var builder = new BatchBuilder(_schema);
        builder.Columns[0]
            .AppendValue(RecordText.Parse(System.Text.Encoding.UTF8.GetString(column.GetBytes(row)), type, ValueContext.Default));
        builder.EndRow();
        using var batch = builder.Build();
        record.Write(writer, batch.Columns[0], 0);
    }
}

/// <summary>Quotes parts of nested values that need it.</summary>
internal static class NestedText
{
    public static void QuoteArrayItem(ByteWriter writer, int mark, byte delimiter, int outerLevels)
    {
        if (TextQuoting.ArrayItemNeedsQuotes(writer.WrittenSince(mark), delimiter)) TextEscapes.ArrayItem.Apply(writer, mark, outerLevels);
    }

    public static void QuoteRecordField(ByteWriter writer, int mark, int outerLevels)
    {
        if (TextQuoting.RecordFieldNeedsQuotes(writer.WrittenSince(mark))) TextEscapes.RecordField.Apply(writer, mark, outerLevels);
    }
}
