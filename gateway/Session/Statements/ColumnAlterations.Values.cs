using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.SessionApi;
using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>Defaults, sequences of columns, and columns that are computed.</summary>
internal sealed partial class ColumnAlterations
{
    /// <summary>Sequences whose columns are gone.</summary>
    private readonly List<Oid> _released = [];

    /// <summary>What a new column gets without a value.</summary>
    private async ValueTask DeclareAsync(TableColumn declared, NewColumn column, CancellationToken cancellationToken)
    {
        var stored = ((ITableWriter)_format).StoredType(column.Type);
        var columns = _columns.Select(item => (item.Name, item.Type)).Append((column.Name, stored)).ToArray();
        var generated = _wanted.Generated.Select(item => item.Key).Concat(declared.Generated is null ? [] : [column.Name]).ToHashSet();
        var values = await WithoutPositionAsync(() => ColumnValues.DeclareAsync(_session, _wanted.Schema, _wanted.Name, declared, columns,
            generated, new HashSet<string>(StringComparer.Ordinal) { _wanted.Name }, cancellationToken));
        _wanted = _wanted with
        {
            Defaults = values.Default is null ? _wanted.Defaults
                : _wanted.Defaults.Append(KeyValuePair.Create(column.Name, values.Default)).ToEquatableArray(),
            Sequences = values.Sequence is null ? _wanted.Sequences : _wanted.Sequences.Append(values.Sequence).ToEquatableArray(),
            Generated = values.Generated is null ? _wanted.Generated
                : _wanted.Generated.Append(KeyValuePair.Create(column.Name, values.Generated)).ToEquatableArray(),
        };
    }

    private async ValueTask SetDefaultAsync(TableAction.SetDefault set, CancellationToken cancellationToken)
    {
        var column = Find(set.Column);
        if (SequenceOf(set.Column) is { IsIdentity: true })
        {
            throw new SqlException(SqlState.SyntaxError, IsIdentity(set.Column).Message)
                { Hint = set.Default is null ? "Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead." : null };
        }

        if (_wanted.Generated.Any(item => item.Key == set.Column))
        {
            throw new SqlException(SqlState.SyntaxError, $"column \"{set.Column}\" of relation \"{_wanted.Name}\" is a generated column")
                { Hint = set.Default is null ? "Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead." : null };
        }

        var others = _wanted.Defaults.Where(item => item.Key != set.Column);
        if (set.Default is { } expression)
        {
            var text = await WithoutPositionAsync(() =>
                ColumnValues.DefaultAsync(_session, expression, column.Name, column.Type, cancellationToken));
            if (expression is not NullLiteral) others = others.Append(KeyValuePair.Create(column.Name, text));
        }

        _wanted = _wanted with { Defaults = others.ToEquatableArray() };
    }

    private async ValueTask AddIdentityAsync(TableAction.AddIdentity add, CancellationToken cancellationToken)
    {
        var column = Find(add.Column);
        var options = SequenceOptions.New(add.Identity.Options, column.Type, isIdentity: true);
        if (column.IsNullable) throw State(add.Column, "must be declared NOT NULL before identity can be added");
        if (SequenceOf(add.Column) is { IsIdentity: true }) throw State(add.Column, "is already an identity column");
        if (_wanted.Defaults.Any(item => item.Key == add.Column) || _wanted.Generated.Any(item => item.Key == add.Column))
            throw State(add.Column, "already has a default value");
        var made = await SequenceStatements.MakeForAsync(_session, _wanted.Schema, _wanted.Name, add.Column,
            options, new HashSet<string>(StringComparer.Ordinal), cancellationToken);
        _wanted = _wanted with
        {
            Sequences = _wanted.Sequences.Append(new ColumnSequence(add.Column, made.Oid,
                add.Identity.IsAlways ? ColumnSequenceKind.Always : ColumnSequenceKind.ByDefault)).ToEquatableArray(),
        };
    }

    private async ValueTask SetIdentityAsync(TableAction.SetIdentity set, CancellationToken cancellationToken)
    {
        Find(set.Column);
        if (SequenceOf(set.Column) is not { IsIdentity: true } identity) throw State(set.Column, "is not an identity column");
        if (set.IsAlways is { } isAlways)
        {
            _wanted = _wanted with
            {
                Sequences = _wanted.Sequences.Select(item => item == identity
                    ? item with { Kind = isAlways ? ColumnSequenceKind.Always : ColumnSequenceKind.ByDefault }
                    : item).ToEquatableArray(),
            };
        }

        if (set.Options.Count == 0) return;
        var catalog = await _session.Transaction.GetCatalogAsync(cancellationToken);
        var sequence = (await catalog.FindSequenceAsync(identity.Sequence, cancellationToken))!;
        await SequenceStatements.AlterAsync(_session, _services, sequence, set.Options, cancellationToken);
    }

    private void DropIdentity(TableAction.DropIdentity drop)
    {
        Find(drop.Column);
        if (SequenceOf(drop.Column) is not { IsIdentity: true } identity)
        {
            SkipOrThrow(State(drop.Column, "is not an identity column"), drop.IfExists);
            return;
        }

        _released.Add(identity.Sequence);
        _wanted = _wanted with { Sequences = _wanted.Sequences.Where(item => item != identity).ToEquatableArray() };
    }

    private void DropExpression(TableAction.DropExpression drop)
    {
        Find(drop.Column);
        if (_wanted.Generated.All(item => item.Key != drop.Column))
        {
            SkipOrThrow(State(drop.Column, "is not a stored generated column"), drop.IfExists);
            return;
        }

        _wanted = _wanted with { Generated = _wanted.Generated.Where(item => item.Key != drop.Column).ToEquatableArray() };
    }

    /// <summary>The generated columns that need a column.</summary>
    private IEnumerable<string> ComputedFrom(string column) => _wanted.Generated
        .Where(item => item.Key != column && SyntaxTree.Find(SqlParser.ParseExpression(item.Value),
            node => node is ColumnReference reference && reference.Name == column) is not null)
        .Select(item => item.Key);

    /// <summary>Columns that are computed from one that goes have to go as well.</summary>
    private void DropComputedFrom(TableAction.DropColumn drop)
    {
        var computed = ComputedFrom(drop.Name).ToArray();
        if (computed.Length == 0) return;
        var table = DependentViews.Described(_session, _recorded);
        throw drop.IsCascade
            ? new SqlException(SqlState.FeatureNotSupported,
                $"column {drop.Name} of {table} cannot be dropped together with the generated columns that need it")
                { Hint = $"Drop column \"{computed[0]}\" first." }
            : new SqlException(SqlState.DependentObjectsStillExist,
                $"cannot drop column {drop.Name} of {table} because other objects depend on it")
            {
                Detail = string.Join('\n', computed.Select(item => $"column {item} of {table} depends on column {drop.Name} of {table}")),
                Hint = "Use DROP ... CASCADE to drop the dependent objects too.",
            };
    }

    /// <summary>The table's sequences without those of a column that goes.</summary>
    private EquatableArray<ColumnSequence> Released(string column)
    {
        _released.AddRange(_wanted.Sequences.Where(item => item.Column == column).Select(item => item.Sequence));
        return _wanted.Sequences.Where(item => item.Column != column).ToEquatableArray();
    }

    private async ValueTask DropSequencesAsync(CancellationToken cancellationToken)
    {
        foreach (var oid in _released)
        {
            var catalog = await _session.Transaction.GetCatalogAsync(cancellationToken);
            if (await catalog.FindSequenceAsync(oid, cancellationToken) is { } sequence)
                await _session.Transaction.ChangeAsync(new CatalogChange.Drop(sequence.Key), cancellationToken);
        }
    }

    private ColumnSequence? SequenceOf(string column) =>
        _wanted.Sequences.Where(item => item.Column == column).OrderByDescending(item => item.IsIdentity).FirstOrDefault();

    private SqlException IsIdentity(string column) =>
        new(SqlState.SyntaxError, $"column \"{column}\" of relation \"{_wanted.Name}\" is an identity column");

    private SqlException State(string column, string what) =>
        new(SqlState.ObjectNotInPrerequisiteState, $"column \"{column}\" of relation \"{_wanted.Name}\" {what}");

    private void SkipOrThrow(SqlException error, bool skips)
    {
        if (!skips) throw error;
        _session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"{error.Message}, skipping");
    }

    private static async ValueTask<T> WithoutPositionAsync<T>(Func<ValueTask<T>> work)
    {
        try
        {
            return await work();
        }
        catch (SqlException error)
        {
            throw error.Moved(0);
        }
    }
}
