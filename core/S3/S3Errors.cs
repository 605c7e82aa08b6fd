using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.S3;

/// <summary>What failures of requests mean: which may pass, and the SQLSTATE of those that stay.</summary>
internal static class S3Errors
{
    private static readonly string[] s_passing = ["InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout",
        "RequestTimeTooSkewed", "ConditionalRequestConflict", "OperationAborted", "Throttling"];

    /// <summary>Whether the same request may succeed later. It may have been carried out all the same.</summary>
    public static bool MayPass(Exception error) => error switch
    {
        AmazonServiceException service when (int)service.StatusCode > 0 =>
            (int)service.StatusCode is 429 or >= 500 || s_passing.Contains(service.ErrorCode),
        AmazonServiceException or HttpRequestException or IOException or SocketException or OperationCanceledException
            or TimeoutException => true,
        AmazonClientException { InnerException: { } inner } => MayPass(inner),
        _ => false,
    };

    public static bool Is(Exception error, HttpStatusCode status) =>
        error is AmazonServiceException service && service.StatusCode == status;

    /// <param name="path">The object, or the folder that was listed.</param>
    /// <param name="what">What was to be done, as in "cannot be read".</param>
    /// <param name="error">The failure.</param>
    public static SqlException Of(string path, string what, Exception error)
    {
        var (bucket, key) = StoragePath.Split(path);
        var service = error as AmazonServiceException;
        var reason = service is { ErrorCode: { Length: > 0 } code } ? $"{code}: {service.Message}" : error.Message;
        var detail = $"Bucket \"{bucket}\", key \"{key}\": {reason}";
        return service switch
        {
            { ErrorCode: "NoSuchBucket" } => new SqlException(SqlState.UndefinedFile, $"bucket \"{bucket}\" does not exist", error)
                { Detail = detail },
            { StatusCode: HttpStatusCode.NotFound } => new SqlException(SqlState.UndefinedFile, $"file \"{path}\" does not exist", error)
                { Detail = detail },
            { StatusCode: HttpStatusCode.PreconditionFailed } => StoreErrors.Changed(path, error),
            { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } =>
                new SqlException(SqlState.InsufficientPrivilege, $"file \"{path}\" {what}: permission denied", error) { Detail = detail },
            { ErrorCode: "QuotaExceeded" } => new SqlException(SqlState.DiskFull, $"file \"{path}\" {what}: no space is left", error)
                { Detail = detail },
            { StatusCode: >= HttpStatusCode.Continue } =>
                new SqlException(SqlState.IoError, $"file \"{path}\" {what}: the store answered {(int)service.StatusCode}", error)
                    { Detail = detail },
            _ when IsUnreachable(error) =>
                new SqlException(SqlState.ConnectionFailure, $"file \"{path}\" {what}: the store cannot be reached", error)
                    { Detail = detail },
            _ => new SqlException(SqlState.IoError, $"file \"{path}\" {what}: {error.Message}", error) { Detail = detail },
        };
    }

    private static bool IsUnreachable(Exception error) =>
        error is HttpRequestException or SocketException or TimeoutException or OperationCanceledException
            || (error.InnerException is { } inner && IsUnreachable(inner));
}
