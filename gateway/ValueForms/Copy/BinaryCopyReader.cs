using System.Buffers.Binary;
using System.Text.Unicode;
using Federation.Arrow;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.SessionApi;

namespace Federation.ValueForms.Copy;

/// <summary>COPY's binary format; <see cref="BinaryCopyFormat"/> describes it.</summary>
internal sealed class BinaryCopyReader(CopyIn copy, ValueContext context) : ICopyRowReader
{
    private const int SignatureLength = 11;
    private const int CriticalFlags = unchecked((int)0xffff0000);

    private bool _hasHeader;
    private bool _isOver;
    private long _line;

    private static ReadOnlySpan<byte> Signature =>
        [(byte)'P', (byte)'G', (byte)'C', (byte)'O', (byte)'P', (byte)'Y', (byte)'\n', 0xff, (byte)'\r', (byte)'\n', 0];

    public bool TryRead(CopyBuffer buffer, bool isEnd, BatchBuilder rows)
    {
        if (_isOver)
        {
            return buffer.Unread.IsEmpty
                ? false
                : throw new SqlException(SqlState.BadCopyFileFormat, "received copy data after EOF marker");
        }

        if (!_hasHeader && !TryReadHeader(buffer, isEnd)) return false;
        if (FindRow(buffer.Unread) is not { } length)
        {
            if (!isEnd || _isOver) return false;
            // PostgreSQL takes the end of the data for the end marker when it comes between two rows.
            return buffer.Unread.IsEmpty ? false : throw new SqlException(SqlState.BadCopyFileFormat, "unexpected EOF in COPY data");
        }

        if (length < 0)
        {
            _isOver = true;
            buffer.Advance(2);
            return TryRead(buffer, isEnd, rows);
        }

        _line++;
        ReadRow(buffer.Unread[2..length], rows.Columns);
        buffer.Advance(length);
        return true;
    }

    private bool TryReadHeader(CopyBuffer buffer, bool isEnd)
    {
        const int HeaderLength = SignatureLength + 8;
        var data = buffer.Unread;
        if (!data[..Math.Min(data.Length, SignatureLength)].SequenceEqual(Signature[..Math.Min(data.Length, SignatureLength)])
            || (isEnd && data.Length < SignatureLength))
            throw new SqlException(SqlState.BadCopyFileFormat, "COPY file signature not recognized");
        if (data.Length < HeaderLength)
            return isEnd ? throw new SqlException(SqlState.BadCopyFileFormat, "invalid COPY file header (missing length)") : false;
        var flags = BinaryPrimitives.ReadInt32BigEndian(data[SignatureLength..]);
        if ((flags & CriticalFlags) != 0)
            throw new SqlException(SqlState.BadCopyFileFormat, "unrecognized critical flags in COPY file header");
        var extension = BinaryPrimitives.ReadInt32BigEndian(data[(SignatureLength + 4)..]);
        if (extension < 0) throw new SqlException(SqlState.BadCopyFileFormat, "invalid COPY file header (missing length)");
        if (data.Length - HeaderLength < extension)
            return isEnd ? throw new SqlException(SqlState.BadCopyFileFormat, "invalid COPY file header (wrong length)") : false;
        buffer.Advance(HeaderLength + extension);
        return _hasHeader = true;
    }

    /// <summary>The bytes of the first row; negative for the end marker, null when the row is not there as a whole.</summary>
    private int? FindRow(ReadOnlySpan<byte> data)
    {
        if (data.Length < 2) return null;
        var count = BinaryPrimitives.ReadInt16BigEndian(data);
        if (count == -1) return -1;
        if (count != copy.Fields.Count)
            throw new SqlException(SqlState.BadCopyFileFormat, $"row field count is {count}, expected {copy.Fields.Count}")
                .In($"COPY {copy.Table}, line {_line + 1}");
        var position = 2;
        for (var i = 0; i < count; i++)
        {
            if (data.Length - position < 4) return null;
            var length = BinaryPrimitives.ReadInt32BigEndian(data[position..]);
            if (length < -1)
                throw new SqlException(SqlState.BadCopyFileFormat, "invalid field size")
                    .In($"COPY {copy.Table}, line {_line + 1}, column {copy.Fields[i].Name}");
            position += 4;
            if (length <= 0) continue;
            if (data.Length - position < length) return null;
            position += length;
        }

        return position;
    }

    private void ReadRow(ReadOnlySpan<byte> row, ColumnBuilder[] columns)
    {
        var position = 0;
        for (var i = 0; i < columns.Length; i++)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(row[position..]);
            position += 4;
            if (length < 0)
            {
                columns[i].AppendNull();
                continue;
            }

            var field = row.Slice(position, length);
            position += length;
            if (TryAppend(field, columns[i])) continue;
            try
            {
                columns[i].AppendValue(BinaryDecoder.ReadField(field, copy.Fields[i].Type, context));
            }
            catch (SqlException error)
            {
                throw error.In($"COPY {copy.Table}, line {_line}, column {copy.Fields[i].Name}");
            }
        }
    }

    /// <summary>The quick way of the commonest types, whose values need no check; false, and nothing is appended, for the rest.</summary>
    private static bool TryAppend(ReadOnlySpan<byte> field, ColumnBuilder column)
    {
        switch (column.Type.Storage)
        {
            case Storage.Boolean when field.Length == 1: column.AppendBoolean(field[0] != 0); return true;
            case Storage.Int16 when field.Length == 2: column.Append(BinaryPrimitives.ReadInt16BigEndian(field)); return true;
            case Storage.Int32 or Storage.Float32 when field.Length == 4: column.Append(BinaryPrimitives.ReadInt32BigEndian(field));
            return true;
            case Storage.Int64 when column.Type.Base.Length == 8
                && field.Length == 8: column.Append(BinaryPrimitives.ReadInt64BigEndian(field)); return true;
            case Storage.Float64 when field.Length == 8: column.Append(BinaryPrimitives.ReadInt64BigEndian(field)); return true;
            case Storage.Text when ReferenceEquals(column.Type.Base, PgTypes.Text) && Utf8.IsValid(field) && !field.Contains((byte)0):
                column.AppendBytes(field);
                return true;
            default: return false;
        }
    }
}
