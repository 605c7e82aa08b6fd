using Federation.ObjectStorage;
using System.Diagnostics;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Lakehouse.Iceberg;
using Federation.Connectors.Spi;
using Federation.Core.Types;
using Xunit.Abstractions;

namespace Federation.Connectors.Tests.Iceberg;

/// <summary>
/// Tables of 100,000 files: what is known of them stays in memory, in one manifest or in many, and a point query finds its file.
/// </summary>
public sealed class ManyFilesTests(ITestOutputHelper output) : IDisposable
{
    private const int Files = 100_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("federation-files").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void A_point_query_reads_one_file(int manifests)
    {
        var metadata = TableMetadataReader.Load(LocalStore.Instance, WrittenTable.Write(_folder, Files, manifests));
        var files = new IcebergFiles(LocalStore.Instance, new ParquetFooters());
        var table = new IcebergTable(metadata,
            new TableLocation(metadata.Location, _folder, new AllowedPaths([_folder]), LocalStore.Instance), files);
        var (snapshot, schema) = table.Find(null);
        var wanted = new ConnectorExpression.Operator("=",
            [new ConnectorExpression.Column("id", SqlType.Int8), new ConnectorExpression.Constant(4_200_042L, SqlType.Int8)], SqlType.Bool);
        for (var round = 0; round < 4; round++)
        {
            var watch = Stopwatch.StartNew();
            var choice = FileChoice.Make(table, snapshot!, schema, [wanted]);
            output.WriteLine($"{manifests} manifests, round {round}: {watch.ElapsedMilliseconds} ms");
            Assert.Equal(Files, choice.LiveFiles);
            var file = Assert.Single(choice.Data);
            Assert.Equal("data/region=region-000/part-042000.parquet", file.Entry.Path);
            Assert.Equal("region-000", file.PartitionValues[0]);
        }

        // Read again from disk they would differ as objects.
        var held = table.Manifests(snapshot!).Select(manifest => files.Manifests.Get(manifest.Path)).ToArray();
        Assert.All(table.Manifests(snapshot!).Zip(held), pair => Assert.Same(pair.Second, files.Manifests.Get(pair.First.Path)));
        Assert.InRange(held.Sum(manifest => manifest.Entries.Bytes) / Files, 1, 400);
    }

    [Fact]
    public void Entries_are_what_was_packed()
    {
        var metadata = TableMetadataReader.Load(LocalStore.Instance, WrittenTable.Write(_folder, 3, 1));
        var table = new IcebergTable(metadata,
            new TableLocation(metadata.Location, _folder, new AllowedPaths([_folder]), LocalStore.Instance),
            new IcebergFiles(LocalStore.Instance, new ParquetFooters()));
        var read = ManifestReader.Read(LocalStore.Instance, table.Manifests(table.Find(null).Snapshot!)[0].Path).Entries;
        var entry = new ManifestEntry(
            true, 7, FileContent.EqualityDeletes, "path", "parquet", read[0].Partition, 5, 9,
            new Dictionary<int, long> { [1] = 5, [-3] = 0 }, new Dictionary<int, long> { [1] = 0 },
            new Dictionary<int, long> { [2] = 4 }, new Dictionary<int, byte[]> { [1] = [], [2] = [1, 2] },
            new Dictionary<int, byte[]> { [9] = [3] }, [1, -1], true, "other", long.MaxValue, null);
        var packed = PackedEntries.Pack([read[1], entry]);
        Assert.Equivalent(read[1], packed[0], strict: true);
        Assert.Equivalent(entry, packed[1], strict: true);
        Assert.Equivalent(new FieldMetrics(5, 0, null, [], null), packed.At(1).Metrics(1), strict: true);
        Assert.Equal(default, packed.At(1).Metrics(77));
        Assert.Equal((FileContent.EqualityDeletes, 5, 7, true),
            (packed.At(1).Content, packed.At(1).RecordCount, packed.At(1).SequenceNumber, packed.At(1).IsAdded));
    }
}
