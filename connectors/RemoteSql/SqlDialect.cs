using Federation.Core.Types;

namespace Federation.Connectors.RemoteSql;

/// <summary>What differs between SQL sources when expressions and queries are written for them. Stateless and thread-safe.</summary>
public abstract class SqlDialect
{
    /// <summary>What may be left to the source.</summary>
    public abstract RemoteFunctions Functions { get; }

    /// <summary>The aggregates that may be left to the source.</summary>
    public abstract RemoteFunctions Aggregates { get; }

    /// <summary>The identifier, quoted when its plain form would mean something else.</summary>
    public abstract string Identifier(string name);

    /// <summary>
    /// The constant in the source's SQL, or null when it has no safe form there. A bare one may leave its type to the comparison it stands
    /// in; otherwise it must have exactly this type.
    /// </summary>
    public abstract string? Constant(object? value, SqlType type, bool isBare);

    /// <summary>A constant of exactly this type that can be sent beside a statement; null when it has to stand in it.</summary>
    public abstract RemoteValue? Value(object? value, SqlType type);

    /// <summary>
    /// A parameter of the query that stands for a value of exactly this type beside a statement; null when values of the type cannot be
    /// sent so.
    /// </summary>
    public abstract RemoteValue? Parameter(int number, SqlType type);

    /// <summary>The operand converted, or null when the source's conversion may give another value than PostgreSQL's.</summary>
    public abstract string? Cast(string operand, SqlType from, SqlType to);

    /// <summary>An operand whose comparisons go by the bytes of its UTF-8 form.</summary>
    public abstract string InByteOrder(string operand);

    /// <summary>A call of a function that <see cref="Functions"/> allows; null when these arguments have no form in the source.</summary>
    public abstract string? Call(string name, IReadOnlyList<string> arguments);
}
