using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Core.Tasks;
using Federation.Plan;
using Federation.Planner.Binding;
using Federation.Planner.Distribution;
using Federation.Scheduling;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// Rows that this process has or gets, as a source that tasks of this process can read until it is disposed: once, or again and again if
/// the rows are kept.
/// </summary>
internal sealed class StreamedRows : IConnector, IScanPlanner, IPageSource, ITableHandle
{
    /// <summary>What the rows are called in an INSERT; no table can be called so.</summary>
    private const string SourceName = "\u0001rows";

    private readonly ConnectorPool _connectors;
    private readonly EquatableArray<ResultField> _fields;
    private readonly Func<IAsyncEnumerable<Batch>> _rows;

    public StreamedRows(SessionServices services, EquatableArray<ResultField> fields, IAsyncEnumerable<Batch> rows)
        : this(services, fields, () => rows) { }

    /// <param name="rows">Gives the rows as often as it is asked.</param>
    public StreamedRows(SessionServices services, EquatableArray<ResultField> fields, Func<IEnumerable<Batch>> rows)
        : this(services, fields, () => rows().ToAsyncEnumerable()) { }

    private StreamedRows(SessionServices services, EquatableArray<ResultField> fields, Func<IAsyncEnumerable<Batch>> rows)
    {
        (_connectors, _fields, _rows) = (services.Connectors, fields, rows);
        _connectors.Add(Key, this);
    }

    public string ServerName => Key;

    public string Key { get; } = $"rows#{Guid.NewGuid():N}";

    /// <summary>Why the rows ended too early; null when they did not.</summary>
    public SqlException? Failure { get; private set; }

    /// <summary>The split says which columns are read; one at least, so that there are rows.</summary>
    public ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName,
        CancellationToken cancellationToken)
    {
        var positions = columns.Count == 0 ? [0]
            : columns.Select(name => Array.FindIndex(_fields.ToArray(), field => field.Name == name)).ToArray();
        var output = positions.Select(position => new RecordField(_fields[position].Name, _fields[position].Type)).ToEquatableArray();
        return ValueTask.FromResult(new ScanPlan([new ConnectorSplit(inputName, output, Key, string.Join(',', positions))]));
    }

    public async IAsyncEnumerable<Batch> ReadAsync(ConnectorSplit split, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var positions = split.Payload.Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        await using var source = _rows().GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(source))
        {
            var batch = source.Current;
            yield return new Batch(batch.RowCount, Array.ConvertAll(positions, position => batch.Columns[position]), batch);
        }
    }

    /// <summary>
    /// The error is kept for the statement. The task gets another: it would take a client that gives up for a cancellation of its own, and
    /// try again.
    /// </summary>
    private async ValueTask<bool> NextAsync(IAsyncEnumerator<Batch> source)
    {
        try
        {
            return await source.MoveNextAsync();
        }
        catch (SqlException error)
        {
            Failure = error;
            throw new SqlException(SqlState.IoError, "the rows ended too early", error);
        }
    }

    public ValueTask DisposeAsync()
    {
        _connectors.Remove(Key);
        return ValueTask.CompletedTask;
    }

    /// <summary>A scan that gives the rows' columns as some columns of a plan, and the table that it reads.</summary>
    /// <param name="positions">Which of the rows' columns they are; null for all, in order.</param>
    public (Scan Scan, ResolvedTable Table) Scan(IEnumerable<Plan.Column> columns, IEnumerable<int>? positions = null)
    {
        var table = Table(Key);
        var outputs = columns.Zip(positions ?? Enumerable.Range(0, _fields.Count), (column, i) => new ScanColumn(column, _fields[i].Name));
        return (new Scan(table.Source, this, outputs.ToEquatableArray()), table);
    }

    /// <summary>The table that an INSERT reads them from.</summary>
    private ResolvedTable Table(string name = SourceName)
    {
        var columns = _fields.Select(field => new ConnectorColumn(field.Name, field.Type)).ToEquatableArray();
        return new ResolvedTable(new TableSource("", "", name, -1), this, columns) { Provider = this, ProviderKey = Key };
    }

    /// <summary>A query that gives the rows as they are.</summary>
    public BoundQuery Query()
    {
        var table = Table();
        var outputs = _fields
            .Select((field, i) => new ScanColumn(new Plan.Column(i + 1, field.Name, field.Type), field.Name)).ToEquatableArray();
        return new BoundQuery(new Scan(table.Source, this, outputs),
            outputs.Select(output => new OutputColumn(output.SourceName, output.Column)).ToEquatableArray(), [])
                { Tables = new Dictionary<TableSource, ResolvedTable> { [table.Source] = table } };
    }

    /// <summary>Puts the rows into the table of a statement as an INSERT does. Raises the error that ended the rows.</summary>
    /// <param name="target">The table's name as the statement has it.</param>
    /// <param name="where">Which of the rows; null for all.</param>
    public static async ValueTask<WrittenTable> InsertAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, QualifiedName target,
        EquatableArray<ResultField> fields, Expression? where, IAsyncEnumerable<Batch> rows, CancellationToken cancellationToken)
    {
        await using var source = new StreamedRows(services, fields, rows);
        try
        {
            // Generated columns are computed again.
            var columns = fields.Where(field => statement.Target!.Generated.All(item => item.Key != field.Name))
                .Select(field => new ColumnReference([field.Name]) { Span = target.Span }).ToEquatableArray();
            var query = new Query(new SelectBody(columns.Select(column => new SelectItem(column, null)).ToEquatableArray())
            {
                From = [new TableName(new QualifiedName([SourceName]))],
                Where = where,
            });
            // COPY gives identity columns the values that come, as in PostgreSQL.
            var insert = new InsertStatement(target, null, columns, query, []) { Span = target.Span, Overriding = "SYSTEM VALUE" };
            var bound = await session.Analyzer.BindCopyAsync(statement, insert, source.Table(), cancellationToken);
            var request = QueryStatements.Request(session, services, statement, bound.Source, []) with
            {
                BindWideAsync = null,
                Distribution = DistributionOptions.SingleTask,
            };
            return await TableWriting.AppendAsync(session, services, statement.Target!, request, cancellationToken);
        }
        catch (SqlException) when (source.Failure is not null)
        {
            ExceptionDispatchInfo.Throw(source.Failure);
            throw;
        }
    }
}
