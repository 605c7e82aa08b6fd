using System.Net;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Federation.ObjectStorage;
using ObjectPart = Federation.ObjectStorage.ObjectPart;

namespace Federation.S3;

/// <summary>
/// Objects of S3, or of a store that speaks its protocol, under <c>s3://bucket/key</c>. Thread-safe; makes no request until it is used.
/// </summary>
public sealed class S3Store : IObjectStore, IDisposable
{
    private const int ListPage = 1000, DeletesAtOnce = 8;

    private readonly S3Options _options;
    private readonly Lazy<AmazonS3Client> _client;
    private readonly S3Requests _requests;

    public S3Store(S3Options options)
    {
        _options = options;
        _client = new Lazy<AmazonS3Client>(() => Connect(options));
        _requests = new S3Requests(options.Retries);
    }

    private AmazonS3Client Client => _client.Value;

    public async ValueTask<ObjectStatus?> StatAsync(string path, CancellationToken cancellationToken)
    {
        var (bucket, key) = StoragePath.Split(path);
        return key.Length == 0 ? null : await _requests.SendAsync(path, "cannot be read", async (_, token) =>
        {
            try
            {
                var answer = await Client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = bucket, Key = key }, token);
                return new ObjectStatus(answer.ContentLength, answer.ETag);
            }
            catch (AmazonServiceException error) when (error is { StatusCode: HttpStatusCode.NotFound, ErrorCode: not "NoSuchBucket" })
            {
                return null;
            }
        }, cancellationToken);
    }

    public async ValueTask<ObjectPart> ReadAsync(string path, long offset, Memory<byte> buffer, string? version,
        CancellationToken cancellationToken)
    {
        // An answer that breaks off goes on where it stopped, and from the same version.
        var filled = 0;
        ObjectStatus? status = null;
        try
        {
            return await _requests.SendAsync(path, "cannot be read", async (_, token) =>
            {
                var start = offset >= 0 || status is null ? offset : Math.Max(0, status.SizeBytes + offset);
                using var answer =
                    await GetAsync(path, start < 0 ? start : start + filled, buffer.Length - filled, status?.Version ?? version, token);
                status ??= new ObjectStatus(TotalOf(answer), answer.ETag);
                await FillAsync(answer.ResponseStream,
                    buffer[filled..Math.Min(buffer.Length, filled + (int)Math.Min(int.MaxValue - filled, answer.ContentLength))],
                    read => filled += read, token);
                return new ObjectPart(filled, status);
            }, cancellationToken);
        }
        catch (Core.Errors.SqlException error)
            when (error.InnerException is AmazonServiceException { StatusCode: HttpStatusCode.RequestedRangeNotSatisfiable })
        {
            return new ObjectPart(0, await StatAsync(path, cancellationToken) ?? throw StoreErrors.Missing(path, error));
        }
    }

    public ValueTask<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        _requests.SendAsync(path, "cannot be written", async (failed, token) =>
        {
            try
            {
                await Uploads().PutAsync(path, bytes, onlyIfAbsent: true, token);
                return true;
            }
            catch (AmazonServiceException error) when (error.StatusCode == HttpStatusCode.PreconditionFailed)
            {
                // The object may be what an earlier attempt wrote whose answer was lost.
                return failed > 0 && await HoldsAsync(path, bytes, token);
            }
        }, cancellationToken);

    public ValueTask UploadAsync(string path, string localFile, CancellationToken cancellationToken) =>
        Uploads().UploadAsync(path, localFile, cancellationToken);

    /// <summary>An object appears as a whole, whatever was there.</summary>
    public ValueTask ReplaceAsync(string path, string localFile, CancellationToken cancellationToken) =>
        UploadAsync(path, localFile, cancellationToken);

    public ValueTask<IReadOnlyList<ListedObject>> ListAsync(string folder, int most, CancellationToken cancellationToken) =>
        ListAsync(folder, "/", most, cancellationToken);

    public async ValueTask<bool> IsFolderAsync(string path, CancellationToken cancellationToken) =>
        (await ListAsync(path, 1, cancellationToken)).Count > 0;

    public async ValueTask DeleteAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken) =>
        await Parallel.ForEachAsync(
        paths, new ParallelOptions { MaxDegreeOfParallelism = DeletesAtOnce, CancellationToken = cancellationToken }, async (path, token) =>
        {
            var (bucket, key) = StoragePath.Split(path);
            await _requests.SendAsync(path, "cannot be removed",
                (_, inner) => Client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = bucket, Key = key }, inner), token);
        });

    public async ValueTask DeleteFolderAsync(string folder, CancellationToken cancellationToken) =>
        await DeleteAsync([.. (await ListAsync(folder, null, int.MaxValue, cancellationToken)).Select(item => item.Path)],
            cancellationToken);

    public void Dispose()
    {
        if (_client.IsValueCreated) Client.Dispose();
    }

    /// <summary>Raises F0000 for a profile that does not exist.</summary>
    private static AmazonS3Client Connect(S3Options options)
    {
        var config = new AmazonS3Config
        {
            ForcePathStyle = options.IsPathStyle ?? options.Endpoint is not null,
            // Stores other than Amazon's refuse the checksums that the SDK adds by itself.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            // Requests are sent again by this class alone, which has to know how often.
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            Timeout = options.Timeout,
            ConnectTimeout = options.Timeout,
        };
        if (options.Endpoint is { } endpoint) (config.ServiceURL, config.AuthenticationRegion) = (endpoint, options.Region);
        else config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        return options.Credentials() is { } credentials ? new AmazonS3Client(credentials, config) : new AmazonS3Client(config);
    }

    private S3Uploads Uploads() => new(Client, _requests);

    private async ValueTask<IReadOnlyList<ListedObject>> ListAsync(string folder, string? delimiter, int most,
        CancellationToken cancellationToken)
    {
        var (bucket, key) = StoragePath.Split(folder.TrimEnd('/'));
        var prefix = key.Length == 0 ? "" : key + "/";
        var found = new List<ListedObject>();
        string? next = null;
        do
        {
            // One more than is wanted: an object may stand for the folder itself.
            var request = new ListObjectsV2Request { BucketName = bucket, Prefix = prefix, Delimiter = delimiter,
                MaxKeys = (int)Math.Min(ListPage, most + 1L), ContinuationToken = next };
            var page = await _requests.SendAsync(folder, "cannot be listed", (_, token) => Client.ListObjectsV2Async(request, token),
                cancellationToken);
            foreach (var item in page.S3Objects ?? [])
            {
                if (item.Key == prefix || (delimiter is not null && item.Key.EndsWith('/'))) continue;
                found.Add(new ListedObject($"{StoragePath.S3}{bucket}/{item.Key}", false, new ObjectStatus(item.Size ?? 0, item.ETag))
                    { Written = item.LastModified ?? default });
            }

            found.AddRange(
                (page.CommonPrefixes ?? []).Select(name => new ListedObject($"{StoragePath.S3}{bucket}/{name.TrimEnd('/')}", true, null)));
            next = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (next is not null && found.Count < most);
        return found.Count > most ? found.GetRange(0, most) : found;
    }

    private Task<GetObjectResponse> GetAsync(string path, long offset, int count, string? version, CancellationToken cancellationToken)
    {
        var (bucket, key) = StoragePath.Split(path);
        return Client.GetObjectAsync(
            new GetObjectRequest
            {
                BucketName = bucket,
                Key = key,
                EtagToMatch = version,
                ByteRange = offset < 0 ? new ByteRange(FormattableString.Invariant($"bytes={offset}"))
                    : new ByteRange(offset, offset + Math.Max(1, count) - 1),
            },
            cancellationToken);
    }

    private static long TotalOf(GetObjectResponse answer) =>
        answer.ContentRange is { } range
            && long.TryParse(range[(range.LastIndexOf('/') + 1)..], System.Globalization.CultureInfo.InvariantCulture, out var total)
            ? total
            : answer.ContentLength;

    /// <summary>
    /// Reads until the buffer is full. Each piece has the whole time-out: a slow answer is no lost one. What was read is told as it comes,
    /// so that it is kept when the answer breaks off.
    /// </summary>
    private async Task FillAsync(Stream body, Memory<byte> buffer, Action<int> onRead, CancellationToken cancellationToken)
    {
        using var stalled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        for (var filled = 0; filled < buffer.Length;)
        {
            stalled.CancelAfter(_options.Timeout);
            var read = await body.ReadAsync(buffer[filled..], stalled.Token);
            if (read == 0) throw new IOException("the answer ended before its end");
            filled += read;
            onRead(read);
        }
    }

    private async Task<bool> HoldsAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var buffer = new byte[bytes.Length];
        var part = await ReadAsync(path, 0, buffer, null, cancellationToken);
        return part.Status.SizeBytes == bytes.Length && buffer.AsSpan().SequenceEqual(bytes.Span);
    }
}
