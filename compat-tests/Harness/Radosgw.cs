using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;

namespace Federation.CompatTests.Harness;

/// <summary>
/// A throwaway Ceph of one monitor and one store in memory, with the S3 of its object gateway on a free port of 127.0.0.1. Takes a quarter
/// of a minute to start. Disposal stops it and removes its folder.
/// </summary>
public sealed class Radosgw : IAsyncDisposable
{
    public const string AccessKey = "testkey", SecretKey = "testsecret";

    private static readonly TimeSpan s_startLimit = TimeSpan.FromMinutes(5);
    private static readonly string[] s_programs = ["ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin"];

    private readonly string _folder;
    private readonly int _port;
    private readonly List<Process> _daemons = [];

    private Radosgw(string folder, int port) => (_folder, _port) = (folder, port);

    /// <summary>Whether its programs are there (Debian: radosgw, ceph-mon, ceph-osd).</summary>
    public static bool IsInstalled => s_programs.All(program => File.Exists($"/usr/bin/{program}"));

    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}");

    public static async Task<Radosgw> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("federation-radosgw-").FullName;
        var server = new Radosgw(folder, FreePort());
        try
        {
            using var limit = new CancellationTokenSource(s_startLimit);
            await server.LaunchAsync(limit.Token);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async Task MakeBucketAsync(string name)
    {
        var config = new AmazonS3Config { ServiceURL = Endpoint, ForcePathStyle = true, AuthenticationRegion = "us-east-1",
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED };
        using var client = new AmazonS3Client(new BasicAWSCredentials(AccessKey, SecretKey), config);
        await client.PutBucketAsync(name);
    }

    public async ValueTask DisposeAsync()
    {
        // The gateway first: it waits for nobody when its store is there.
        foreach (var daemon in Enumerable.Reverse(_daemons))
        {
            if (!daemon.HasExited) daemon.Kill();
            await daemon.WaitForExitAsync();
            daemon.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task LaunchAsync(CancellationToken cancellationToken)
    {
        var monitor = FreePort();
        var cluster = Guid.NewGuid().ToString();
        var (configuration, keyring, map) = ($"{_folder}/ceph.conf", $"{_folder}/keyring", $"{_folder}/monmap");
        foreach (var name in new[] { "mon", "osd", "rgw", "run" }) Directory.CreateDirectory($"{_folder}/{name}");
        await File.WriteAllTextAsync(configuration, Configuration(monitor, cluster), cancellationToken);
        await RunAsync("ceph-authtool", ["--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *"],
            cancellationToken);
        await RunAsync("ceph-authtool", [keyring, "--gen-key", "-n", "client.admin", "--cap", "mon", "allow *", "--cap", "osd", "allow *"],
            cancellationToken);
        await RunAsync("ceph-authtool",
            [keyring, "--gen-key", "-n", "osd.0", "--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"], cancellationToken);
        await RunAsync("ceph-authtool", [keyring, "--gen-key", "-n", "client.rgw", "--cap", "mon", "allow rw", "--cap", "osd", "allow rwx"],
            cancellationToken);
        await RunAsync("monmaptool", ["--create", "--addv", "a", string.Create(CultureInfo.InvariantCulture, $"[v2:127.0.0.1:{monitor}]"),
            "--fsid", cluster, map], cancellationToken);
        await RunAsync("ceph-mon", ["-c", configuration, "--mkfs", "-i", "a", "--monmap", map, "--keyring", keyring], cancellationToken);
        Launch("ceph-mon", ["-c", configuration, "-i", "a", "-f"]);
        // The monitor lets in the one store whose id it was told.
        var store = Guid.NewGuid().ToString();
        await RunAsync("ceph", ["-c", configuration, "osd", "new", store, "0"], cancellationToken);
        await RunAsync("ceph-osd", ["-c", configuration, "-i", "0", "--mkfs", "--osd-uuid", store], cancellationToken);
        Launch("ceph-osd", ["-c", configuration, "-i", "0", "-f"]);
        Launch("radosgw", ["-c", configuration, "-n", "client.rgw", "-f"]);
        await WaitUntilReadyAsync(cancellationToken);
        await RunAsync("radosgw-admin", ["-c", configuration, "user", "create", "--uid=test", "--display-name=test",
            $"--access-key={AccessKey}", $"--secret-key={SecretKey}"], cancellationToken);
    }

    private string Configuration(int monitor, string cluster) => string.Create(CultureInfo.InvariantCulture, $$"""
        [global]
        fsid = {{cluster}}
        mon host = v2:127.0.0.1:{{monitor}}
        public network = 127.0.0.0/8
        ms bind ipv6 = false
        auth cluster required = cephx
        auth service required = cephx
        auth client required = cephx
        keyring = {{_folder}}/keyring
        run dir = {{_folder}}/run
        crash dir = {{_folder}}
        admin socket = {{_folder}}/run/$name.asok
        log file = {{_folder}}/$name.log
        osd pool default size = 1
        osd pool default min size = 1
        osd pool default pg num = 1
        osd pool default pgp num = 1
        osd pool default pg autoscale mode = off
        osd crush chooseleaf type = 0
        osd objectstore = memstore
        memstore device bytes = 4294967296
        mon allow pool size one = true
        mon data avail crit = 1
        mon max pg per osd = 10000
        [mon.a]
        mon data = {{_folder}}/mon
        [osd.0]
        osd data = {{_folder}}/osd
        [client.rgw]
        rgw data = {{_folder}}/rgw
        rgw frontends = beast endpoint=127.0.0.1:{{_port}}

        """);

    private void Launch(string program, string[] arguments) => _daemons.Add(Begin(program, arguments));

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var client = new HttpClient();
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(Endpoint, cancellationToken);
                return;
            }
            catch (HttpRequestException) when (_daemons.TrueForAll(daemon => !daemon.HasExited))
            {
                await Task.Delay(200, cancellationToken);
            }
        }
    }

    private static async Task RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Begin(program, arguments);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }

    private static Process Begin(string program, string[] arguments)
    {
        var info = new ProcessStartInfo($"/usr/bin/{program}")
            { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        var process = Process.Start(info)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
