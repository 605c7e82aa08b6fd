using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;

namespace Federation.Execution;

/// <summary>
/// Statements that are over, one line of JSON each, in a file of the data folder. When the file is full it becomes the previous one, and
/// the one before that goes: two files of at most <see cref="MostBytes"/>, and nothing older than <see cref="OldestAge"/> is read. Lines
/// are written in the background; a full disk or a crash loses lines and nothing else. Thread-safe.
/// </summary>
public sealed class QueryLogFile : IAsyncDisposable
{
    public const long MostBytes = 32 << 20;
    public static readonly TimeSpan OldestAge = TimeSpan.FromDays(7);

    /// <summary>Lines that wait to be written; more are dropped, so that a slow disk slows no statement.</summary>
    private const int MostWaiting = 10_000;

    /// <summary>
    /// How long lines gather before the file is opened: opening it for each of many short statements would cost more than they do.
    /// </summary>
    private static readonly TimeSpan s_gathering = TimeSpan.FromMilliseconds(200);

    /// <summary>Bytes that are written at once.</summary>
    private const int WriteSize = 64 << 10;

    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly Action<string> _onFailure;
    private readonly CancellationTokenSource _closing = new();
    private readonly Channel<QueryRecord> _lines =
        Channel.CreateBounded<QueryRecord>(new BoundedChannelOptions(MostWaiting)
            { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Task _writing;

    /// <param name="onFailure">Told once of each time that the file cannot be written.</param>
    public QueryLogFile(string path, TimeProvider clock, Action<string> onFailure)
    {
        _path = path;
        _clock = clock;
        _onFailure = onFailure;
        _writing = Task.Run(WriteAsync);
    }

    private string PreviousPath => _path + ".1";

    /// <summary>The newest statements of the files, the oldest first. A line that was cut short by a crash is passed over.</summary>
    public IReadOnlyList<LoggedQuery> Read(int most)
    {
        var oldest = _clock.GetUtcNow() - OldestAge;
        var queries = new Queue<LoggedQuery>();
        foreach (var path in (string[])[PreviousPath, _path])
        {
            if (!File.Exists(path)) continue;
            using var reader =
                new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            while (reader.ReadLine() is { } line)
            {
                if (TryParse(line) is not { } query || query.StartedAt < oldest) continue;
                queries.Enqueue(query);
                if (queries.Count > most) queries.Dequeue();
            }
        }

        return [.. queries];
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _closing.CancelAsync();
        await _writing;
        _closing.Dispose();
    }

    internal void Write(QueryRecord query) => _lines.Writer.TryWrite(query);

    private static LoggedQuery? TryParse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, LoggedQueryJson.Default.LoggedQuery);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task WriteAsync()
    {
        var isFailing = false;
        var lines = new ArrayBufferWriter<byte>(WriteSize);
        await using var json = new Utf8JsonWriter(lines);
        while (await _lines.Reader.WaitToReadAsync())
        {
            await Task.Delay(s_gathering, _clock, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                if (new FileInfo(_path) is { Exists: true, Length: > MostBytes }) File.Move(_path, PreviousPath, overwrite: true);
                await using var file = Open();
                while (_lines.Reader.TryRead(out var query))
                {
                    json.Reset(lines);
                    JsonSerializer.Serialize(json, query.Show(), LoggedQueryJson.Default.LoggedQuery);
                    lines.Write("\n"u8);
                    if (lines.WrittenCount >= WriteSize) await WriteAsync(file);
                }

                await WriteAsync(file);
                isFailing = false;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                if (!isFailing) _onFailure(error.Message);
                isFailing = true;
                lines.ResetWrittenCount();
            }
        }

        async ValueTask WriteAsync(FileStream file)
        {
            await file.WriteAsync(lines.WrittenMemory);
            lines.ResetWrittenCount();
        }
    }

    private FileStream Open()
    {
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(_path, options);
    }
}

/// <summary>The lines of the file. Made when the project is built: a line for each of many short statements must cost little.</summary>
[JsonSerializable(typeof(LoggedQuery))]
internal sealed partial class LoggedQueryJson : JsonSerializerContext;
