using Federation.ObjectStorage;
using System.Text;
using Federation.Connectors.Formats;
using Federation.Connectors.Lakehouse.Iceberg;
using Federation.Connectors.Spi;
using Federation.Core.Errors;

namespace Federation.Connectors.Tests.Iceberg;

public sealed class MetadataTests
{
    [GoldenFact]
    public void Valid_and_invalid_metadata_of_the_reference_implementations()
    {
        // Version 3 was not supported when this file was written.
        const string supportedSince = "iceberg-rust/table_metadata/TableMetadataUnsupportedVersion.json";
        foreach (var path in Golden.Files("iceberg/apache-iceberg-core", "TableMetadata*.json")
            .Concat(Golden.Files("iceberg/iceberg-rust/table_metadata", "*.json")))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            if (path.EndsWith(supportedSince, StringComparison.Ordinal)) continue;
            var isInvalid = name.Contains("Missing", StringComparison.Ordinal) || name.Contains("NotFound", StringComparison.Ordinal)
                || name.Contains("NoValid", StringComparison.Ordinal) || name.Contains("Unsupported", StringComparison.Ordinal);
            if (!isInvalid)
            {
                Assert.NotEmpty(TableMetadataReader.Load(LocalStore.Instance, path).Schemas);
                continue;
            }

            var error = Assert.Throws<SqlException>(() => TableMetadataReader.Load(LocalStore.Instance, path));
            Assert.Equal(name.Contains("Unsupported", StringComparison.Ordinal)
                ? SqlState.FeatureNotSupported
                : SqlState.DataCorrupted, error.State);
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
        }
    }

    [GoldenFact]
    public void Metadata_of_spark()
    {
        foreach (var path in Golden.Files("iceberg/pg_lake/iceberg/metadata_json", "*.metadata.json"))
            Assert.NotEmpty(TableMetadataReader.Load(LocalStore.Instance, path).Schemas);
    }

    [GoldenFact]
    public void What_is_no_metadata_is_corrupt()
    {
        var error = Assert.Throws<SqlException>(
            () => TableMetadataReader.Load(LocalStore.Instance, Golden.Path("iceberg/duckdb-iceberg/bad_data/bad_iceberg_metadata.json")));
        Assert.Equal(SqlState.DataCorrupted, error.State);
    }

    [Theory]
    [InlineData("""{"format-version":4,"location":"/t"}""", "0A000")]
    [InlineData("""{"format-version":"2","location":"/t"}""", "XX001")]
    [InlineData("""{"format-version":2}""", "XX001")]
    [InlineData("[]", "XX001")]
    [InlineData("", "XX001")]
    public void Broken_metadata(string json, string state) =>
        Assert.Equal(new SqlState(state), Assert.Throws<SqlException>(() => TableMetadataReader.Parse("f", Encoding.UTF8.GetBytes(json)))
            .State);

    [Fact]
    public void Recorded_places_are_mapped()
    {
        var allowed = new AllowedPaths(["/lake"]);
        var moved = new TableLocation("s3://bucket/warehouse/db/t", "/lake/db/t", allowed, LocalStore.Instance);
        Assert.Equal("/lake/db/t/data/a.parquet", moved.Resolve("s3://bucket/warehouse/db/t/data/a.parquet"));
        Assert.Equal("/lake/db/t/data/a.parquet", moved.Resolve("s3a://bucket/warehouse/db/t/data/a.parquet"));
        Assert.Equal("/lake/db/other/a.parquet", moved.Resolve("s3://bucket/warehouse/db/other/a.parquet"));
        Assert.Equal("/lake/x", moved.Resolve("/lake/x"));
        var same = new TableLocation("file:///lake/t", "/lake/t", allowed, LocalStore.Instance);
        Assert.Equal("/lake/t/a", same.Resolve("file:/lake/t/a"));
        foreach (var outside in new[] { "/etc/passwd", "file:///etc/passwd", "s3://bucket/warehouse/db/t/../../../../etc/passwd",
            "s3://bucket/warehouse/db/../../x", "../x" })
            Assert.Equal(SqlState.InsufficientPrivilege, Assert.Throws<SqlException>(() => moved.Resolve(outside)).State);
        Assert.Equal(SqlState.FeatureNotSupported, Assert.Throws<SqlException>(() => moved.Resolve("s3://elsewhere/a")).State);
    }

    [GoldenFact]
    public async Task A_table_may_only_use_its_own_folder_and_those_that_are_allowed()
    {
        var format = new IcebergFormat(new Connectors.Formats.Parquet.ParquetFooters());
        var pointer = await format.InspectAsync(
            Golden.Path("iceberg/duckdb-iceberg/column_mapping/warehouse/default.db/my_table"), default);
        var table = await format.LoadAsync(pointer!, null, default);
        var error = await Assert.ThrowsAsync<SqlException>(async () => await format.PlanScanAsync(table.Handle, ["id"], "t", default));
        Assert.Equal(SqlState.InsufficientPrivilege, error.State);
    }

    [GoldenFact]
    public async Task Another_table_in_its_place_is_noticed()
    {
        var format = new IcebergFormat(new Connectors.Formats.Parquet.ParquetFooters());
        var pointer = await format.InspectAsync(Golden.Path("iceberg/duckdb-iceberg/uuid"), default);
        var error = await Assert.ThrowsAsync<SqlException>(
            async () => await format.LoadAsync(pointer! with { Uuid = Guid.NewGuid().ToString() }, null, default));
        Assert.Equal(SqlState.DataCorrupted, error.State);
        Assert.Null(await format.InspectAsync(Golden.Path("delta"), default));
        await Assert.ThrowsAsync<SqlException>(
            async () => await format.LoadAsync(new TablePointer("iceberg", "/tmp", "gone.metadata.json"), null, default));
    }

    [GoldenFact]
    public void Hostile_manifests()
    {
        foreach (var path in Golden.Files("iceberg/pg_lake/avro", "*.avro"))
        {
            var manifest = ManifestReader.Read(LocalStore.Instance, path);
            Assert.NotEmpty(manifest.Entries);
        }

        var escape = ManifestReader.Read(LocalStore.Instance, Golden.Path("iceberg/pg_lake/avro/local-path-manifest.avro")).Entries[0].Path;
        var location = new TableLocation("s3://bucket/t", "/lake/t", new AllowedPaths(["/lake"]), LocalStore.Instance);
        Assert.Equal(SqlState.InsufficientPrivilege, Assert.Throws<SqlException>(() => location.Resolve(escape)).State);
        Assert.NotEmpty(
            ManifestReader.Read(LocalStore.Instance,
                Golden.Path("iceberg/pg_lake/avro/equality-ids-manifest.avro")).Entries[0].EqualityIds);
        foreach (var path in Golden.Files("iceberg/pg_lake/iceberg/manifests", "snap-*.avro"))
            Assert.NotEmpty(ManifestReader.ReadList(LocalStore.Instance, path));
    }
}
