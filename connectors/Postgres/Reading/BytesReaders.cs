using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Values;

namespace Federation.Connectors.Postgres.Reading;

/// <summary>bytea, and text that the server has checked to be UTF-8.</summary>
internal sealed class BytesReader(string column) : FieldReader(column)
{
    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder) => builder.AppendBytes(value);
}

/// <summary>Text of a database whose encoding is SQL_ASCII: any bytes may come.</summary>
internal sealed class UncheckedTextReader(string column) : FieldReader(column)
{
    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        if (!Utf8.IsValid(value))
        {
            throw new SqlException(SqlState.CharacterNotInRepertoire, $"column \"{ColumnName}\" has text that is not valid UTF-8")
            {
                ColumnName = ColumnName,
                Detail = "The source's database has the encoding SQL_ASCII.",
            };
        }

        builder.AppendBytes(value);
    }
}

/// <summary>A version byte, then the normal text form.</summary>
internal sealed class JsonbReader(string column) : FieldReader(column)
{
    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        if (value.IsEmpty || value[0] != 1) ThrowLength(value.Length);
        builder.AppendBytes(value[1..]);
    }
}

/// <summary>The type "char": one byte, shown as nothing when zero and in octal when not ASCII.</summary>
internal sealed class CharReader(string column) : FieldReader(column)
{
    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        Demand(value, 1);
        var code = value[0];
        if (code == 0) builder.AppendBytes([]);
        else if (code < 0x80) builder.AppendBytes(value);
        else builder.AppendBytes([(byte)'\\', (byte)('0' + (code >> 6)), (byte)('0' + ((code >> 3) & 7)), (byte)('0' + (code & 7))]);
    }
}

/// <summary>A bit count, then the bits from the top; the kernel keeps them at the bottom with ones as padding at the front.</summary>
internal sealed class BitReader(string column) : FieldReader(column)
{
    private byte[] _blob = new byte[64];

    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        if (value.Length < sizeof(int)) ThrowLength(value.Length);
        var count = BinaryPrimitives.ReadInt32BigEndian(value);
        var bits = value[sizeof(int)..];
        if (bits.Length != (count + 7) / 8) ThrowLength(value.Length);
        if (_blob.Length < bits.Length + 1) _blob = new byte[bits.Length * 2];
        var padding = (8 - (count & 7)) & 7;
        _blob[0] = (byte)padding;
        var carry = (1 << padding) - 1;
        for (var i = 0; i < bits.Length; i++)
        {
            _blob[i + 1] = (byte)((carry << (8 - padding)) | (bits[i] >> padding));
            carry = bits[i] & ((1 << padding) - 1);
        }

        builder.AppendBytes(_blob.AsSpan(0, bits.Length + 1));
    }
}

/// <summary>inet and cidr: family, prefix bits, whether cidr, address length, address.</summary>
internal sealed class NetworkReader(string column) : FieldReader(column)
{
    private const int HeaderLength = 4;

    public override void Read(ReadOnlySpan<byte> value, ColumnBuilder builder)
    {
        if (value.Length is not (HeaderLength + 4 or HeaderLength + 16)) ThrowLength(value.Length);
        var network = new PgNetwork(EquatableArray.Create(value[HeaderLength..]), value[1]);
        builder.AppendBytes(Encoding.ASCII.GetBytes(NetworkText.Format(network, isCidr: value[2] != 0)));
    }
}
