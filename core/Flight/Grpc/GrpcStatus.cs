using System.Globalization;
using System.Text;
using Federation.Core.Errors;

namespace Federation.Flight.Grpc;

/// <summary>Status codes of gRPC (grpc.io, statuscodes.md).</summary>
public enum GrpcStatus
{
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// <summary>How SQLSTATEs and status codes stand for each other, and the text of grpc-message.</summary>
internal static class GrpcStatuses
{
    /// <summary>The first row whose prefix the SQLSTATE begins with.</summary>
    private static readonly (string Prefix, GrpcStatus Status)[] s_byState =
    [
        ("08P01", GrpcStatus.InvalidArgument),
        ("08", GrpcStatus.Unavailable),
        ("0A", GrpcStatus.Unimplemented),
        ("25", GrpcStatus.FailedPrecondition),
        ("26", GrpcStatus.NotFound),
        ("28", GrpcStatus.Unauthenticated),
        ("34", GrpcStatus.NotFound),
        ("3D", GrpcStatus.NotFound),
        ("3F", GrpcStatus.NotFound),
        ("40", GrpcStatus.Aborted),
        ("42501", GrpcStatus.PermissionDenied),
        ("42704", GrpcStatus.NotFound),
        ("42883", GrpcStatus.NotFound),
        ("42P01", GrpcStatus.NotFound),
        ("42P03", GrpcStatus.AlreadyExists),
        ("42P04", GrpcStatus.AlreadyExists),
        ("42P05", GrpcStatus.AlreadyExists),
        ("42P06", GrpcStatus.AlreadyExists),
        ("42P07", GrpcStatus.AlreadyExists),
        ("53", GrpcStatus.ResourceExhausted),
        ("54", GrpcStatus.ResourceExhausted),
        ("55", GrpcStatus.FailedPrecondition),
        ("57014", GrpcStatus.Cancelled),
        ("57", GrpcStatus.Unavailable),
        ("58", GrpcStatus.Unavailable),
        ("HV", GrpcStatus.Unavailable),
        ("XX001", GrpcStatus.DataLoss),
        ("XX002", GrpcStatus.DataLoss),
        ("XX", GrpcStatus.Internal),
        ("", GrpcStatus.InvalidArgument),
    ];

    public static GrpcStatus Of(SqlState state)
    {
        foreach (var (prefix, status) in s_byState)
            if (state.Code.StartsWith(prefix, StringComparison.Ordinal))
                return status;
        return GrpcStatus.Unknown;
    }

    /// <summary>For errors of servers that do not say a SQLSTATE.</summary>
    public static SqlState ToState(GrpcStatus status) => status switch
    {
        GrpcStatus.Cancelled or GrpcStatus.DeadlineExceeded => SqlState.QueryCanceled,
        GrpcStatus.InvalidArgument or GrpcStatus.OutOfRange => SqlState.InvalidParameterValue,
        GrpcStatus.NotFound => SqlState.UndefinedObject,
        GrpcStatus.AlreadyExists => SqlState.DuplicateObject,
        GrpcStatus.PermissionDenied => SqlState.InsufficientPrivilege,
        GrpcStatus.Unauthenticated => SqlState.InvalidAuthorizationSpecification,
        GrpcStatus.ResourceExhausted => SqlState.InsufficientResources,
        GrpcStatus.FailedPrecondition => SqlState.ObjectNotInPrerequisiteState,
        GrpcStatus.Aborted => SqlState.TRSerializationFailure,
        GrpcStatus.Unimplemented => SqlState.FeatureNotSupported,
        GrpcStatus.Unavailable => SqlState.ConnectionFailure,
        GrpcStatus.DataLoss => SqlState.DataCorrupted,
        _ => SqlState.InternalError,
    };

    /// <summary>grpc-message: UTF-8 in which bytes outside of printable ASCII, and the percent sign, are percent-encoded.</summary>
    public static string EncodeMessage(string message)
    {
        var text = new StringBuilder(message.Length);
        foreach (var value in Encoding.UTF8.GetBytes(message))
        {
            if (value is >= 0x20 and <= 0x7e and not (byte)'%') text.Append((char)value);
            else text.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    /// <summary>What is not rightly encoded stays as it is.</summary>
    public static string DecodeMessage(string message) => Uri.UnescapeDataString(message);
}
