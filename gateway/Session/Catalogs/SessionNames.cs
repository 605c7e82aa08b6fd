using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Session.Catalogs;

/// <summary>
/// The names of objects as one session sees them: search_path, and the names behind the reg types, which are looked up when a statement
/// meets them and forgotten with it. Used by the session's thread.
/// </summary>
internal sealed class SessionNames
{
    private readonly QuerySession _session;
    private readonly ObjectNames _objects;
    private IReadOnlySet<string>? _schemas;

    public SessionNames(QuerySession session)
    {
        _session = session;
        _objects = new ObjectNames(session.CatalogName, SearchPath);
        session.Settings.SetObjectNames(_objects);
    }

    /// <summary>The schemas that a bare name is looked up in, with "$user" resolved: those of search_path and the temporary one.</summary>
    public IReadOnlyList<string> SearchPath() => _session.Temporary.Searched(CreationPath());

    /// <summary>The schemas of search_path, in the first of which that exists objects are made.</summary>
    public IReadOnlyList<string> CreationPath() => SearchPaths.Parse(_session.Settings.Get("search_path"), _session.User);

    /// <summary>The schemas of search_path that exist, as far as <see cref="LoadAsync"/> has found that out.</summary>
    public IReadOnlyList<string> ExistingSchemas(bool withImplicit) =>
        SearchPaths.Effective(_session.Settings.Get("search_path"), _session.User, _schemas, withImplicit, _session.Temporary);

    /// <summary>The object that a text means, or null when there is none, or more than one.</summary>
    public long? Find(PgType type, string name)
    {
        try
        {
            return _objects.Resolve(type, name).Value;
        }
        catch (SqlException error) when (error.State == SqlState.UndefinedFunction || error.State == SqlState.AmbiguousFunction
            || error.State == SqlState.UndefinedObject)
        {
            return null;
        }
    }

    public async ValueTask ResolveAsync(UnresolvedNameException name, CancellationToken cancellationToken)
    {
        try
        {
            _objects.Add(name.Type, name.Name,
                await (await LookupAsync(cancellationToken)).FindAsync(name.Type, name.Name, cancellationToken));
        }
        catch (SqlException error) when (error.State.Class != "57")
        {
            // Whoever reads the name again knows where in the statement it stands.
            _objects.Add(name.Type, name.Name, error);
        }
    }

    /// <summary>Does work that reads names of objects, and again after each name that had to be looked up.</summary>
    public async ValueTask<T> ResolvingAsync<T>(Func<ValueTask<T>> work, CancellationToken cancellationToken)
    {
        while (true)
        {
            UnresolvedNameException unresolved;
            try
            {
                return await work();
            }
            catch (UnresolvedNameException error)
            {
                unresolved = error;
            }

            await ResolveAsync(unresolved, cancellationToken);
        }
    }

    /// <summary>Loads what the statement's execution shows of the catalog: which schemas there are, and the names behind OIDs.</summary>
    public async ValueTask LoadAsync(PreparedStatement statement, CancellationToken cancellationToken)
    {
        if (!statement.ShowsSchemas && statement.NamedTypes.Count == 0) return;
        var lookup = await LookupAsync(cancellationToken);
        if (statement.ShowsSchemas) _schemas = await lookup.UsableSchemasAsync(cancellationToken);
        if (statement.NamedTypes.Count > 0) _objects.Add(await lookup.NamesAsync(statement.NamedTypes, cancellationToken));
    }

    /// <summary>A new statement may see another catalog.</summary>
    public void Forget() => _objects.Forget();

    private async ValueTask<ObjectLookup> LookupAsync(CancellationToken cancellationToken) =>
        new(_session.Resolver(await _session.Transaction.GetCatalogAsync(cancellationToken)));
}
