using System.Buffers.Binary;
using Federation.Core.Errors;
using Federation.Core.Values;
using Federation.PgWire.Types;
using Federation.SessionApi;

namespace Federation.PgWire.Copy;

/// <summary>COPY's binary format; <see cref="BinaryCopyFormat"/> describes it.</summary>
internal sealed class BinaryCopyReader(CopyIn copy, ValueContext context) : ICopyRowReader
{
    private const int SignatureLength = 11;
    private const int CriticalFlags = unchecked((int)0xffff0000);

    private bool _hasHeader;
    private bool _isOver;
    private long _line;

    private static ReadOnlySpan<byte> Signature => [(byte)'P', (byte)'G', (byte)'C', (byte)'O', (byte)'P', (byte)'Y', (byte)'\n', 0xff, (byte)'\r', (byte)'\n', 0];

    public bool TryRead(CopyBuffer buffer, bool isEnd, object?[] values)
    {
        if (_isOver)
        {
            return buffer.Unread.IsEmpty ? false : throw new SqlException(SqlState.BadCopyFileFormat, "received copy data after EOF marker");
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
            return TryRead(buffer, isEnd, values);
        }

        _line++;
        ReadRow(buffer.Unread[2..length], values);
        buffer.Advance(length);
        return true;
    }

    private bool TryReadHeader(CopyBuffer buffer, bool isEnd)
    {
        const int HeaderLength = SignatureLength + 8;
        var data = buffer.Unread;
        if (!data[..Math.Min(data.Length, SignatureLength)].SequenceEqual(Signature[..Math.Min(data.Length, SignatureLength)]) || (isEnd && data.Length < SignatureLength))
            throw new SqlException(SqlState.BadCopyFileFormat, "COPY file signature not recognized");
        if (data.Length < HeaderLength) return isEnd ? throw new SqlException(SqlState.BadCopyFileFormat, "invalid COPY file header (missing length)") : false;
        var flags = BinaryPrimitives.ReadInt32BigEndian(data[SignatureLength..]);
        if ((flags & CriticalFlags) != 0) throw new SqlException(SqlState.BadCopyFileFormat, "unrecognized critical flags in COPY file header");
        var extension = BinaryPrimitives.ReadInt32BigEndian(data[(SignatureLength + 4)..]);
        if (extension < 0) throw new SqlException(SqlState.BadCopyFileFormat, "invalid COPY file header (missing length)");
        if (data.Length - HeaderLength < extension) return isEnd ? throw new SqlException(SqlState.BadCopyFileFormat, "invalid COPY file header (wrong length)") : false;
        buffer.Advance(HeaderLength + extension);
        return _hasHeader = true;
    }

    /// <summary>The bytes of the first row; negative for the end marker, null when the row is not there as a whole.</summary>
    private int? FindRow(ReadOnlySpan<byte> data)
    {
        if (data.Length < 2) return null;
        var count = BinaryPrimitives.ReadInt16BigEndian(data);
        if (count == -1) return -1;
        if (count != copy.Fields.Count) throw new SqlException(SqlState.BadCopyFileFormat, $"row field count is {count}, expected {copy.Fields.Count}").In($"COPY {copy.Table}, line {_line + 1}");
        var position = 2;
        for (var i = 0; i < count; i++)
        {
            if (data.Length - position < 4) return null;
            var length = BinaryPrimitives.ReadInt32BigEndian(data[position..]);
            if (length < -1) throw new SqlException(SqlState.BadCopyFileFormat, "invalid field size").In($"COPY {copy.Table}, line {_line + 1}, column {copy.Fields[i].Name}");
            position += 4;
            if (length <= 0) continue;
            if (data.Length - position < length) return null;
            position += length;
        }

        return position;
    }

    private void ReadRow(ReadOnlySpan<byte> row, object?[] values)
    {
        var position = 0;
        for (var i = 0; i < values.Length; i++)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(row[position..]);
            position += 4;
            values[i] = null;
            if (length < 0) continue;
            try
            {
                values[i] = ParameterDecoder.ReadField(row.Slice(position, length), copy.Fields[i].Type, context);
            }
            catch (SqlException error)
            {
                throw error.In($"COPY {copy.Table}, line {_line}, column {copy.Fields[i].Name}");
            }

            position += length;
        }
    }
}
