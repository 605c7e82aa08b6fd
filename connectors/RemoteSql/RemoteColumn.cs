using Federation.Core.Types;

namespace Federation.Connectors.RemoteSql;

/// <summary>A column of a table in a SQL source.</summary>
/// <param name="Type">The type it has here.</param>
/// <param name="Expression">The source's SQL that gives a value of that type: the quoted name, or a cast of it. An atom that begins with
/// the name.</param>
public sealed record RemoteColumn(string Name, SqlType Type, string Expression, bool IsNullable)
{
    /// <summary>The column's number at the source, which counts dropped columns.</summary>
    public short Number { get; init; }

    /// <summary>The source computes it from other columns of its row.</summary>
    public bool IsGenerated { get; init; }

    /// <summary>The domain that the column is declared with.</summary>
    public PgType? Domain { get; init; }

    /// <summary>Set for columns held as text.</summary>
    public RemoteCollation? Collation { get; init; }
}

/// <summary>How a source compares a text column.</summary>
/// <param name="Name">Tells collations apart within one source.</param>
/// <param name="IsDeterministic">Equal means equal bytes.</param>
/// <param name="IsByteOrder">Less means less by bytes of UTF-8, as here.</param>
/// <param name="IsUnicode">The source counts and orders characters as Unicode; otherwise only equality can be left to it.</param>
public sealed record RemoteCollation(string Name, bool IsDeterministic, bool IsByteOrder, bool IsUnicode);
