using System.Globalization;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Lakehouse.Iceberg.Tail;
using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Connectors.Lakehouse.Pruning;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Apache Iceberg tables of format versions 1 to 3 with Parquet files, on local disks and in object stores. A pointer's metadata is the
/// path of the table metadata file, relative to the table's folder where it lies inside. Thread-safe; one per process shares its caches.
/// </summary>
public sealed partial class IcebergFormat : ITableFormat, ITableWriter, ITableAlterer, ITableMaintenance, ITableReferences, ITableReads,
    ITableInspection, ITableChangeLog, ITableTail, IScanPlanner, IFilterPushdown
{
    private readonly IReadOnlyList<string> _allowedRoots;
    private readonly PendingFiles _store;
    private readonly IcebergFiles _files;
    private readonly TableStatistics _statistics = new();
    private readonly IcebergWriter _writer;
    private readonly Maintenance.TableMaintenance _maintenance;
    private readonly TailWriter _tails;

    /// <param name="footers">Shared with other readers of Parquet files.</param>
    /// <param name="allowedRoots">Folders that a table's files may lie in besides the table's own folder.</param>
    /// <param name="store">Where tables lie, the same as that of the footers; local disks when it is not given.</param>
    public IcebergFormat(ParquetFooters footers, IReadOnlyList<string>? allowedRoots = null, IObjectStore? store = null)
    {
        _allowedRoots = allowedRoots ?? [];
        _store = new PendingFiles(store ?? LocalStore.Instance);
        _files = new IcebergFiles(_store, footers);
        _writer = new IcebergWriter(_store, Open, footers, TimeProvider.System);
        InspectionPlanner = new Inspection.InspectionTables(Open);
        _tails = new TailWriter(_writer, TimeProvider.System);
        _maintenance = new Maintenance.TableMaintenance(_writer, footers, TimeProvider.System);
    }

    public string Name => "iceberg";

    public IScanPlanner InspectionPlanner { get; }

    public async ValueTask<TableChangeLog> ListChangesAsync(TablePointer pointer, TableVersion? from, TableVersion? to,
        CancellationToken cancellationToken) =>
        await Task.Run(() => Inspection.ChangeLog.Read(Open(pointer), pointer, from, to), cancellationToken);

    public ConnectorTable? FindInspection(TablePointer pointer, string kind) => Inspection.InspectionTables.Find(pointer, kind);

    public async ValueTask<TablePointer?> InspectAsync(string location, CancellationToken cancellationToken)
    {
        var path = StoragePath.Normalise(location);
        if (await MetadataFiles.FindAsync(_store, path, cancellationToken) is not var (folder, file))
        {
            // No other format is known, so that nobody else will say what it is.
            if (TableFormats.Of(_store, path) is { } other)
                throw new SqlException(SqlState.FeatureNotSupported, $"{other} tables are not supported: \"{location}\"");
            return null;
        }

        var metadata = _files.Tables.Get(file);
        return new TablePointer(Name, folder, Inside(folder, file), metadata.Uuid);
    }

    public async ValueTask<ConnectorTable> LoadAsync(TablePointer pointer, TableVersion? version, CancellationToken cancellationToken)
    {
        // From here on the statement stays with what is the newest now.
        if (pointer.Metadata.Length == 0) pointer = await NewestAsync(pointer, cancellationToken);
        var table = Open(pointer);
        var (snapshot, schema) = table.Find(version);
        var (rows, isExact) = snapshot is null ? (0, true) : await Task.Run(() => Count(table, snapshot, schema), cancellationToken);
        var tail = version is null && pointer.Branch is null ? pointer.Tail : null;
        if (tail is not null) rows += tail.LiveRows - tail.DeletedRows;
        var ranges = snapshot is null ? default : _statistics.Get(table, snapshot, schema);
        var numbers = ColumnNumbers.Of(table.Metadata, schema);
        var columns = schema.Fields
            .Select((field, index) => new ConnectorColumn(field.Name, table.Metadata.TypeOf(field), !field.IsRequired)
        {
            Statistics = index < ranges.Count ? ranges[index] : null,
            Number = numbers[index],
        }).ToEquatableArray();
        return new ConnectorTable(new IcebergTableHandle(pointer, snapshot?.Id, schema.Id) { Tail = tail }, columns, rows, isExact);
    }

    public ValueTask<TablePointer> CreateAsync(NewTable table, CancellationToken cancellationToken) =>
        _writer.CreateAsync(table, cancellationToken);

    public SqlType StoredType(SqlType declared) => WrittenTypes.Stored(declared);

    public async ValueTask<WritePlan> PlanAppendAsync(TablePointer pointer, CancellationToken cancellationToken) =>
        await Task.Run(() => _writer.PlanAppend(pointer), cancellationToken);

    public async ValueTask<ITableUpdate> AppendAsync(WritePlan plan, IReadOnlyList<WrittenFile> files,
        CancellationToken cancellationToken) =>
        await _writer.AppendAsync(plan, files, cancellationToken);

    public async ValueTask<ITableUpdate> ChangeRowsAsync(WritePlan plan, IReadOnlyList<WrittenFile> files, RowSelection removed,
        CancellationToken cancellationToken) => await _writer.ChangeRowsAsync(plan, files, removed, null, cancellationToken);

    public async ValueTask<ITableUpdate> TruncateAsync(TablePointer pointer, CancellationToken cancellationToken) =>
        await Task.Run(() => _writer.Truncate(pointer), cancellationToken);

    public async ValueTask<ITableUpdate> AlterAsync(TablePointer pointer, EquatableArray<ColumnChange> changes,
        CancellationToken cancellationToken) => await Task.Run(() => _writer.Alter(pointer, changes), cancellationToken);

    public async ValueTask<ConnectorTable> LoadAddedAsync(TablePointer pointer, ITableUpdate update, CancellationToken cancellationToken)
    {
        var loaded = await LoadAsync(pointer, null, cancellationToken);
        var (delta, handle) = ((RowDelta)update, (IcebergTableHandle)loaded.Handle);
        handle = delta.Tail.Added is { } added
            ? handle with { SnapshotId = null, Tail = new TableTail([added], []) }
            : handle with { OnlyManifest = delta.AddedManifest, Tail = handle.Tail is { } tail ? tail with { Rows = [] } : null };
        return loaded with { Handle = handle, EstimatedRows = -1, IsRowCountExact = false };
    }

    public async ValueTask<bool> HasChangedAsync(ITableHandle read, TablePointer earlier, TablePointer later,
        CancellationToken cancellationToken)
    {
        if (earlier == later && earlier.Metadata.Length > 0) return false;
        var filters = ((IcebergTableHandle)read).Filters;
        return await Task.Run(() => ChangedReads.Any((Open(earlier), earlier.Tail ?? TableTail.Empty),
            (Open(later), later.Tail ?? TableTail.Empty), filters), cancellationToken);
    }

    public FilterPushdown PushFilter(ITableHandle handle, EquatableArray<ConnectorExpression> conjuncts)
    {
        var table = (IcebergTableHandle)handle;
        var useful = conjuncts.Select(conjunct => PredicateReader.Read(conjunct) is not Predicate.Anything).ToArray();
        var answers = useful.Select(isUseful => isUseful
            ? new PushedConjunct(PushPrecision.Inexact, "chooses files by partitions and statistics")
            : new PushedConjunct(PushPrecision.Unsupported, "statistics of files do not answer it")).ToEquatableArray();
        var added = conjuncts.Where((conjunct, index) => useful[index] && !table.Filters.Contains(conjunct)).ToArray();
        return new FilterPushdown(
            added.Length == 0 ? handle : table with { Filters = table.Filters.Concat(added).ToEquatableArray() }, answers);
    }

    public async ValueTask<ScanPlan> PlanScanAsync(
        ITableHandle handle, EquatableArray<string> columns, string inputName, CancellationToken cancellationToken)
    {
        var pinned = (IcebergTableHandle)handle;
        var table = Open(pinned.Pointer);
        if (!table.Metadata.Schemas.TryGetValue(pinned.SchemaId, out var schema))
            throw FormatErrors.Corrupt(table.Metadata.Path, $"schema {pinned.SchemaId} is not in its list");
        var fields = columns.Select(name => RowFields.Find(name) ?? schema.Find(name)
            ?? throw new SqlException(SqlState.UndefinedColumn, $"column \"{name}\" does not exist")).ToEquatableArray();
        // The columns of a scan without any: one constant, so that rows can be counted.
        var output = fields.Count == 0
            ? [new RecordField("row", SqlType.Bool)]
            : fields.Select(field => new RecordField(field.Name, table.Metadata.TypeOf(field))).ToEquatableArray();
        var choice = pinned.SnapshotId is { } id
            ? await Task.Run(() => FileChoice.Make(table, table.SnapshotOf(id), schema, pinned.Filters, pinned.OnlyManifest,
                pinned.OnlyFiles?.ToHashSet(StringComparer.Ordinal)), cancellationToken)
            : FileChoice.Empty;
        var groups = await GroupAsync(table, choice, fields, pinned.Tail, cancellationToken);
        var rows = choice.Data.Sum(file => file.Entry.RecordCount);
        var details = string.Create(CultureInfo.InvariantCulture, $"{choice.Data.Count:N0} of {choice.LiveFiles:N0} files, {rows:N0} rows");
        var scan = new FileScan(inputName, output, groups) { EstimatedRows = rows };
        EquatableArray<string> lines = choice.Deletes.Count == 0
            ? [details]
            : [details, $"{choice.Deletes.Count.ToString("N0", CultureInfo.InvariantCulture)} delete files"];
        if (pinned.Tail is not { Rows.Count: > 0 } tail) return new ScanPlan([scan], Details: lines);
        var kept = TailScan.Plan(inputName, tail, table.Metadata, schema, fields, output, pinned.Filters);
        lines = [.. lines, string.Create(CultureInfo.InvariantCulture, $"{kept.Rows.Count:N0} rows that no file holds yet")];
        return new ScanPlan(groups.Count == 0 ? [kept] : [scan, kept], Details: lines);
    }

    private async Task<EquatableArray<FileGroup>> GroupAsync(
        IcebergTable table, FileChoice choice, EquatableArray<IcebergField> fields, TableTail? tail, CancellationToken cancellationToken)
    {
        foreach (var file in choice.Data)
            if (file.Entry.Format != "parquet")
                throw FormatErrors.Unsupported(file.Path, $"data files of format {file.Entry.Format} are not supported");
        var footers = new ParquetFooter[choice.Data.Count];
        // Local footers cost computing, remote ones waiting.
        var atOnce = StoragePath.IsRemote(table.Location.Folder) ? IcebergTable.RequestsAtOnce : Environment.ProcessorCount;
        await Parallel.ForAsync(0, footers.Length,
            new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken }, (index, _) =>
        {
            footers[index] = _files.Footers.Get(choice.Data[index].Path);
            return ValueTask.CompletedTask;
        });
        var deletes = new DeleteIndex(choice.Deletes);
        var builder = new ScanBuilder(table, fields, _files.Footers, tail);
        for (var i = 0; i < footers.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            builder.Add(choice.Data[i], footers[i], deletes);
        }

        return builder.Build();
    }

    private static string Inside(string folder, string file) => StoragePath.IsWithin(file, folder) ? file[(folder.Length + 1)..] : file;

    private async ValueTask<TablePointer> NewestAsync(TablePointer pointer, CancellationToken cancellationToken) =>
        await MetadataFiles.FindAsync(_store, pointer.Location, cancellationToken) is var (folder, file)
        ? pointer with { Metadata = Inside(folder, file) }
        : throw new SqlException(SqlState.UndefinedFile, $"\"{pointer.Location}\" holds no table");

    private IcebergTable Open(TablePointer pointer)
    {
        var allowed = new AllowedPaths([pointer.Location, .. _allowedRoots]);
        var metadata = _files.Tables.Get(allowed.Demand(StoragePath.Combine(pointer.Location, pointer.Metadata)));
        if (pointer.Uuid is not null && metadata.Uuid is not null
            && !string.Equals(pointer.Uuid, metadata.Uuid, StringComparison.OrdinalIgnoreCase))
            throw FormatErrors.Corrupt(metadata.Path, $"it belongs to another table: its id is {metadata.Uuid}, not {pointer.Uuid}");
        if (pointer.Branch is { } branch)
        {
            metadata = metadata.References.TryGetValue(branch, out var reference) && reference.IsBranch
                ? metadata with { CurrentSnapshotId = reference.SnapshotId }
                : throw new SqlException(SqlState.UndefinedObject, $"branch \"{branch}\" does not exist");
        }

        return new IcebergTable(metadata, new TableLocation(metadata.Location, pointer.Location, allowed, _store), _files);
    }

    private static (long Rows, bool IsExact) Count(IcebergTable table, Snapshot snapshot, IcebergSchema schema)
    {
        long rows = 0;
        var hasDeletes = false;
        var ranges = new FileRanges(table.Metadata, schema);
        foreach (var manifest in table.Manifests(snapshot))
        {
            if (manifest.HoldsDeletes) hasDeletes |= manifest.LiveFiles is not 0;
            else if (manifest.LiveRows is { } counted) rows += counted;
            else rows += table.Files(manifest, ranges).Where(file => file.Entry.Content == FileContent.Data)
                .Sum(file => file.Entry.RecordCount);
        }

        return (rows, !hasDeletes);
    }
}
