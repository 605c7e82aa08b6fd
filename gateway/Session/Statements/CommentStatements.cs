using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Planner.Binding;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>COMMENT ON TABLE, VIEW and COLUMN.</summary>
internal static class CommentStatements
{
    public static async ValueTask<string> RunAsync(QuerySession session, CommentStatement comment, CancellationToken cancellationToken)
    {
        session.Transaction.RequireWritable("COMMENT");
        var relation = (await AlterTableStatements.FindAsync(session, comment.Name, ifExists: false, cancellationToken))!;
        if (comment.Column is null) AlterTableStatements.RequireKind(relation, comment.Kind);
        await AlterTableStatements.RequireOwnerAsync(session, relation, cancellationToken);
        // An empty comment is none.
        var text = comment.Text is { Length: > 0 } given ? given : null;
        RelationEntry after;
        if (comment.Column is not { } column)
        {
            after = relation with { Comment = text };
        }
        else
        {
            var found = await session.FindTableAsync(comment.Name, cancellationToken);
            if (found is null || found.Columns.All(known => known.Name != column))
                throw new SqlException(SqlState.UndefinedColumn, $"column \"{column}\" of relation \"{comment.Name}\" does not exist");
            after = relation with
            {
                ColumnComments = relation.ColumnComments.Where(item => item.Key != column)
                    .Concat(text is null ? [] : [KeyValuePair.Create(column, text)]).ToEquatableArray(),
            };
        }

        if (after != relation) await session.Transaction.ChangeAsync(new CatalogChange.Redefine(relation, after), cancellationToken);
        return "COMMENT";
    }
}
