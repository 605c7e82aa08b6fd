using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Federation.Connectors.Tpch.Generation;

/// <summary>Writes text columns: offsets and bytes, straight into the column's memory.</summary>
internal static unsafe class TextFill
{
    // Pieces of the pool are far apart; so many rows ahead their memory is asked for.
    private const int Prefetch = 12;

    private static readonly byte* s_characters = Alphabet();

    /// <summary>
    /// Comments: pieces of the text pool, 0.4 to 1.6 times <paramref name="average"/> bytes long. Two draws per row: place and length.
    /// </summary>
    public static void Comments(RowRange range, uint seed, int average, ColumnMemory target)
    {
        var (shortest, longest) = Lengths(average);
        var places = range.Rent(range.Rows);
        var offsets = target.Offsets();
        offsets[0] = 0;
        double placeRange = TextPool.Size - longest + 1;
        double lengthRange = longest - shortest + 1;
        if (range is LineRange lines)
        {
            var order = new RandomStream(seed, range.First * LineRange.MostLines * 2);
            var next = RandomStream.PowerOf(LineRange.MostLines * 2);
            var row = 0;
            for (var i = 0; i < lines.Orders; i++)
            {
                var line = order;
                for (var end = row + lines.LineCounts[i]; row < end; row++)
                {
                    places[row] = line.Next(0, placeRange);
                    offsets[row + 1] = offsets[row] + line.Next(shortest, lengthRange);
                }

                order.Skip(next);
            }
        }
        else
        {
            var stream = new RandomStream(seed, range.First * 2);
            for (var row = 0; row < range.Rows; row++)
            {
                places[row] = stream.Next(0, placeRange);
                offsets[row + 1] = offsets[row] + stream.Next(shortest, lengthRange);
            }
        }

        var bytes = target.Bytes(offsets[range.Rows]);
        var text = TextPool.Text;
        for (var row = 0; row < range.Rows; row++)
        {
            if (Sse.IsSupported && row + Prefetch < range.Rows) Sse.Prefetch0(text + places[row + Prefetch]);
            Copy(text + places[row], bytes + offsets[row], offsets[row + 1] - offsets[row]);
        }
    }

    /// <summary>Shortest and longest value of a text whose average length is given.</summary>
    public static (int Shortest, int Longest) Lengths(int average) => ((int)(average * 0.4), (int)(average * 1.6));

    /// <summary>Words of a table, drawn once per row.</summary>
    public static void Words(RowRange range, uint seed, WordTable words, ColumnMemory target)
    {
        if (range is LineRange lines)
        {
            Entries(lines.Draw(seed, 0, words.Count), words, target);
            return;
        }

        var indexes = range.Rent(range.Rows);
        var stream = new RandomStream(seed, range.First);
        for (var row = 0; row < range.Rows; row++) indexes[row] = stream.Next(0, words.Count);
        Entries(indexes, words, target);
    }

    /// <summary>The words at <paramref name="indexes"/>.</summary>
    public static void Entries(int[] indexes, WordTable words, ColumnMemory target)
    {
        var offsets = target.Offsets();
        var bytes = target.Bytes((long)target.Rows * words.Longest);
        var end = bytes;
        offsets[0] = 0;
        for (var row = 0; row < target.Rows; row++)
        {
            var entry = words.Entry(indexes[row]);
            Vector256.Store(Vector256.Load(entry), end);
            end += entry[WordTable.EntrySize - 1];
            offsets[row + 1] = (int)(end - bytes);
        }
    }

    /// <summary>A tag and a number of at least nine digits, as in Customer#000000001.</summary>
    public static void Tagged(ReadOnlySpan<byte> tag, Func<int, long> number, ColumnMemory target)
    {
        const int Digits = 9;
        var offsets = target.Offsets();
        var bytes = target.Bytes(target.Rows * (long)(tag.Length + Digits + 3));
        offsets[0] = 0;
        for (var row = 0; row < target.Rows; row++)
        {
            var start = bytes + offsets[row];
            tag.CopyTo(new Span<byte>(start, tag.Length));
            var value = number(row);
            var length = value > 999_999_999 ? Digits + 1 : Digits;
            WriteDigits(start + tag.Length, value, length);
            offsets[row + 1] = offsets[row] + tag.Length + length;
        }
    }

    /// <summary>Ten to forty characters: a draw for the length and one for every five characters, of nine reserved.</summary>
    public static void Addresses(RowRange range, uint seed, ColumnMemory target)
    {
        const int DrawsPerRow = 9;
        const int CharactersPerDraw = 5;
        var (shortest, longest) = Lengths(25);
        var offsets = target.Offsets();
        var bytes = target.Bytes((long)target.Rows * longest);
        offsets[0] = 0;
        var rowStream = new RandomStream(seed, range.First * DrawsPerRow);
        var next = RandomStream.PowerOf(DrawsPerRow);
        for (var row = 0; row < range.Rows; row++)
        {
            var stream = rowStream;
            var start = bytes + offsets[row];
            var length = stream.Next(shortest, longest - shortest + 1);
            for (var i = 0; i < length; i += CharactersPerDraw)
            {
                var groups = stream.NextCharacters();
                for (var j = i; j < i + CharactersPerDraw; j++, groups >>= 6) start[j] = s_characters[groups & 63];
            }

            offsets[row + 1] = offsets[row] + length;
            rowStream.Skip(next);
        }
    }

    /// <summary>Telephone numbers, whose country code is the nation's.</summary>
    public static void Phones(RowRange range, uint seed, uint nationSeed, ColumnMemory target)
    {
        const int Length = 15;
        var offsets = target.Offsets();
        var bytes = target.Bytes((long)target.Rows * Length);
        var nations = new RandomStream(nationSeed, range.First);
        var stream = new RandomStream(seed, range.First * 3);
        for (var row = 0; row < range.Rows; row++)
        {
            var start = bytes + (row * Length);
            offsets[row] = row * Length;
            WriteDigits(start, 10 + nations.Next(0, Generation.Words.Nations.Count), 2);
            WriteDigits(start + 3, stream.Next(100, 900), 3);
            WriteDigits(start + 7, stream.Next(100, 900), 3);
            WriteDigits(start + 11, stream.Next(1000, 9000), 4);
            start[2] = start[6] = start[10] = (byte)'-';
        }

        offsets[range.Rows] = range.Rows * Length;
    }

    /// <summary>
    /// Five different colours per part: the first five places of a permutation, of whose 92 draws the others are skipped.
    /// </summary>
    public static void PartNames(RowRange range, uint seed, ColumnMemory target)
    {
        const int NameWords = 5;
        var colors = Generation.Words.Colors;
        var count = colors.Count;
        Span<byte> order = stackalloc byte[count];
        Span<int> swaps = stackalloc int[NameWords];
        for (var i = 0; i < count; i++) order[i] = (byte)i;
        var offsets = target.Offsets();
        var bytes = target.Bytes((long)target.Rows * 55);
        offsets[0] = 0;
        var rowStream = new RandomStream(seed, range.First * count);
        var next = RandomStream.PowerOf(count);
        for (var row = 0; row < range.Rows; row++)
        {
            var stream = rowStream;
            var end = bytes + offsets[row];
            for (var i = 0; i < NameWords; i++)
            {
                swaps[i] = stream.Next(i, count - i);
                (order[i], order[swaps[i]]) = (order[swaps[i]], order[i]);
                var entry = colors.Entry(order[i]);
                Vector256.Store(Vector256.Load(entry), end);
                end += entry[WordTable.EntrySize - 1];
                *end++ = (byte)' ';
            }

            // Every row starts from the same order.
            for (var i = NameWords - 1; i >= 0; i--) (order[i], order[swaps[i]]) = (order[swaps[i]], order[i]);
            offsets[row + 1] = (int)(end - bytes) - 1;
            rowStream.Skip(next);
        }
    }

    /// <summary>Copies in steps of 32 bytes; up to 31 bytes behind the value are overwritten.</summary>
    public static void Copy(byte* source, byte* target, int length)
    {
        for (var i = 0; i < length; i += 32) Vector256.Store(Vector256.Load(source + i), target + i);
    }

    public static void WriteDigits(byte* target, long value, int digits)
    {
        for (var i = digits - 1; i >= 0; i--)
        {
            (value, var digit) = Math.DivRem(value, 10);
            target[i] = (byte)('0' + digit);
        }
    }

    private static byte* Alphabet()
    {
        var characters = "0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,"u8;
        var memory = (byte*)NativeMemory.Alloc((nuint)characters.Length);
        characters.CopyTo(new Span<byte>(memory, characters.Length));
        return memory;
    }
}
