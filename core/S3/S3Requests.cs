using System.Security.Cryptography;
using Federation.Core.Errors;

namespace Federation.S3;

/// <summary>
/// Sends requests until they succeed, fail for good, or have failed too often. Pauses grow and are drawn by lot, so that many clients of a
/// busy store do not come back at once.
/// </summary>
/// <param name="retries">How often a request is sent again.</param>
internal sealed class S3Requests(int retries)
{
    private const int FirstPauseMs = 50, LongestPauseMs = 5_000;

    /// <param name="path">What the request is about, for errors.</param>
    /// <param name="what">What is to be done, as in "cannot be read".</param>
    /// <param name="send">Sends the request; told how many attempts have failed, any of which may have been carried out.</param>
    /// <param name="cancellationToken">Ends the attempts with <see cref="OperationCanceledException"/>.</param>
    public async ValueTask<T> SendAsync<T>(string path, string what, Func<int, CancellationToken, Task<T>> send,
        CancellationToken cancellationToken)
    {
        for (var failed = 0; ; failed++)
        {
            try
            {
                return await send(failed, cancellationToken);
            }
            catch (SqlException)
            {
                throw;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                if (!S3Errors.MayPass(error) || failed >= retries) throw S3Errors.Of(path, what, error);
            }

            var longest = Math.Min(LongestPauseMs, FirstPauseMs << Math.Min(failed, 10));
            await Task.Delay(RandomNumberGenerator.GetInt32(1, longest + 1), cancellationToken);
        }
    }
}
