using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Execution;
using Federation.Maintenance;
using Federation.ObjectStorage;
using Federation.Scheduling;
using Federation.Session.Peers;
using Federation.Transactions;

namespace Federation.Session;

/// <summary>What all sessions of a gateway share.</summary>
public sealed record SessionServices(CatalogDatabase Catalog, ConnectorPool Connectors, QueryScheduler Scheduler,
    IReadOnlyList<ITableFormat> Formats, TimeProvider Clock)
{
    /// <summary>Folders that locations given in SQL must lie in.</summary>
    public IReadOnlyList<string> AllowedRoots { get; init; } = [];

    /// <summary>Folders that the operator allowed besides those that the gateway keeps its own files in.</summary>
    public IReadOnlyList<string> GivenFolders { get; init; } = [];

    /// <summary>Folders of the gateway's own files: catalog, keys and tables. COPY goes to none of them.</summary>
    public IReadOnlyList<string> OwnFolders { get; init; } = [];

    /// <summary>Where tables and files lie.</summary>
    public IObjectStore Store { get; init; } = LocalStore.Instance;

    /// <summary>Folder, local or remote, of tables that are made without a location.</summary>
    public string Warehouse { get; init; } = Path.Combine(Path.GetTempPath(), "federation-warehouse");

    /// <summary>Where rows of cursors go that do not fit in memory.</summary>
    public string SpillDirectory { get; init; } = Path.GetTempPath();

    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Told of statements that are worth a line in the log; called on the session's thread.</summary>
    public Action<StatementReport>? OnStatement { get; init; }

    /// <summary>Statements that take so long are reported; zero for none.</summary>
    public TimeSpan SlowStatement { get; init; }

    /// <summary>
    /// Whether reports hold the values of statements and the texts of errors. Statements that give passwords are without them all the same.
    /// </summary>
    public bool LogsLiterals { get; init; }

    public TransactionManager Transactions { get; } = new(Catalog);

    /// <summary>The listener learns the changes of each transaction that has committed, on that session's thread.</summary>
    public void TellOfCommits(Action<IReadOnlyList<CatalogChange>> listener) => Transactions.Committed = listener;

    public StatementCache Statements { get; } = new();

    /// <summary>The advisory locks of all sessions.</summary>
    internal Locks.AdvisoryLocks AdvisoryLocks { get; } = new();

    /// <summary>What runs here and what ran last.</summary>
    public QueryLog Queries { get; init; } = new(Clock);

    /// <summary>The other gateways of the catalog.</summary>
    public IGatewayPeers Peers { get; init; } = NoPeers.Instance;

    public QueryRunner Runner => _runner ??= new QueryRunner(Scheduler, Planning, Clock);

    private QueryRunner? _runner;

    /// <summary>How long a version of the catalog, and the files that it names, can be read after it was replaced.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Which changes of tables the catalog keeps instead of files.</summary>
    public TailLimits Tails { get; init; } = TailLimits.None;

    /// <summary>What maintains tables.</summary>
    public MaintenanceServices Maintenance =>
        _maintenance ??= new MaintenanceServices(Catalog, Runner, Formats, Store, Clock) { Retention = Retention };

    private MaintenanceServices? _maintenance;

    /// <summary>Where statements are parsed, bound, planned and written.</summary>
    public PlanningThreads Planning { get; } = new(Environment.ProcessorCount);
}
