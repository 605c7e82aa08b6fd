using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Federation.Connectors.Tpch.Generation;

/// <summary>
/// The 300 MiB of pseudo-English that every comment is a piece of (text.c of dbgen, clause 4.2.2.10). Made when the first comment of the
/// process is asked for, shared by all readers and kept: comments lie anywhere in it, so none of it can be left out.
/// </summary>
internal static unsafe class TextPool
{
    /// <summary>Bytes of text; drawn offsets depend on it.</summary>
    public const int Size = 300 << 20;

    /// <summary>Bytes behind the text that may be read when a piece is copied in large steps.</summary>
    public const int Slack = 256;

    // A sentence is shorter than this.
    private const int LongestSentence = 1024;
    private const uint Seed = 933588178;

    private static readonly Lazy<nint> s_text = new(() => (nint)Generate(), LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>The text. Thread-safe; the first call takes about a second.</summary>
    public static byte* Text => (byte*)s_text.Value;

    private static byte* Generate()
    {
        var text = (byte*)NativeMemory.AlignedAlloc(Size + LongestSentence + Slack, 4096);
        var writer = new Writer(text);
        while (writer.End - text < Size) writer.AppendSentence();
        return text;
    }

    /// <summary>Writes sentences by the grammar; every word ends with the space that follows it.</summary>
    private struct Writer(byte* start)
    {
        private static readonly WordTable s_nouns = WordTable.Weighted(Words.Nouns, " ");
        private static readonly WordTable s_verbs = WordTable.Weighted(Words.Verbs, " ");
        private static readonly WordTable s_adverbs = WordTable.Weighted(Words.Adverbs, " ");
        private static readonly WordTable s_adjectives = WordTable.Weighted(Words.Adjectives, " ");
        private static readonly WordTable s_listedAdjectives = WordTable.Weighted(Words.Adjectives, ", ");
        private static readonly WordTable s_prepositions = WordTable.Weighted(Words.Prepositions, " the ");
        private static readonly WordTable s_auxiliaries = WordTable.Weighted(Words.Auxiliaries, " ");
        private static readonly WordTable s_terminators = WordTable.Weighted(Words.Terminators, " ");
        private static readonly string[] s_sentences = WordTable.Repeat(Words.Sentences);
        private static readonly string[] s_nounPhrases = WordTable.Repeat(Words.NounPhrases);
        private static readonly string[] s_verbPhrases = WordTable.Repeat(Words.VerbPhrases);

        private RandomStream _random = new(Seed, 0);

        public byte* End { get; private set; } = start;

        public void AppendSentence()
        {
            foreach (var part in s_sentences[_random.Next(0, s_sentences.Length)])
            {
                switch (part)
                {
                    case 'N': AppendNounPhrase(); break;
                    case 'V': AppendVerbPhrase(); break;
                    case 'P':
                        Append(s_prepositions);
                        AppendNounPhrase();
                        break;
                    default:
                        // A terminator abuts the last word.
                        End--;
                        Append(s_terminators);
                        break;
                }
            }
        }

        private void AppendNounPhrase()
        {
            foreach (var part in s_nounPhrases[_random.Next(0, s_nounPhrases.Length)])
                Append(part switch { 'N' => s_nouns, 'J' => s_adjectives, 'K' => s_listedAdjectives, _ => s_adverbs });
        }

        private void AppendVerbPhrase()
        {
            foreach (var part in s_verbPhrases[_random.Next(0, s_verbPhrases.Length)])
                Append(part switch { 'V' => s_verbs, 'X' => s_auxiliaries, _ => s_adverbs });
        }

        private void Append(WordTable table)
        {
            var entry = table.Entry(_random.Next(0, table.Count));
            Vector256.Store(Vector256.Load(entry), End);
            End += entry[WordTable.EntrySize - 1];
        }
    }
}
