using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// CREATE and DROP INDEX. An index of a lake table is recorded and shown, and reads prune files by their statistics as before; a unique one
/// is enforced as a UNIQUE constraint is.
/// </summary>
internal static class IndexStatements
{
    public static async ValueTask<string> CreateAsync(QuerySession session, SessionServices services, CreateIndexStatement create,
        CancellationToken cancellationToken)
    {
        const string Tag = "CREATE INDEX";
        session.Transaction.RequireWritable(Tag);
        if (create.IsConcurrent) session.Transaction.RequireNoBlock("CREATE INDEX CONCURRENTLY");
        if (await AlterTableStatements.FindAsync(session, create.Table, ifExists: false, cancellationToken) is not { } relation) return Tag;
        if (relation is not TableEntry table)
            throw new SqlException(SqlState.WrongObjectType, $"cannot create index on relation \"{relation.Name}\"")
                { Detail = $"This operation is not supported for {AlterTableStatements.NounOf(relation)}s." };
        await AlterTableStatements.RequireOwnerAsync(session, table, cancellationToken);
        var columns = Columns(create);
        var resolved = (await session.FindTableAsync(new QualifiedName([TableResolver.ManagedCatalog, table.Schema, table.Name]),
            cancellationToken))!;
        foreach (var column in columns.Concat(create.Included))
            if (resolved.Columns.All(known => known.Name != column))
                throw new SqlException(SqlState.UndefinedColumn, $"column \"{column}\" does not exist");
        var taken = await TakenAsync(session, table.Schema, cancellationToken);
        if (create.Name is { } given && taken.Contains(given))
        {
            if (!create.IfNotExists) throw new SqlException(SqlState.DuplicateTable, $"relation \"{given}\" already exists");
            session.Notify(NoticeSeverity.Notice, SqlState.DuplicateTable, $"relation \"{given}\" already exists, skipping");
            return Tag;
        }

        var index = new TableConstraint(create.Name ?? Choose(table, columns, taken),
            create.IsUnique ? ConstraintKind.Unique : ConstraintKind.Index, columns)
        {
            Index = new IndexShape(create.Method, create.Elements.Select(OptionOf).ToEquatableArray(), create.Included),
        };
        var alterations = await ColumnAlterations.LoadAsync(session, services, table, cancellationToken);
        await alterations.AddIndexAsync(index, cancellationToken);
        return Tag;
    }

    public static async ValueTask<string> DropAsync(QuerySession session, SessionServices services, DropStatement drop,
        CancellationToken cancellationToken)
    {
        if (drop.IsConcurrent) session.Transaction.RequireNoBlock("DROP INDEX CONCURRENTLY");
        foreach (var name in drop.Names)
        {
            if (await FindAsync(session, name, cancellationToken) is not var (table, index))
            {
                SchemaStatements.Missing(session, drop,
                    new SqlException(SqlState.UndefinedObject, $"index \"{name.Name}\" does not exist"));
                continue;
            }

            await SchemaStatements.RequireTableOwnerAsync(session, table, mayOwnSchema: true, cancellationToken);
            if (index.Index is null)
            {
                var shown = DependentViews.Described(session, table);
                throw new SqlException(SqlState.DependentObjectsStillExist,
                    $"cannot drop index {index.Name} because constraint {index.Name} on {shown} requires it")
                    { Hint = $"You can drop constraint {index.Name} on {shown} instead." };
            }

            var alterations = await ColumnAlterations.LoadAsync(session, services, table, cancellationToken);
            await alterations.DropIndexAsync(index, drop.IsCascade, cancellationToken);
        }

        return "DROP INDEX";
    }

    /// <summary>The index of a name, and its table; null when there is none.</summary>
    public static async ValueTask<(TableEntry Table, TableConstraint Index)?> FindAsync(QuerySession session, QualifiedName name,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var schema in name.Parts.Count == 1 ? session.Names.SearchPath() : [session.Temporary.Real(name.Qualifier!)])
        {
            if (await catalog.FindRelationAsync(schema, name.Name, cancellationToken) is { } relation)
                throw new SqlException(SqlState.WrongObjectType, $"\"{relation.Name}\" is not an index")
                {
                    Hint = $"Use DROP {AlterTableStatements.NounOf(relation).ToUpperInvariant()} to remove a "
                        + $"{AlterTableStatements.NounOf(relation)}.",
                };
            foreach (var table in await catalog.ListTablesAsync(schema, cancellationToken))
                if (table.Constraints.FirstOrDefault(item => item.HasIndex && item.Name == name.Name) is { } index)
                    return (table, index);
        }

        return null;
    }

    /// <summary>The columns of the key. Raises 0A000 for what a lake table cannot have.</summary>
    private static EquatableArray<string> Columns(CreateIndexStatement create)
    {
        if (create.Method is not ("btree" or "hash" or "brin"))
            throw new SqlException(create.Method is "gin" or "gist" or "spgist" ? SqlState.FeatureNotSupported : SqlState.UndefinedObject,
                create.Method is "gin" or "gist" or "spgist"
                    ? $"indexes of access method \"{create.Method}\" are not supported"
                    : $"access method \"{create.Method}\" does not exist");
        if (create.IsUnique && create.Method != "btree")
            throw new SqlException(SqlState.FeatureNotSupported, $"access method \"{create.Method}\" does not support unique indexes");
        if (create.Where is not null) throw new SqlException(SqlState.FeatureNotSupported, "partial indexes are not supported");
        foreach (var element in create.Elements)
        {
            if (element.Key is not ColumnReference)
                throw new SqlException(SqlState.FeatureNotSupported, "indexes on expressions are not supported");
            if (element.OperatorClass is not null || element.Collation is not null)
                throw new SqlException(SqlState.FeatureNotSupported, "indexes with operator classes or collations are not supported");
        }

        var columns = create.Elements.Select(element => ((ColumnReference)element.Key).Name).ToEquatableArray();
        return create.IsUnique && columns.Distinct().Count() < columns.Count
            ? throw new SqlException(SqlState.FeatureNotSupported, "a unique index with a column twice is not supported")
            : columns;
    }

    /// <summary>pg_index.indoption: 1 for DESC, 2 for NULLS FIRST, which DESC has without a word.</summary>
    private static short OptionOf(IndexElement element) =>
        (short)((element.IsDescending ? 1 : 0) | (element.NullsFirst ?? element.IsDescending ? 2 : 0));

    /// <summary>The names of relations in a schema, indexes among them.</summary>
    private static async ValueTask<HashSet<string>> TakenAsync(QuerySession session, string schema, CancellationToken cancellationToken)
    {
        var relations = await (await session.Transaction.GetCatalogAsync(cancellationToken)).ListRelationsAsync(schema, cancellationToken);
        return [.. relations.Select(relation => relation.Name), .. relations.OfType<TableEntry>()
            .SelectMany(table => table.Constraints.Where(item => item.HasIndex).Select(item => item.Name))];
    }

    private static string Choose(TableEntry table, EquatableArray<string> columns, HashSet<string> taken)
    {
        for (var number = 0;; number++)
        {
            var name = SequenceStatements.NameOf(table.Name, string.Join('_', columns), number == 0 ? "idx" : $"idx{number}");
            if (!taken.Contains(name)) return name;
        }
    }
}
