using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.S3.Tests;

/// <summary>Paths of both kinds, and which of them may be used.</summary>
public sealed class PathTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("federation-paths-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("s3a://b/k", "s3://b/k")]
    [InlineData("S3N://b/k", "s3://b/k")]
    [InlineData("S3://b/k", "s3://b/k")]
    [InlineData("file:///x/y", "/x/y")]
    [InlineData("file:/x/y", "/x/y")]
    [InlineData("/x/y", "/x/y")]
    [InlineData("gs://b/k", "gs://b/k")]
    public void Spellings_of_a_place_are_one(string given, string expected) => Assert.Equal(expected, StoragePath.Normalise(given));

    [Theory]
    [InlineData("s3://b/k/f", "s3://b/k", "f")]
    [InlineData("s3://b/k", "s3://b", "k")]
    [InlineData("s3://b", "s3://b", "b")]
    [InlineData("/x/y", "/x", "y")]
    [InlineData("/x", "/", "x")]
    public void Folders_are_found(string path, string folder, string name) =>
        Assert.Equal((folder, name), (StoragePath.FolderOf(path), StoragePath.NameOf(path)));

    [Theory]
    [InlineData("s3://")]
    [InlineData("s3:///key")]
    public void A_remote_path_names_a_bucket(string path) =>
        Assert.Equal(SqlState.InvalidParameterValue, Assert.Throws<SqlException>(() => StoragePath.Full(path)).State);

    [Theory]
    [InlineData("s3://b/wh", true)]
    [InlineData("s3://b/wh/t/f", true)]
    [InlineData("s3://b/wh2/t", false)]
    [InlineData("s3://b2/wh/t", false)]
    [InlineData("s3://b/wh/../secret", false)]
    [InlineData("s3://b/wh/./t", false)]
    [InlineData("s3://b", false)]
    public void Remote_paths_lie_in_their_folder(string path, bool isAllowed) =>
        Assert.Equal(isAllowed, new AllowedPaths(["s3://b/wh/"]).Contains(path));

    [Fact]
    public void Links_and_dots_do_not_lead_out()
    {
        var inside = Directory.CreateDirectory(Path.Combine(_folder, "in")).FullName;
        var outside = Directory.CreateDirectory(Path.Combine(_folder, "out")).FullName;
        File.WriteAllText(Path.Combine(outside, "f"), "");
        Directory.CreateSymbolicLink(Path.Combine(inside, "link"), outside);
        File.CreateSymbolicLink(Path.Combine(inside, "file"), Path.Combine(outside, "f"));
        Directory.CreateSymbolicLink(Path.Combine(_folder, "alias"), inside);
        var allowed = new AllowedPaths([inside]);
        Assert.True(allowed.Contains(Path.Combine(inside, "new", "f")));
        foreach (var path in new[] { Path.Combine(inside, "..", "out", "f"), Path.Combine(inside, "link", "f"),
            Path.Combine(inside, "file"), outside, inside + "2" })
            Assert.Equal(SqlState.InsufficientPrivilege, Assert.Throws<SqlException>(() => allowed.Demand(path)).State);

        // A folder that is itself a link also stands for where it leads.
        Assert.True(new AllowedPaths([Path.Combine(_folder, "alias")]).Contains(Path.Combine(inside, "f")));
        Assert.True(new AllowedPaths([Path.Combine(_folder, "alias")]).Contains(Path.Combine(_folder, "alias", "f")));
    }
}
