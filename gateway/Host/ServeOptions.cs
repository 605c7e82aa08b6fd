using System.Net;
using Federation.Catalog;
using Federation.Maintenance;
using Federation.Membership;
using Federation.ObjectStorage;

namespace Federation.Host;

/// <summary>Everything that `federation serve` can be told, checked once at the start.</summary>
public sealed record ServeOptions
{
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>0 takes a free port.</summary>
    public int Port { get; init; } = 15432;

    /// <summary>For Arrow Flight SQL clients; 0 takes a free port, a negative one turns the protocol off.</summary>
    public int FlightPort { get; init; } = 32010;

    /// <summary>A Flight SQL session that no call has used for so long is closed, and its transactions are rolled back.</summary>
    public TimeSpan FlightIdleTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Where workers and other gateways of the catalog ask this one; they must reach it.</summary>
    public IPAddress ClusterAddress { get; init; } = IPAddress.Loopback;

    /// <summary>0 takes a free port.</summary>
    public int ClusterPort { get; init; }

    /// <summary>The clock of timestamps, waits and limits; others than the machine's are for tests of clocks that are wrong.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Jobs besides the gateway's own, for tests of who runs them.</summary>
    public IReadOnlyList<ClusterJob> Jobs { get; init; } = [];

    /// <summary>Puts something in front of the store of files, for tests of what happens between two of its calls.</summary>
    public Func<IObjectStore, IObjectStore>? AroundFiles { get; init; }

    /// <summary>The same for the catalog's store.</summary>
    public Func<ICatalogStore, ICatalogStore>? AroundCatalog { get; init; }

    /// <summary>Tables are kept fast and small by a job in the background.</summary>
    public bool MaintainsTables { get; init; } = true;

    /// <summary>Which changes of tables the catalog keeps instead of files, and for how long.</summary>
    public TailLimits Tails { get; init; } = new();

    /// <summary>How long a version of the catalog, and the files that it names, can be read after it was replaced.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The catalog, the spill folder and tables without a location of their own lie here.</summary>
    public string DataDirectory { get; init; } = "data";

    /// <summary>The database of a shared catalog, in Npgsql's form; null for the one in the data directory.</summary>
    public string? Catalog { get; init; }

    /// <summary>
    /// Folder, local or s3://…, of tables that are made without a location; null for one in the data directory. Gateways on one catalog
    /// share it.
    /// </summary>
    public string? Warehouse { get; init; }

    public StorageOptions Storage { get; init; } = new();

    /// <summary>Folders besides the data directory that SQL may name.</summary>
    public IReadOnlyList<string> AllowedRoots { get; init; } = [];

    /// <summary>A folder of demo files to attach as server "demo"; null for none.</summary>
    public string? DemoDirectory { get; init; }

    /// <summary>Worker processes to start besides the gateway's own worker.</summary>
    public int WorkerCount { get; init; }

    /// <summary>Kernel memory in bytes of all processes together; 0 is half of what the machine lets a process use.</summary>
    public long MemoryLimitBytes { get; init; }

    /// <summary>Statements that take so long are logged; zero for none.</summary>
    public TimeSpan SlowStatement { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether the log shows the values in statements and the texts of errors.</summary>
    public bool LogsLiterals { get; init; }

    /// <summary>PEM files of the certificate and its key; null for no TLS.</summary>
    public string? CertificatePath { get; init; }

    public string? KeyPath { get; init; }

    /// <summary>Listen beyond loopback although no password and no TLS protect the gateway.</summary>
    public bool IsForced { get; init; }
}
