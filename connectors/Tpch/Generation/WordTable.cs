using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Federation.Connectors.Tpch.Generation;

/// <summary>
/// Words to draw from, laid out for copying: entry i is 32 bytes, the word and in the last byte its length, so that a word is written with
/// one 32-byte store. Lives as long as the process.
/// </summary>
internal sealed unsafe class WordTable
{
    public const int EntrySize = 32;

    private readonly byte* _entries;

    /// <param name="words">ASCII, at most 31 bytes each.</param>
    public WordTable(IReadOnlyList<string> words)
    {
        Count = words.Count;
        Longest = words.Max(word => word.Length);
        _entries = (byte*)NativeMemory.AlignedAlloc((nuint)(words.Count * EntrySize), EntrySize);
        NativeMemory.Clear(_entries, (nuint)(words.Count * EntrySize));
        for (var i = 0; i < words.Count; i++)
        {
            var entry = new Span<byte>(_entries + (i * EntrySize), EntrySize);
            entry[EntrySize - 1] = (byte)Encoding.ASCII.GetBytes(words[i], entry[..(EntrySize - 1)]);
        }
    }

    public int Count { get; }

    /// <summary>Bytes of the longest word.</summary>
    public int Longest { get; }

    /// <summary>
    /// A table that holds every word as often as its weight says; "word weight" separated by commas, without weight once.
    /// </summary>
    /// <param name="suffix">Written behind each word.</param>
    public static WordTable Weighted(string list, string suffix) => new(
        [.. Weights(list).SelectMany(item => Enumerable.Repeat(item.Word + suffix, item.Weight))]);

    /// <summary>The items of a weighted list, each as often as its weight.</summary>
    public static string[] Repeat(string list) => [.. Weights(list).SelectMany(item => Enumerable.Repeat(item.Word, item.Weight))];

    public byte* Entry(int index) => _entries + ((long)index * EntrySize);

    private static IEnumerable<(string Word, int Weight)> Weights(string list)
    {
        foreach (var item in list.Split(','))
        {
            var space = item.LastIndexOf(' ');
            yield return space > 0 && int.TryParse(item.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var weight)
                ? (item[..space], weight)
                : (item, 1);
        }
    }
}
