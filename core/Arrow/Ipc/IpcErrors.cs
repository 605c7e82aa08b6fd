using System.Diagnostics.CodeAnalysis;
using Federation.Core.Errors;

namespace Federation.Arrow.Ipc;

/// <summary>
/// The errors of Arrow messages: 08P01 for bytes that break the format, 0A000 for what the format allows and this reader does not.
/// </summary>
internal static class IpcErrors
{
    public static SqlException Malformed(string detail) => new(SqlState.ProtocolViolation, $"malformed Arrow message: {detail}");

    public static SqlException Unsupported(string what) => new(SqlState.FeatureNotSupported, $"Arrow {what} is not supported");

    public static SqlException TooLarge(string what) => new(SqlState.ProgramLimitExceeded, $"Arrow {what} is too large");

    [DoesNotReturn]
    public static void ThrowMalformed(string detail) => throw Malformed(detail);
}
