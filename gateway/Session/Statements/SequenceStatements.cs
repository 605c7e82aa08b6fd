using System.Text;
using Federation.Catalog;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql.Syntax;
using SequencePosition = Federation.Catalog.SequencePosition;

namespace Federation.Session.Statements;

/// <summary>CREATE and ALTER SEQUENCE, and the sequences of serial and identity columns.</summary>
internal static class SequenceStatements
{
    /// <summary>NAMEDATALEN without its end.</summary>
    private const int LongestName = 63;

    public static async ValueTask<string> CreateAsync(QuerySession session, CreateSequenceStatement create,
        CancellationToken cancellationToken)
    {
        const string Tag = "CREATE SEQUENCE";
        session.Transaction.RequireWritable(Tag);
        var place = await WithoutPositionAsync(() =>
            TableStatements.PlaceAsync(session, create.Name, create.IfNotExists, cancellationToken, create.IsTemporary));
        if (place is not { } schema) return Tag;
        var made = await MakeAsync(session, schema.Name, create.Name.Name, SequenceOptions.New(create.Options, SqlType.Int8, false),
            cancellationToken);
        await OwnAsync(session, made, create.Options, cancellationToken);
        return Tag;
    }

    public static async ValueTask<string> AlterAsync(QuerySession session, SessionServices services, AlterSequenceStatement alter,
        CancellationToken cancellationToken)
    {
        const string Tag = "ALTER SEQUENCE";
        session.Transaction.RequireWritable(Tag);
        if (await AlterTableStatements.FindAsync(session, alter.Name, alter.IfExists, cancellationToken) is not { } relation) return Tag;
        AlterTableStatements.RequireKind(relation, DropKind.Sequence);
        await AlterTableStatements.RequireOwnerAsync(session, relation, cancellationToken);
        var sequence = await AlterAsync(session, services, (SequenceEntry)relation, alter.Options, cancellationToken);
        await OwnAsync(session, sequence, alter.Options, cancellationToken);
        return Tag;
    }

    /// <summary>Gives a sequence other options. RESTART counts when the transaction commits, as the rest of it.</summary>
    public static async ValueTask<SequenceEntry> AlterAsync(QuerySession session, SessionServices services, SequenceEntry sequence,
        EquatableArray<SequenceOption> options, CancellationToken cancellationToken)
    {
        var read = SequenceOptions.Altered(options, sequence);
        var altered = sequence with { Type = read.Type, Rule = read.Rule };
        if (read.Restart is { } restart)
        {
            altered = altered with
            {
                State = await services.Transactions.Catalog.ReserveOidAsync(cancellationToken),
                First = new SequencePosition(restart, false),
            };
        }
        else
        {
            var last = (await services.Transactions.Catalog.Sequences.FindAsync(sequence, cancellationToken)).LastValue;
            var rule = read.Rule;
            if (last < rule.Minimum)
                throw new SqlException(SqlState.InvalidParameterValue,
                    $"RESTART value ({last}) cannot be less than MINVALUE ({rule.Minimum})");
            if (last > rule.Maximum)
                throw new SqlException(SqlState.InvalidParameterValue,
                    $"RESTART value ({last}) cannot be greater than MAXVALUE ({rule.Maximum})");
        }

        session.Sequences.ForgetAhead(sequence);
        if (altered == sequence) return sequence;
        await session.Transaction.ChangeAsync(new CatalogChange.Redefine(sequence, altered), cancellationToken);
        return altered;
    }

    /// <summary>Makes a sequence, which the session's user owns.</summary>
    public static async ValueTask<SequenceEntry> MakeAsync(QuerySession session, string schema, string name, SequenceOptions options,
        CancellationToken cancellationToken)
    {
        await session.Transaction.ChangeAsync(
            new CatalogChange.Create(new SequenceEntry(Oid.None, schema, name, session.User, options.Type, options.Rule)
            {
                IsClosed = true, First = new SequencePosition(options.Restart ?? options.Rule.Start, false),
            }), cancellationToken);
        var made = (await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindSequenceAsync(schema, name,
            cancellationToken))!;
        await TableRights.StartAsync(session, made, cancellationToken);
        return made;
    }

    /// <summary>Makes the sequence of a serial or identity column under a name of PostgreSQL's choice.</summary>
    /// <param name="taken">Names that the statement gives to others.</param>
    public static async ValueTask<SequenceEntry> MakeForAsync(QuerySession session, string schema, string table, string column,
        SequenceOptions options, ISet<string> taken, CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        for (var number = 0;; number++)
        {
            var name = NameOf(table, column, number == 0 ? "seq" : $"seq{number}");
            if (taken.Contains(name) || await catalog.FindRelationAsync(schema, name, cancellationToken) is not null) continue;
            taken.Add(name);
            return await MakeAsync(session, schema, name, options, cancellationToken);
        }
    }

    /// <summary>makeObjectName: the longer of the two names is cut until all fits.</summary>
    internal static string NameOf(string table, string column, string label)
    {
        var (first, second) = (Encoding.UTF8.GetByteCount(table), Encoding.UTF8.GetByteCount(column));
        var room = LongestName - label.Length - 2;
        while (first + second > room)
        {
            if (first > second) first--;
            else second--;
        }

        return $"{Cut(table, first)}_{Cut(column, second)}_{label}";
    }

    private static string Cut(string name, int bytes)
    {
        while (Encoding.UTF8.GetByteCount(name) > bytes) name = name[..(char.IsLowSurrogate(name[^1]) ? ^2 : ^1)];
        return name;
    }

    /// <summary>OWNED BY, process_owned_by of PostgreSQL.</summary>
    private static async ValueTask OwnAsync(QuerySession session, SequenceEntry sequence, EquatableArray<SequenceOption> options,
        CancellationToken cancellationToken)
    {
        if (options.FirstOrDefault(option => option.Kind == SequenceOptionKind.OwnedBy)?.Owner is not { } owner) return;
        (TableEntry Table, string Column)? wanted = null;
        if (owner.Parts.Count > 1)
        {
            var name = owner with { Parts = owner.Parts.Take(owner.Parts.Count - 1).ToEquatableArray() };
            wanted = (await OwnerAsync(session, sequence, name, owner.Name, cancellationToken), owner.Name);
        }
        else if (owner.Name != "none")
        {
            throw new SqlException(SqlState.SyntaxError, "invalid OWNED BY option")
                { Hint = "Specify OWNED BY table.column or OWNED BY NONE." };
        }

        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var table in await SequenceRules.UsersAsync(catalog, sequence, cancellationToken))
        {
            var present = table.Sequences.FirstOrDefault(item => item.Sequence == sequence.Oid);
            if (present is null) continue;
            if (present.IsIdentity)
                throw new SqlException(SqlState.FeatureNotSupported, "cannot change ownership of identity sequence")
                    { Detail = $"Sequence \"{sequence.Name}\" is linked to table \"{table.Name}\"." };
            if (wanted is { } same && same.Table.Oid == table.Oid && same.Column == present.Column) return;
            await session.Transaction.ChangeAsync(
                new CatalogChange.Redefine(table, table with
                {
                    Sequences = table.Sequences.Where(item => item.Sequence != sequence.Oid).ToEquatableArray(),
                }), cancellationToken);
        }

        if (wanted is not { } target) return;
        var entry = (await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindTableAsync(target.Table.Schema,
            target.Table.Name, cancellationToken))!;
        await session.Transaction.ChangeAsync(
            new CatalogChange.Redefine(entry, entry with
            {
                Sequences = entry.Sequences.Append(new ColumnSequence(target.Column, sequence.Oid, ColumnSequenceKind.Owned))
                    .ToEquatableArray(),
            }), cancellationToken);
    }

    private static async ValueTask<TableEntry> OwnerAsync(QuerySession session, SequenceEntry sequence, QualifiedName name, string column,
        CancellationToken cancellationToken)
    {
        var relation = await session.FindRelationAsync(name, cancellationToken)
            ?? throw new SqlException(SqlState.UndefinedTable, $"relation \"{name}\" does not exist");
        if (relation is not TableEntry table)
            throw new SqlException(SqlState.WrongObjectType, $"sequence cannot be owned by relation \"{relation.Name}\"");
        if (table.Owner != sequence.Owner)
            throw new SqlException(SqlState.ObjectNotInPrerequisiteState, "sequence must have same owner as table it is linked to");
        if (table.Schema != sequence.Schema)
            throw new SqlException(SqlState.ObjectNotInPrerequisiteState, "sequence must be in same schema as table it is linked to");
        var resolved = await session.FindTableAsync(new QualifiedName([TableResolver.ManagedCatalog, table.Schema, table.Name]),
            cancellationToken);
        return resolved!.Columns.Any(known => known.Name == column) ? table
            : throw new SqlException(SqlState.UndefinedColumn, $"column \"{column}\" of relation \"{table.Name}\" does not exist");
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
