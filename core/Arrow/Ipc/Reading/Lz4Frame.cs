using System.Buffers.Binary;

namespace Federation.Arrow.Ipc;

/// <summary>
/// Decodes LZ4 frames (github.com/lz4/lz4, lz4_Frame_format.md): magic 0x184D2204, a flag byte, a byte of the block size, optional content
/// size and dictionary id, a header checksum; then blocks with their uint32 length (top bit: stored as is) up to a length of 0. Checksums
/// are not verified: the transport has its own.
/// </summary>
internal static class Lz4Frame
{
    private const uint Magic = 0x184D2204;
    private const int MinMatch = 4;

    /// <summary>Raises 08P01 unless the frame decodes to exactly the target's length.</summary>
    public static void Decode(ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (source.Length < 7 || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic) throw Broken();
        var flags = source[4];
        if (flags >> 6 != 1) throw Broken();
        var hasBlockChecksum = (flags & 0x10) != 0;
        var hasContentSize = (flags & 0x08) != 0;
        if ((flags & 0x01) != 0) throw IpcErrors.Unsupported("LZ4 dictionary");
        var position = 6 + (hasContentSize ? 8 : 0) + 1;
        var written = 0;
        while (true)
        {
            if (position > source.Length - sizeof(uint)) throw Broken();
            var size = BinaryPrimitives.ReadUInt32LittleEndian(source[position..]);
            position += sizeof(uint);
            if (size == 0) break;
            var length = (int)(size & 0x7fffffff);
            if (length > source.Length - position) throw Broken();
            var block = source.Slice(position, length);
            position += length + (hasBlockChecksum ? sizeof(uint) : 0);
            if ((size & 0x80000000) == 0)
            {
                written = DecodeBlock(block, target, written);
                continue;
            }

            if (length > target.Length - written) throw Broken();
            block.CopyTo(target[written..]);
            written += length;
        }

        if (written != target.Length) throw Broken();
    }

    /// <summary>Sequences of a token, literals, and a match that copies earlier output; the last has no match.</summary>
    private static int DecodeBlock(ReadOnlySpan<byte> block, Span<byte> target, int written)
    {
        var position = 0;
        while (position < block.Length)
        {
            var token = block[position++];
            var literals = Length(block, token >> 4, ref position);
            if (literals > block.Length - position || literals > target.Length - written) throw Broken();
            block.Slice(position, literals).CopyTo(target[written..]);
            position += literals;
            written += literals;
            if (position == block.Length) break;
            if (position > block.Length - sizeof(ushort)) throw Broken();
            var distance = BinaryPrimitives.ReadUInt16LittleEndian(block[position..]);
            position += sizeof(ushort);
            var match = Length(block, token & 15, ref position) + MinMatch;
            if (distance == 0 || distance > written || match > target.Length - written) throw Broken();
            if (distance >= match) target.Slice(written - distance, match).CopyTo(target[written..]);
            else
                for (var i = 0; i < match; i++) target[written + i] = target[written + i - distance];
            written += match;
        }

        return written;
    }

    private static int Length(ReadOnlySpan<byte> block, int start, ref int position)
    {
        var length = start;
        if (start < 15) return length;
        byte next;
        do
        {
            if (position >= block.Length || length > int.MaxValue - 512) throw Broken();
            next = block[position++];
            length += next;
        }
        while (next == 255);
        return length;
    }

    private static Core.Errors.SqlException Broken() => IpcErrors.Malformed("broken LZ4 frame");
}
