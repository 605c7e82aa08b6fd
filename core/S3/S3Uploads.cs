using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.S3;

/// <summary>Writes objects: small ones by one request, larger ones in parts that are sent at the same time. Thread-safe.</summary>
internal sealed class S3Uploads(AmazonS3Client client, S3Requests requests)
{
    /// <summary>Files up to this size are one request.</summary>
    private const long SinglePut = 32L << 20;

    private const long SmallestPart = 16L << 20;

    /// <summary>S3 takes 10,000; a part more is never met.</summary>
    private const int MostParts = 9_000;

    private const int PartsAtOnce = 4;

    public async Task PutAsync(string path, ReadOnlyMemory<byte> bytes, bool onlyIfAbsent, CancellationToken cancellationToken)
    {
        var (bucket, key) = StoragePath.Split(path);
        using var body = new MemoryStream(bytes.ToArray(), writable: false);
        var request = new PutObjectRequest { BucketName = bucket, Key = key, InputStream = body, UseChunkEncoding = false };
        if (onlyIfAbsent) request.IfNoneMatch = "*";
        await client.PutObjectAsync(request, cancellationToken);
    }

    public async ValueTask UploadAsync(string path, string localFile, CancellationToken cancellationToken)
    {
        var (bucket, key) = StoragePath.Split(path);
        var length = LengthOf(localFile);
        if (length <= SinglePut)
        {
            await requests.SendAsync(path, "cannot be written", async (_, token) =>
            {
                await using var body = File.OpenRead(localFile);
                return await client.PutObjectAsync(
                    new PutObjectRequest { BucketName = bucket, Key = key, InputStream = body, UseChunkEncoding = false }, token);
            }, cancellationToken);
            return;
        }

        var start = await requests.SendAsync(path, "cannot be written",
            (_, token) => client.InitiateMultipartUploadAsync(new InitiateMultipartUploadRequest { BucketName = bucket, Key = key }, token),
            cancellationToken);
        try
        {
            var parts = await SendPartsAsync(path, localFile, length, start.UploadId, cancellationToken);
            await CompleteAsync(path, length, start.UploadId, parts, cancellationToken);
        }
        catch
        {
            await AbortAsync(path, start.UploadId);
            throw;
        }
    }

    private async Task<PartETag[]> SendPartsAsync(string path, string localFile, long length, string upload,
        CancellationToken cancellationToken)
    {
        var (bucket, key) = StoragePath.Split(path);
        var size = Math.Max(SmallestPart, (length + MostParts - 1) / MostParts);
        var parts = new PartETag[(length + size - 1) / size];
        await Parallel.ForAsync(0, parts.Length,
            new ParallelOptions { MaxDegreeOfParallelism = PartsAtOnce, CancellationToken = cancellationToken }, async (index, outer) =>
        {
            var sent = await requests.SendAsync(path, "cannot be written", async (_, token) =>
            {
                await using var body = File.OpenRead(localFile);
                body.Position = index * size;
                return await client.UploadPartAsync(
                    new UploadPartRequest
                    {
                        BucketName = bucket, Key = key, UploadId = upload, PartNumber = index + 1, InputStream = body,
                        PartSize = Math.Min(size, length - (index * size)), UseChunkEncoding = false,
                    },
                    token);
            }, outer);
            parts[index] = new PartETag(index + 1, sent.ETag);
        });
        return parts;
    }

    private async Task CompleteAsync(string path, long length, string upload, PartETag[] parts, CancellationToken cancellationToken)
    {
        var (bucket, key) = StoragePath.Split(path);
        await requests.SendAsync(path, "cannot be written", async (failed, token) =>
        {
            try
            {
                await client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest { BucketName = bucket, Key = key,
                    UploadId = upload, PartETags = [.. parts] }, token);
            }
            catch (AmazonServiceException error) when (failed > 0 && error.StatusCode == HttpStatusCode.NotFound)
            {
                // An earlier attempt whose answer was lost has ended the upload.
                var found = await client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = bucket, Key = key }, token);
                if (found.ContentLength != length) throw;
            }

            return true;
        }, cancellationToken);
    }

    /// <summary>
    /// The parts of an upload that was given up cost space until they are removed; when they cannot be now, a rule of the bucket's life
    /// cycle has to.
    /// </summary>
    private async Task AbortAsync(string path, string upload)
    {
        var (bucket, key) = StoragePath.Split(path);
        try
        {
            await requests.SendAsync(path, "cannot be removed",
                (_, token) =>
                    client.AbortMultipartUploadAsync(new AbortMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = upload },
                        token), CancellationToken.None);
        }
        catch (SqlException)
        {
            // See above.
        }
    }

    private static long LengthOf(string localFile)
    {
        try
        {
            return new FileInfo(localFile).Length;
        }
        catch (IOException error)
        {
            throw StoreErrors.Io(localFile, error);
        }
    }
}
