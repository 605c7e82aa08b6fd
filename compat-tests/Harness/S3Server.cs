using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Federation.CompatTests.Harness;

/// <summary>
/// An S3 in memory, for tests: objects with ranges, conditional puts and gets, multipart uploads, listings, roles; path style alone. It
/// looks at the access key of a request and not at its signature. It does to requests what tests ask for. Thread-safe.
/// </summary>
public sealed class S3Server : IAsyncDisposable
{
    public const string AccessKey = "testkey", SecretKey = "testsecret", RoleKey = "rolekey";

    private readonly ConcurrentDictionary<string, StoredObject> _objects = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<int, byte[]>> _uploads = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> _buckets = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<S3Request> _requests = new();
    private readonly CancellationTokenSource _stopped = new();
    private readonly WebApplication _app;

    private S3Server(WebApplication app)
    {
        _app = app;
        app.Run(AnswerAsync);
    }

    public string Endpoint => _app.Urls.First();

    /// <summary>Asked for each request; null for none. May be changed at any time.</summary>
    public Func<S3Request, S3Fault>? Faults { get; set; }

    /// <summary>Whether requests without a signature are answered.</summary>
    public bool IsPublic { get; set; }

    public IReadOnlyCollection<S3Request> Requests => _requests;

    /// <summary>The paths of all objects, as bucket/key.</summary>
    public IReadOnlyList<string> Objects => [.. _objects.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Uploads that were begun, and neither completed nor given up.</summary>
    public int OpenUploads => _uploads.Count;

    public static async Task<S3Server> StartAsync(params string[] buckets)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, 0);
            options.Limits.MaxRequestBodySize = null;
        });
        var server = new S3Server(builder.Build());
        foreach (var bucket in buckets) server._buckets[bucket] = 0;
        await server._app.StartAsync();
        return server;
    }

    public void Put(string bucket, string key, byte[] bytes) => _objects[$"{bucket}/{key}"] = new StoredObject(bytes);

    public byte[] Get(string bucket, string key) => _objects[$"{bucket}/{key}"].Bytes;

    public void ForgetRequests() => _requests.Clear();

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await _app.DisposeAsync();
        _stopped.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        // The framework's own path is half decoded.
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var path = Uri.UnescapeDataString(target.Split('?')[0].TrimStart('/'));
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var (bucket, key) = slash < 0 ? (path, "") : (path[..slash], path[(slash + 1)..]);
        var request = new S3Request(KindOf(http.Request, bucket, key), bucket, key, http.Request.Headers.Range.FirstOrDefault());
        _requests.Enqueue(request);
        var fault = Faults?.Invoke(request) ?? S3Fault.None;
        switch (fault)
        {
            case S3Fault.Error: await RefuseAsync(http, 500, "InternalError"); return;
            case S3Fault.SlowDown: await RefuseAsync(http, 503, "SlowDown"); return;
            case S3Fault.Reset: http.Abort(); return;
            case S3Fault.Silence:
                await Task.Delay(Timeout.Infinite,
                    CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _stopped.Token).Token)
                        .ContinueWith(_ => { }, TaskScheduler.Default); return;
        }

        var answer = await CarryOutAsync(http, request);
        if (fault == S3Fault.LostAnswer)
        {
            http.Abort();
            return;
        }

        foreach (var (name, value) in answer.Headers) http.Response.Headers[name] = value;
        http.Response.StatusCode = answer.Status;
        if (request.Kind == "head" || answer.Status == 204) return;
        http.Response.ContentLength = answer.Body.Length;
        if (fault == S3Fault.HalfAnswer)
        {
            await http.Response.Body.WriteAsync(answer.Body[..(answer.Body.Length / 2)]);
            await http.Response.Body.FlushAsync();
            http.Abort();
            return;
        }

        await http.Response.Body.WriteAsync(answer.Body);
    }

    private static string KindOf(HttpRequest request, string bucket, string key) => (request.Method, key.Length == 0) switch
    {
        ("POST", true) when bucket.Length == 0 => "assume-role",
        ("GET", true) => "list",
        ("GET", _) => "get",
        ("HEAD", _) => "head",
        ("PUT", _) => request.Query.ContainsKey("partNumber") ? "put-part" : "put",
        ("POST", _) => request.Query.ContainsKey("uploads") ? "create-upload" : "complete-upload",
        ("DELETE", _) => request.Query.ContainsKey("uploadId") ? "abort-upload" : "delete",
        _ => request.Method,
    };

    private async Task<Answer> CarryOutAsync(HttpContext http, S3Request request)
    {
        var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        if (!IsPublic && !Knows(http.Request)) return Refusal(403, "InvalidAccessKeyId");
        if (request.Kind == "assume-role") return Role();
        if (!_buckets.ContainsKey(request.Bucket)) return Refusal(404, "NoSuchBucket");
        var name = $"{request.Bucket}/{request.Key}";
        var upload = http.Request.Query["uploadId"].FirstOrDefault() ?? "";
        switch (request.Kind)
        {
            case "get" or "head": return Read(http.Request, name, request);
            case "list": return List(http.Request, request.Bucket);
            case "put":
                var added = new StoredObject(body.ToArray());
                if (http.Request.Headers.IfNoneMatch == "*")
                {
                    if (!_objects.TryAdd(name, added)) return Refusal(412, "PreconditionFailed");
                }
                else
                {
                    _objects[name] = added;
                }

                return new Answer(200, []) { Headers = { ["ETag"] = added.Etag } };
            case "delete":
                _objects.TryRemove(name, out _);
                return new Answer(204, []);
            case "create-upload":
                var id = Guid.NewGuid().ToString("N");
                _uploads[id] = new ConcurrentDictionary<int, byte[]>();
                return Xml(
                    $"<InitiateMultipartUploadResult><Bucket>{request.Bucket}</Bucket><Key>{SecurityElement.Escape(request.Key)}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>");
            case "put-part":
                if (!_uploads.TryGetValue(upload, out var parts)) return Refusal(404, "NoSuchUpload");
                var part = body.ToArray();
                parts[int.Parse(http.Request.Query["partNumber"]!, CultureInfo.InvariantCulture)] = part;
                return new Answer(200, []) { Headers = { ["ETag"] = StoredObject.EtagOf(part) } };
            case "complete-upload":
                if (!_uploads.TryRemove(upload, out var all)) return Refusal(404, "NoSuchUpload");
                _objects[name] = new StoredObject([.. all.OrderBy(item => item.Key).SelectMany(item => item.Value)]);
                return Xml(
                    $"<CompleteMultipartUploadResult><Bucket>{request.Bucket}</Bucket><ETag>{SecurityElement.Escape(_objects[name].Etag)}</ETag></CompleteMultipartUploadResult>");
            case "abort-upload": return _uploads.TryRemove(upload, out _) ? new Answer(204, []) : Refusal(404, "NoSuchUpload");
            default: return Refusal(405, "MethodNotAllowed");
        }
    }

    private static bool Knows(HttpRequest request)
    {
        var authorization = request.Headers.Authorization.ToString();
        return authorization.Contains($"Credential={AccessKey}/", StringComparison.Ordinal)
            || (authorization.Contains($"Credential={RoleKey}/", StringComparison.Ordinal)
                && request.Headers["X-Amz-Security-Token"] == "roletoken");
    }

    private static Answer Role() => Xml(
        "<AssumeRoleResponse "
            + "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>"
            + $"<AccessKeyId>{RoleKey}</AccessKeyId><SecretAccessKey>rolesecret</SecretAccessKey><SessionToken>roletoken</SessionToken>"
            + "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>");

    private Answer Read(HttpRequest http, string name, S3Request request)
    {
        if (!_objects.TryGetValue(name, out var found)) return Refusal(404, "NoSuchKey");
        if (http.Headers.IfMatch.FirstOrDefault() is { } match && match.Trim('"') != found.Etag.Trim('"'))
            return Refusal(412, "PreconditionFailed");
        var (first, last) = (0, found.Bytes.Length - 1);
        if (request.Range is { } range)
        {
            var parts = range["bytes=".Length..].Split('-');
            if (parts[0].Length == 0) first = Math.Max(0, found.Bytes.Length - int.Parse(parts[1], CultureInfo.InvariantCulture));
            else
            {
                first = (int)Math.Min(int.MaxValue, long.Parse(parts[0], CultureInfo.InvariantCulture));
                if (parts[1].Length > 0) last = (int)Math.Min(last, long.Parse(parts[1], CultureInfo.InvariantCulture));
            }

            if (first > last) return Refusal(416, "InvalidRange");
        }

        var answer = new Answer(request.Range is null ? 200 : 206, found.Bytes[first..(last + 1)])
        {
            Headers = { ["ETag"] = found.Etag, ["Last-Modified"] = found.Written.ToString("R", CultureInfo.InvariantCulture) },
        };
        if (request.Range is not null) answer.Headers["Content-Range"] = $"bytes {first}-{last}/{found.Bytes.Length}";
        if (request.Kind == "head") answer.Headers["Content-Length"] = found.Bytes.Length.ToString(CultureInfo.InvariantCulture);
        return answer;
    }

    private Answer List(HttpRequest http, string bucket)
    {
        var prefix = http.Query["prefix"].FirstOrDefault() ?? "";
        var delimiter = http.Query["delimiter"].FirstOrDefault() ?? "";
        var most = int.Parse(http.Query["max-keys"].FirstOrDefault() ?? "1000", CultureInfo.InvariantCulture);
        var after = http.Query["continuation-token"].FirstOrDefault() ?? "";
        var names = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        foreach (var name in _objects.Keys.Where(name => name.StartsWith($"{bucket}/{prefix}", StringComparison.Ordinal)))
        {
            var key = name[(bucket.Length + 1)..];
            var end = delimiter.Length == 0 ? -1 : key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
            names[end < 0 ? key : key[..(end + 1)]] = end < 0 ? name : null;
        }

        var page = names.Where(item => string.CompareOrdinal(item.Key, after) > 0).Take(most).ToArray();
        var isTruncated = page.Length == most && page.Length > 0 && names.Keys.Any(key => string.CompareOrdinal(key, page[^1].Key) > 0);
        var text = new StringBuilder("<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        text.Append(CultureInfo.InvariantCulture,
            $"<IsTruncated>{(isTruncated ? "true" : "false")}</IsTruncated><KeyCount>{page.Length}</KeyCount>");
        if (isTruncated) text.Append(new XElement("NextContinuationToken", page[^1].Key));
        foreach (var (key, name) in page)
        {
            if (name is null) text.Append(new XElement("CommonPrefixes", new XElement("Prefix", key)));
            else if (_objects.TryGetValue(name, out var found))
                text.Append(
                    new XElement("Contents", new XElement("Key", key), new XElement("Size", found.Bytes.Length),
                        new XElement("ETag", found.Etag),
                        new XElement("LastModified", found.Written.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture))));
        }

        return Xml(text.Append("</ListBucketResult>").ToString());
    }

    private static async Task RefuseAsync(HttpContext http, int status, string code)
    {
        http.Response.StatusCode = status;
        await http.Response.Body.WriteAsync(Refusal(status, code).Body);
    }

    private static Answer Refusal(int status, string code) =>
        Xml($"<Error><Code>{code}</Code><Message>{code} of the test server</Message></Error>") with { Status = status };

    private static Answer Xml(string text) => new(200, Encoding.UTF8.GetBytes($"<?xml version=\"1.0\" encoding=\"UTF-8\"?>{text}"))
        { Headers = { ["Content-Type"] = "application/xml" } };

    private sealed record Answer(int Status, byte[] Body)
    {
        public Dictionary<string, string> Headers { get; } = new(StringComparer.Ordinal);
    }

    private sealed record StoredObject(byte[] Bytes)
    {
        public string Etag { get; } = EtagOf(Bytes);

        public DateTime Written { get; } = DateTime.UtcNow;

#pragma warning disable CA5351 // The protocol's etag is this digest.
        public static string EtagOf(byte[] bytes) => $"\"{Convert.ToHexStringLower(MD5.HashData(bytes))}\"";
#pragma warning restore CA5351
    }
}
