using System.Diagnostics;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Cluster;

/// <summary>
/// The spill folder is a file system of its own that is too small for an exchange: the query ends with 53100 and the folder's name, and
/// nothing else ends with it.
/// </summary>
public sealed class SpoolDiskTests(ITestOutputHelper output)
{
    private const string DiskFull = "53100";

    [MountFact]
    public async Task Full_disk_ends_the_query_alone()
    {
        var data = Directory.CreateTempSubdirectory("federation-disk-").FullName;
        var spill = Directory.CreateDirectory(Path.Combine(data, "spill")).FullName;
        try
        {
            using var mount = SmallFileSystem.Mount(spill, megabytes: 8);
            await using var gateway = await GatewayProcess.StartAsync(data, "--workers", "2", "--memory-mb", "3072");
            var workers = gateway.WorkerIds().Order().ToArray();
            await using var client = await RawClient.ConnectAsync(gateway.Address);
            Assert.Null(
                (await client.QueryAsync(
                    "CREATE SERVER generated FOREIGN DATA WRAPPER tpch; SET federation.distribution = always; SET search_path = "
                        + "\"generated.sf1\"")).Error);

            // All columns of lineitem are more than the workers hold of an exchange in memory. A number of all rows is given by one task,
            // which everything goes to.
            for (var attempt = 0; attempt < 2; attempt++)
            {
                var error = (await client.QueryAsync(
                    "SELECT * FROM (SELECT *, row_number() OVER (ORDER BY l_comment) AS n FROM lineitem) t WHERE n > 6001200")).Error;
                Assert.NotNull(error);
                output.WriteLine(error.ToString());
                Assert.Equal(DiskFull, error.Code);
                Assert.Contains(spill, error.Message, StringComparison.Ordinal);
                var next = await client.QueryAsync("SELECT l_returnflag, count(*) FROM lineitem GROUP BY 1 ORDER BY 1");
                Assert.True(next.Error is null, next.Error?.ToString());
                Assert.Equal(["A 1478493", "N 3043852", "R 1478870"], next.Rows.Select(row => $"{row[0]} {row[1]}"));
            }

            Assert.Equal(workers, gateway.WorkerIds().Order());
            Assert.Empty(Directory.GetFiles(spill, "*.spool"));
            Assert.True(SmallFileSystem.FreeBytes(spill) > 7 << 20,
                $"{SmallFileSystem.FreeBytes(spill)} bytes are free: what the failed queries wrote is still there");
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }
}

/// <summary>A file system in memory over a folder. Disposal takes it away.</summary>
internal sealed class SmallFileSystem : IDisposable
{
    private readonly string _folder;

    private SmallFileSystem(string folder) => _folder = folder;

    public static SmallFileSystem Mount(string folder, int megabytes)
    {
        if (!Run("mount", "-t", "tmpfs", "-o", FormattableString.Invariant($"size={megabytes}m"), "tmpfs", folder))
            throw new InvalidOperationException($"cannot mount a file system over {folder}");
        return new SmallFileSystem(folder);
    }

    /// <summary>Whether this machine lets the test mount anything.</summary>
    public static bool IsPossible()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root") return false;
        var folder = Directory.CreateTempSubdirectory("federation-mount-").FullName;
        try
        {
            if (!Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder)) return false;
            using (new SmallFileSystem(folder)) return true;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static long FreeBytes(string folder) => new DriveInfo(folder).AvailableFreeSpace;

    /// <summary>Lazily: a process that ends just now may still have a file open.</summary>
    public void Dispose() => Run("umount", "-l", _folder);

    private static bool Run(string command, params string[] arguments)
    {
        using var process =
            Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}

[AttributeUsage(AttributeTargets.Method)]
internal sealed class MountFactAttribute : FactAttribute
{
    private static readonly bool s_isPossible = SmallFileSystem.IsPossible();

    public MountFactAttribute()
    {
        if (!s_isPossible) Skip = "a small file system cannot be mounted here: this needs root";
    }
}
