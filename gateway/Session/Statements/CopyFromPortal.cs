using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Core.Tasks;
using Federation.Plan;
using Federation.Planner.Binding;
using Federation.Planner.Distribution;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>COPY … FROM STDIN: an INSERT whose source is the client.</summary>
internal sealed class CopyFromPortal(QuerySession session, SessionServices services, PreparedStatement statement, CopyStatement copy, CopyIn options) : Portal(session), ICopyPortal
{
    /// <summary>What the client's rows are called in the INSERT; no table can be called so.</summary>
    private const string SourceName = "\u0001client";

    public override EquatableArray<ResultField>? Fields => null;

    public CopyIn CopyIn => options;

    public override string CommandTag(long rows) => $"COPY {rows}";

    public async ValueTask<long> ReceiveAsync(IAsyncEnumerable<Batch> rows, CancellationToken cancellationToken)
    {
        Session.Transaction.RequireWritable("COPY FROM");
        await TableRights.RequireInsertAsync(Session, statement.Target!, options.Fields.Select(field => field.Name), cancellationToken);
        var key = $"copy#{Guid.NewGuid():N}";
        await using var source = new ClientRows(key, options.Fields, rows);
        services.Connectors.Add(key, source);
        try
        {
            var columns = options.Fields.Select(field => new ConnectorColumn(field.Name, field.Type)).ToEquatableArray();
            var table = new ResolvedTable(new TableSource("", "", SourceName, -1), source, columns) { Provider = source, ProviderKey = key };
            var bound = await Session.BindCopyAsync(statement, Insert(), table, cancellationToken);
            var request = QueryStatements.Request(Session, services, statement, bound.Source, []) with { BindWideAsync = null, Distribution = DistributionOptions.SingleTask };
            return (await TableWriting.AppendAsync(Session, services, statement.Target!, request, cancellationToken)).Rows;
        }
        catch (SqlException) when (source.Failure is not null)
        {
            ExceptionDispatchInfo.Throw(source.Failure);
            throw;
        }
        finally
        {
            services.Connectors.Remove(key);
        }
    }

    protected override ValueTask<Batch?> AdvanceAsync(CancellationToken cancellationToken) =>
        throw new SqlException(SqlState.FeatureNotSupported, "COPY FROM STDIN needs a client that sends rows");

    private InsertStatement Insert()
    {
        var columns = options.Fields.Select(field => new ColumnReference([field.Name]) { Span = copy.Table!.Span }).ToEquatableArray();
        var source = new Query(new SelectBody([new SelectItem(new Star([]), null)])
        {
            From = [new TableName(new QualifiedName([SourceName]))],
            Where = copy.Where,
        });
        return new InsertStatement(copy.Table!, null, columns, source, []) { Span = copy.Span };
    }

    /// <summary>The client as a source that can be read once, in this process.</summary>
    private sealed class ClientRows(string key, EquatableArray<ResultField> fields, IAsyncEnumerable<Batch> rows) : IConnector, IScanPlanner, IPageSource, ITableHandle
    {
        public string ServerName => key;

        /// <summary>Why the client's rows ended too early; null when they did not.</summary>
        public SqlException? Failure { get; private set; }

        /// <summary>The split says which columns are read; one at least, so that there are rows.</summary>
        public ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName, CancellationToken cancellationToken)
        {
            var positions = columns.Count == 0 ? [0] : columns.Select(name => Array.FindIndex(fields.ToArray(), field => field.Name == name)).ToArray();
            var output = positions.Select(position => new RecordField(fields[position].Name, fields[position].Type)).ToEquatableArray();
            return ValueTask.FromResult(new ScanPlan([new ConnectorSplit(inputName, output, key, string.Join(',', positions))]));
        }

        public async IAsyncEnumerable<Batch> ReadAsync(ConnectorSplit split, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var positions = split.Payload.Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
            await using var source = rows.GetAsyncEnumerator(cancellationToken);
            while (await NextAsync(source))
            {
                var batch = source.Current;
                yield return new Batch(batch.RowCount, Array.ConvertAll(positions, position => batch.Columns[position]), batch);
            }
        }

        /// <summary>
        /// The client's error is kept for the statement. The task gets another: it would take a client that gives up for a cancellation of its own, and try again.
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
                throw new SqlException(SqlState.IoError, "the client sends no more rows", error);
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
