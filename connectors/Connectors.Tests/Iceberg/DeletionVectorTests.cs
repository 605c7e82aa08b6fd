using Federation.Connectors.Formats.Roaring;
using Federation.Connectors.Lakehouse.Iceberg;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;

namespace Federation.Connectors.Tests.Iceberg;

public sealed class DeletionVectorTests
{
    private const string Folder = "iceberg/apache-iceberg-core/org/apache/iceberg/deletes";

    [GoldenFact]
    public void Vectors_that_java_wrote()
    {
        Assert.Empty(Decode("empty-position-index.bin"));
        Assert.Equal([1L, 3, 5, 7, 9], Decode("small-alternating-values-position-index.bin"));
        Assert.Equal([100L, 101, 2147483747, 2147483748], Decode("small-and-large-values-position-index.bin"));
        var all = Decode("all-container-types-position-index.bin");
        Assert.Equal(132561, all.Count);
        Assert.Equal([5L, 7, 65537], all.Take(3));
    }

    [GoldenFact]
    public void Bitmaps_of_other_writers()
    {
        Assert.Equal(Enumerable.Range(0, 10).Select(value => (long)value), Read64(Golden.Path(Folder, "64map32bitvals.bin")));
        Assert.Empty(Read64(Golden.Path(Folder, "64mapempty.bin")));
        var spread = Read64(Golden.Path(Folder, "64mapspreadvals.bin"));
        Assert.Equal((100, 38654705673L), (spread.Count, spread[^1]));
        Assert.Equal(SqlState.DataCorrupted, Assert.Throws<SqlException>(() => Read64(Golden.Path(Folder, "64maphighvals.bin"))).State);
        var folder = Golden.Path("roaring");
        foreach (var path in Directory.EnumerateFiles(folder, "bitmap*.bin", SearchOption.AllDirectories))
        {
            var name = Path.GetFileName(path);
            if (name.Contains("64", StringComparison.Ordinal)) continue;
            var values = new RoaringReader(File.ReadAllBytes(path), path).Read32().SelectMany(Values).ToList();
            Assert.Equal(200100, values.Count);
            Assert.Equal((0L, 799999L), (values[0], values[^1]));
        }
    }

    [GoldenFact]
    public void Damaged_vectors_are_corrupt()
    {
        var bytes = File.ReadAllBytes(Golden.Path(Folder, "all-container-types-position-index.bin"));
        var random = new Random(3);
        for (var i = 0; i < 200; i++)
        {
            var damaged = bytes.ToArray();
            damaged[random.Next(damaged.Length)] ^= (byte)(1 + random.Next(255));
            Assert.Equal(SqlState.DataCorrupted, Assert.Throws<SqlException>(() => DeletionVectors.Decode(damaged, "f")).State);
            // Without the checksum the bitmap reader is on its own.
            try
            {
                new RoaringReader(damaged.AsSpan(8, damaged.Length - 12), "f").Read64();
            }
            catch (SqlException error)
            {
                Assert.Equal(SqlState.DataCorrupted, error.State);
            }
        }
    }

    private static List<long> Decode(string name) =>
        DeletionVectors.Decode(File.ReadAllBytes(Golden.Path(Folder, name)), name).SelectMany(Values).ToList();

    private static List<long> Read64(string path) => new RoaringReader(File.ReadAllBytes(path), path).Read64().SelectMany(Values).ToList();

    private static IEnumerable<long> Values(RowRange range)
    {
        for (var i = 0L; i < range.Count; i++) yield return range.First + i;
    }
}
