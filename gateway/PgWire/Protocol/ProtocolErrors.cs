using Federation.Core.Errors;

namespace Federation.PgWire.Protocol;

/// <summary>Errors of the protocol itself, in PostgreSQL's words.</summary>
internal static class ProtocolErrors
{
    public static SqlException Fatal(string message) => new(SqlState.ProtocolViolation, message) { IsFatal = true };

    public static SqlException Malformed(string message) => FormErrors.Malformed(message);
}
