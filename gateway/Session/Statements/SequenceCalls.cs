using Federation.Arrow;
using Federation.Catalog;
using Federation.Plan;
using Federation.Planner;
using SequencePosition = Federation.Catalog.SequencePosition;

namespace Federation.Session.Statements;

/// <summary>nextval, currval, setval and lastval as one statement calls them: which sequences they mean, and who may call them.</summary>
internal sealed class SequenceCalls(QuerySession session)
{
    private readonly Dictionary<(Oid Sequence, string Function), SequenceEntry> _checked = [];

    /// <summary>How many values of a sequence are going to be asked for.</summary>
    private readonly Dictionary<Oid, long> _expected = [];

    /// <summary>Says that rows come whose calls will be made next.</summary>
    public void Expect(Oid sequence, long count) => _expected[sequence] = _expected.GetValueOrDefault(sequence) + count;

    /// <summary>The value of a call; NULL when one of its arguments is.</summary>
    /// <param name="arguments">The sequence's OID, a value and a truth, as far as the function takes them.</param>
    public async ValueTask<long?> CallAsync(FunctionEntry function, object?[] arguments, CancellationToken cancellationToken)
    {
        if (Array.Exists(arguments, argument => argument is null)) return null;
        var sequences = session.Sequences;
        var oid = arguments.Length == 0 ? sequences.Last() : new Oid((uint)(long)arguments[0]!);
        var sequence = await FindAsync(function, oid, cancellationToken);
        switch (function.Name)
        {
            case "nextval":
                var expected = Math.Max(1, _expected.GetValueOrDefault(oid));
                _expected[oid] = expected - 1;
                return await sequences.NextAsync(sequence, expected, cancellationToken);
            case "setval":
                var position = new SequencePosition((long)arguments[1]!, arguments.Length < 3 || (bool)arguments[2]!);
                await sequences.SetAsync(sequence, position, cancellationToken);
                return position.LastValue;
            default:
                return sequences.Current(sequence);
        }
    }

    private async ValueTask<SequenceEntry> FindAsync(FunctionEntry function, Oid oid, CancellationToken cancellationToken)
    {
        if (_checked.TryGetValue((oid, function.Signature), out var known)) return known;
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var found = await catalog.FindSequenceAsync(oid, cancellationToken)
            ?? throw (function.Name == "lastval" ? SessionSequences.NoLast() : await NoSequenceAsync(catalog, oid, cancellationToken));
        if (function.Name is "nextval" or "setval") session.Transaction.RequireWritable($"{function.Name}()");
        var letters = function.Name switch { "nextval" => "Uw", "setval" => "w", _ => "rU" };
        if (function != SessionCalls.IdentityNext)
            await (await session.RightsAsync(cancellationToken)).RequireAnyAsync(session.User, found, letters, cancellationToken);
        return _checked[(oid, function.Signature)] = found;
    }

    private static async ValueTask<SqlException> NoSequenceAsync(ICatalogSnapshot catalog, Oid oid, CancellationToken cancellationToken)
    {
        foreach (var schema in await catalog.ListSchemasAsync(cancellationToken))
            foreach (var relation in await catalog.ListRelationsAsync(schema.Name, cancellationToken))
                if (relation.Oid == oid)
                    return new SqlException(SqlState.WrongObjectType, $"\"{relation.Name}\" is not a sequence");
        return StableOids.TableOf(oid) is null
            ? new SqlException(SqlState.UndefinedTable, $"could not open relation with OID {oid.Value}")
            : new SqlException(SqlState.FeatureNotSupported, "sequences of attached servers cannot be used here");
    }
}
