using Federation.Core.Types;

namespace Federation.Core.Values;

/// <summary>What input functions need besides the text.</summary>
/// <param name="Now">The transaction's timestamp (UTC), for now, today, tomorrow and yesterday.</param>
public sealed record ValueContext(TextFormat Format, PgTimestamp Now)
{
    public static readonly ValueContext Default = new(TextFormat.Default, default(PgTimestamp));
}

/// <summary>Only a look at the catalog tells which object a name means; whoever reads the value has it looked up and reads again.</summary>
public sealed class UnresolvedNameException(PgType type, string name) : Exception($"{type.Name} \"{name}\" has to be looked up")
{
    public PgType Type { get; } = type;

    public string Name { get; } = name;
}

/// <summary>Names behind the OIDs of regclass, regtype and the other reg types. Thread-safe.</summary>
public interface IObjectNames
{
    /// <summary>The text of a reg value (quoted and qualified where needed); null when no object has this OID.</summary>
    string? Find(PgType type, Oid oid);

    /// <summary>
    /// The object that the text of a reg value names. Raises PostgreSQL's error for its kind when there is none, and
    /// <see cref="UnresolvedNameException"/> when that is not known yet.
    /// </summary>
    Oid Resolve(PgType type, string name);
}
