using Federation.Arrow;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>The rows of a COPY … FROM, which go into the table as those of an INSERT do.</summary>
internal sealed class CopiedRows(QuerySession session, SessionServices services, PreparedStatement statement, CopyStatement copy,
    CopyIn options)
{
    /// <summary>Takes the rows, whose columns are <see cref="CopyIn.Fields"/>, and gives the number of those that were put in.</summary>
    public async ValueTask<long> InsertAsync(IAsyncEnumerable<Batch> rows, CancellationToken cancellationToken)
    {
        session.Transaction.RequireWritable("COPY FROM");
        var columns = options.Fields.Select(field => field.Name);
        await TableRights.RequireInsertAsync(session, statement.Target!, columns, cancellationToken);
        using var shown = session.ShowCopy(CopyStatements.Progress(statement, copy, options.Progress));
        return (await StreamedRows.InsertAsync(session, services, statement, copy.Table!, options.Fields, copy.Where, rows,
            cancellationToken)).Rows;
    }
}
