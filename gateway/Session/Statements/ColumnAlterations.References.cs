using Federation.Catalog;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>Foreign keys of this table and of others that refer to what is altered.</summary>
internal sealed partial class ColumnAlterations
{
    /// <summary>Takes away the foreign keys that refer to a key. Raises 2BP01 without CASCADE.</summary>
    /// <param name="described">What goes, as errors call it.</param>
    /// <param name="needed">What of it the foreign keys need.</param>
    private async ValueTask ReleaseKeyAsync(string key, string described, string needed, bool isCascade,
        CancellationToken cancellationToken)
    {
        var catalog = await _session.Transaction.GetCatalogAsync(cancellationToken);
        var references = (await ForeignKeyRules.ReferencesAsync(catalog, _recorded, cancellationToken))
            .Where(item => item.Key.Target!.Key == key).ToArray();
        var own = _wanted.Constraints.Where(item => item.Target is { } target && target.Table == Oid.None && target.Key == key).ToArray();
        var names = references.Select(item => $"constraint {item.Key.Name} on {DependentViews.Described(_session, item.Table)}")
            .Concat(own.Select(item => $"constraint {item.Name} on {DependentViews.Described(_session, _recorded)}")).ToArray();
        if (names.Length == 0) return;
        if (!isCascade)
        {
            throw new SqlException(SqlState.DependentObjectsStillExist, $"cannot drop {described} because other objects depend on it")
            {
                Detail = string.Join('\n', names.Select(name => $"{name} depends on {needed}")),
                Hint = "Use DROP ... CASCADE to drop the dependent objects too.",
            };
        }

        foreach (var name in names) _session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"drop cascades to {name}");
        _wanted = _wanted with { Constraints = _wanted.Constraints.Where(item => !own.Contains(item)).ToEquatableArray() };
        foreach (var group in references.GroupBy(item => item.Table.Key))
        {
            var table = group.First().Table;
            var gone = group.Select(item => item.Key).ToHashSet();
            await _session.Transaction.ChangeAsync(new CatalogChange.Redefine(table, table with
            {
                Constraints = table.Constraints.Where(item => !gone.Contains(item)).ToEquatableArray(),
            }), cancellationToken);
        }
    }

    /// <summary>A column has another name: foreign keys that refer to it follow.</summary>
    private async ValueTask RenameReferencedAsync(string name, string newName, CancellationToken cancellationToken)
    {
        _wanted = _wanted with
        {
            Constraints = _wanted.Constraints.Select(item => item.Target is { } target && target.Table == Oid.None
                ? item with { Target = Renamed(target, name, newName) }
                : item).ToEquatableArray(),
        };
        var catalog = await _session.Transaction.GetCatalogAsync(cancellationToken);
        var references = await ForeignKeyRules.ReferencesAsync(catalog, _recorded, cancellationToken);
        foreach (var group in references.GroupBy(item => item.Table.Key))
        {
            var table = group.First().Table;
            await _session.Transaction.ChangeAsync(new CatalogChange.Redefine(table, table with
            {
                Constraints = table.Constraints.Select(item => item.Target is { } target && target.Table == _recorded.Oid
                    ? item with { Target = Renamed(target, name, newName) }
                    : item).ToEquatableArray(),
            }), cancellationToken);
        }
    }

    private static ForeignKeyTarget Renamed(ForeignKeyTarget target, string name, string newName) => target with
    {
        Columns = target.Columns.Select(column => column == name ? newName : column).ToEquatableArray(),
    };
}
