using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Catalog.Tests;

/// <summary>Secrets of user mappings lie encrypted in the store.</summary>
public sealed class SecretTests(SqliteFixture fixture) : IClassFixture<SqliteFixture>
{
    private static readonly CancellationToken s_token = CancellationToken.None;

    [Fact]
    public async Task Options_of_mappings_are_unreadable_at_rest_and_as_given_in_the_catalog()
    {
        var (store, name) = await fixture.CreateAsync();
        var key = Path.Combine(Path.GetDirectoryName(name)!, "catalog.key");
        await using (var catalog = await CatalogDatabase.OpenAsync(store, CatalogKeyring.Open(key), s_token))
        {
            await catalog.CommitAsync(
                [
                    new CatalogChange.Create(new ServerEntry(new Oid(1), "srv", "postgres", "federation", [])),
                    new CatalogChange.Create(
                        new UserMappingEntry(new Oid(2), "srv", "ann", [KeyValuePair.Create("password", "very secret wörd")])),
                ],
                s_token);
        }

        var stored = await File.ReadAllTextAsync(name) + (File.Exists(name + "-wal") ? await File.ReadAllTextAsync(name + "-wal") : "");
        Assert.DoesNotContain("very secret", stored, StringComparison.Ordinal);
        Assert.Contains("aes256gcm:", stored, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));

        await using (var again = await CatalogDatabase.OpenAsync(await fixture.OpenAsync(name), CatalogKeyring.Open(key), s_token))
            Assert.Equal("very secret wörd",
                (await (await again.GetSnapshotAsync(s_token)).FindUserMappingAsync("srv", "ann", s_token))!.Options[0].Value);

        await using var other = await CatalogDatabase.OpenAsync(await fixture.OpenAsync(name), CatalogKeyring.Random(), s_token);
        var snapshot = await other.GetSnapshotAsync(s_token);
        var error = await Assert.ThrowsAsync<SqlException>(async () => await snapshot.FindUserMappingAsync("srv", "ann", s_token));
        Assert.Equal(SqlState.InvalidAuthorizationSpecification, error.State);
        Assert.NotNull(await snapshot.FindServerAsync("srv", s_token));
    }

    [Fact]
    public void A_secret_means_nothing_in_another_place()
    {
        var keys = CatalogKeyring.Random();
        var text = keys.Encrypt("s", "here");
        Assert.Equal("s", keys.Decrypt(text, "here"));
        Assert.NotEqual(text, keys.Encrypt("s", "here"));
        Assert.Throws<SqlException>(() => keys.Decrypt(text, "there"));
        Assert.Throws<SqlException>(() => keys.Decrypt("aes256gcm:AAAA", "here"));
        Assert.Equal("plain", keys.Decrypt("plain", "here"));
    }

    [Fact]
    public async Task A_key_file_that_holds_no_key_is_named()
    {
        var path = Path.Combine(Path.GetDirectoryName((await fixture.CreateAsync()).Name)!, "broken.key");
        await File.WriteAllTextAsync(path, "abc");
        var error = Assert.Throws<SqlException>(() => CatalogKeyring.Open(path));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }
}
