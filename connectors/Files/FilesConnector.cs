using System.Globalization;
using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.ObjectStorage;

namespace Federation.Connectors.Files;

/// <summary>One attached folder. Tables are found and described anew for every statement; the kernel reads the files itself.</summary>
internal sealed class FilesConnector : IConnector, IConnectorMetadata, IBulkMetadata, IScanPlanner, IFilterPushdown, IStoredFiles
{
    private readonly IObjectStore _store;
    private readonly FileCatalog _catalog;
    private readonly TableShapes _shapes;

    public FilesConnector(ConnectorDefinition definition, FileOptions options, IObjectStore store, ParquetFooters footers)
    {
        ServerName = definition.ServerName;
        Key = definition.Key;
        Root = options.Root;
        _catalog = new FileCatalog(options.Root, store);
        _store = store;
        _shapes = new TableShapes(options, store, footers);
    }

    public string ServerName { get; }

    public string Key { get; }

    public IObjectStore Store => _store;

    public string Root { get; }

    /// <summary>Whether workers have to ask this connector for its files.</summary>
    public bool HasOwnStore { get; init; }

    public ValueTask<IReadOnlyList<string>> ListSchemasAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult(_catalog.Schemas());

    public ValueTask<IReadOnlyList<ListedTable>> ListTablesAsync(string schema, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ListedTable>>([.. _catalog.Tables(schema).Select(name => new ListedTable(name))]);

    public ValueTask<ConnectorTable?> FindTableAsync(
        string schema, string table, TableVersion? version, CancellationToken cancellationToken)
    {
        if (_catalog.Find(schema, table) is not { } files) return ValueTask.FromResult<ConnectorTable?>(null);
        if (version is not null)
            throw new SqlException(SqlState.FeatureNotSupported, $"table \"{table}\" of server \"{ServerName}\" has no versions");
        return ValueTask.FromResult<ConnectorTable?>(Describe(files, cancellationToken));
    }

    public ValueTask<IReadOnlyList<DescribedTable>> DescribeTablesAsync(TableSelection selection, CancellationToken cancellationToken)
    {
        var described = new List<DescribedTable>();
        foreach (var schema in selection.Schemas ?? _catalog.Schemas().ToEquatableArray())
        {
            var names = _catalog.Tables(schema).Where(name => selection.Tables is not { } wanted || wanted.Contains(name)).ToArray();
            described.AddRange(selection.WithColumns
                ? _catalog.FindAll(schema, names).Select(item => Describe(schema, item.Table, item.Files, item.Failure, cancellationToken))
                    .OfType<DescribedTable>()
                : names.Select(name => new DescribedTable(schema, new ListedTable(name))));
        }

        return ValueTask.FromResult<IReadOnlyList<DescribedTable>>(described);
    }

    /// <summary>Null for a table that went away since it was listed.</summary>
    private DescribedTable? Describe(string schema, string name, FileSet? files, SqlException? failure, CancellationToken cancellationToken)
    {
        var listed = new ListedTable(name);
        if (failure is not null) return new DescribedTable(schema, listed) { Failure = failure };
        if (files is null) return null;
        try
        {
            var shape = Describe(files, cancellationToken);
            return new DescribedTable(schema, listed with { EstimatedRows = shape.EstimatedRows, ColumnCount = shape.Columns.Count })
                { Columns = shape.Columns };
        }
        catch (SqlException error)
        {
            return new DescribedTable(schema, listed) { Failure = error };
        }
    }

    public FilterPushdown PushFilter(ITableHandle handle, EquatableArray<ConnectorExpression> conjuncts)
    {
        var table = (FilesTableHandle)handle;
        var useful = conjuncts.Select(conjunct => table.Format == FileFormat.Parquet && FilePruning.IsUseful(conjunct)).ToArray();
        var answers = useful.Select(isUseful => isUseful
            ? new PushedConjunct(PushPrecision.Inexact, "chooses files by the ranges of their footers")
            : new PushedConjunct(PushPrecision.Unsupported, "ranges of files do not answer it")).ToEquatableArray();
        var added = conjuncts.Where((conjunct, index) => useful[index] && !table.Filters.Contains(conjunct)).ToArray();
        return new FilterPushdown(added.Length == 0 ? handle : table with { Filters = table.Filters.Concat(added).ToEquatableArray() },
            answers);
    }

    public ValueTask<ScanPlan> PlanScanAsync(
        ITableHandle handle, EquatableArray<string> columns, string inputName, CancellationToken cancellationToken)
    {
        var whole = (FilesTableHandle)handle;
        var table = _shapes.Pruned(whole, cancellationToken);
        var fields = columns.Select(name => table.Columns.FirstOrDefault(column => column.Name == name)
            ?? throw new SqlException(SqlState.UndefinedColumn, $"column \"{name}\" does not exist")).ToEquatableArray();
        // The columns of a scan without any: one constant, so that rows can be counted.
        var output = fields.Count == 0
            ? [new RecordField("row", SqlType.Bool)]
            : fields.Select(field => new RecordField(field.Name, field.Type)).ToEquatableArray();
        var groups = _shapes.Groups(table, fields, cancellationToken);
        var size = table.Files.Sum(file => file.SizeBytes);
        var count = table.Files.Count == whole.Files.Count
            ? $"{table.Files.Count:N0}"
            : $"{table.Files.Count:N0} of {whole.Files.Count:N0}";
        var rows = table.Format == FileFormat.Parquet ? groups.Sum(group => group.Files.Sum(file => file.RowCount)) : -1;
        return ValueTask.FromResult(new ScanPlan(
            [new FileScan(inputName, output, groups) { EstimatedRows = rows, Server = HasOwnStore ? Key : null }],
            Details: [string.Create(CultureInfo.InvariantCulture, $"{count} {table.Format} files, {size:N0} bytes")]));
    }

    public ValueTask DisposeAsync()
    {
        if (HasOwnStore) (_store as IDisposable)?.Dispose();
        return ValueTask.CompletedTask;
    }

    private ConnectorTable Describe(FileSet files, CancellationToken cancellationToken)
    {
        var shape = _shapes.Of(files, cancellationToken);
        var pinned = files.Files
            .Select(file => (file.Path, Status: file.Status ?? _store.Stat(file.Path) ?? throw StoreErrors.Missing(file.Path)))
            .Select(file => new PinnedFile(file.Path, file.Status.SizeBytes, file.Status.Version)).ToEquatableArray();
        var columns = shape.Columns.Select(column => new ConnectorColumn(column.Name, column.Type) { Statistics = column.Statistics })
            .ToEquatableArray();
        return new ConnectorTable(new FilesTableHandle(files.Format, pinned, shape.Columns), columns, shape.Rows, shape.Rows >= 0);
    }
}
