using System.Buffers;
using System.Globalization;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.ObjectStorage;

namespace Federation.Worker.RemoteFiles;

/// <summary>
/// Parts of remote files on the local disk, where the kernel reads them: for each file a sparse one of its full length that holds the parts
/// that were asked for so far. An entry is one version of a file, so what is there stays true. Files that are being read are pinned; the
/// others go, the least recently used first, when all together are larger than the cache may be. Pinned files alone may be larger than
/// that, until the disk is nearly full. Thread-safe.
/// </summary>
internal sealed class RangeCache : IDisposable
{
    /// <summary>Parts closer than this are one request.</summary>
    private const long SmallGap = 128 << 10;

    /// <summary>Larger parts are fetched in pieces of this size, several at a time.</summary>
    private const int Piece = 8 << 20;

    private const int PiecesAtOnce = 16;

    /// <summary>What others on the disk need.</summary>
    private const long KeptFree = 256L << 20;

    private readonly string _folder;
    private readonly long _maxBytes;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Store, string Path, string Version), Entry> _entries = [];
    private readonly LinkedList<Entry> _recent = [];
    private readonly SemaphoreSlim _fetches = new(PiecesAtOnce);
    private long _bytes;
    private int _made;

    /// <param name="folder">A folder of this process alone; its files are of no use to another.</param>
    /// <param name="maxBytes">The size that the files may have together.</param>
    public RangeCache(string folder, long maxBytes)
    {
        _folder = Directory.CreateDirectory(folder).FullName;
        _maxBytes = maxBytes;
    }

    /// <summary>Where the local files lie.</summary>
    public string Folder => _folder;

    /// <summary>Bytes that are on the disk now.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock) return _bytes;
        }
    }

    /// <summary>The local form of a file with the wanted parts in it; it stays while the result is not disposed.</summary>
    /// <param name="store">Where the file lies.</param>
    /// <param name="storeName">Tells stores apart that may have other files under the same path.</param>
    /// <param name="path">The file.</param>
    /// <param name="version">The version that is wanted; null for a file that never changes.</param>
    /// <param name="wanted">Null for the whole file.</param>
    /// <param name="cancellationToken">Ends the fetching; what came stays.</param>
    public async Task<PinnedFile> FetchAsync(IObjectStore store, string storeName, string path, string? version,
        IReadOnlyList<ByteRange>? wanted, CancellationToken cancellationToken)
    {
        var entry = Pin(storeName, path, version);
        try
        {
            await entry.Filling.WaitAsync(cancellationToken);
            try
            {
                await FillAsync(store, entry, path, version, wanted, cancellationToken);
            }
            finally
            {
                entry.Filling.Release();
            }
        }
        catch
        {
            Unpin(entry);
            throw;
        }

        return new PinnedFile(this, entry);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var entry in _entries.Values) Remove(entry);
            _entries.Clear();
            _recent.Clear();
        }

        _fetches.Dispose();
    }

    internal void Unpin(Entry entry)
    {
        lock (_lock)
        {
            entry.Pins--;
            // Nothing came of it: a file that is not there has no local form.
            if (entry is { Pins: 0, Status: null, Place.List: not null }) Drop(entry);
            Shrink();
        }
    }

    private Entry Pin(string storeName, string path, string? version)
    {
        lock (_lock)
        {
            var key = (storeName, path, version ?? "");
            if (_entries.TryGetValue(key, out var entry))
            {
                _recent.Remove(entry.Place);
                _recent.AddFirst(entry.Place);
            }
            else
            {
                entry = new Entry(Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{++_made}-{LocalName(path)}")),
                    () => _entries.Remove(key));
                _entries.Add(key, entry);
                _recent.AddFirst(entry.Place);
            }

            entry.Pins++;
            return entry;
        }
    }

    private async Task FillAsync(IObjectStore store, Entry entry, string path, string? version, IReadOnlyList<ByteRange>? wanted,
        CancellationToken cancellationToken)
    {
        using var file = Open(entry);
        if (entry.Status is not { } status)
        {
            // The first piece says how long the file is, and which version it is.
            var first = wanted is [var range, ..] ? range : new ByteRange(0, Piece);
            status = await FetchPieceAsync(store, entry, file, path, first with { End = Math.Min(first.End, first.Start + Piece) }, version,
                cancellationToken);
            RandomAccess.SetLength(file, status.SizeBytes);
            entry.Status = status;
        }

        var whole = new ByteRange(0, status.SizeBytes);
        var missing =
            entry.Present
                .Missing(wanted?.Select(range => new ByteRange(range.Start, Math.Min(range.End, whole.End)))
                    .Where(range => range.Length > 0) ?? [whole], SmallGap);
        RequireSpace(missing.Sum(range => range.Length));
        var pieces = missing.SelectMany(range => Enumerable.Range(0, (int)((range.Length + Piece - 1) / Piece))
            .Select(i => new ByteRange(range.Start + ((long)i * Piece), Math.Min(range.End, range.Start + ((i + 1L) * Piece)))));
        await Parallel.ForEachAsync(pieces,
            new ParallelOptions { MaxDegreeOfParallelism = PiecesAtOnce, CancellationToken = cancellationToken }, async (piece, token) =>
        {
            var found = await FetchPieceAsync(store, entry, file, path, piece, status.Version, token);
            if (found.SizeBytes != status.SizeBytes) throw StoreErrors.Changed(path);
        });
    }

    private async Task<ObjectStatus> FetchPieceAsync(
        IObjectStore store, Entry entry, Microsoft.Win32.SafeHandles.SafeFileHandle file, string path, ByteRange piece, string? version,
        CancellationToken cancellationToken)
    {
        await _fetches.WaitAsync(cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent((int)piece.Length);
        try
        {
            var part = await store.ReadAsync(path, piece.Start, buffer.AsMemory(0, (int)piece.Length), version, cancellationToken);
            var end = Math.Min(piece.End, part.Status.SizeBytes);
            if (part.Count < end - piece.Start)
                throw new SqlException(SqlState.DataCorrupted, $"file \"{path}\" is corrupt: it was cut off while it was read");
            await RandomAccess.WriteAsync(file, buffer.AsMemory(0, part.Count), piece.Start, cancellationToken);
            lock (_lock)
            {
                var before = entry.Present.Length;
                if (part.Count > 0) entry.Present.Add(new ByteRange(piece.Start, piece.Start + part.Count));
                _bytes += entry.Present.Length - before;
                Shrink();
            }

            return part.Status;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw StoreErrors.Io(entry.LocalPath, error);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _fetches.Release();
        }
    }

    private void RequireSpace(long needed)
    {
        if (needed == 0 || SpillFolder.FreeBytes(_folder) - KeptFree >= needed) return;
        throw new SqlException(SqlState.DiskFull, $"there is no space for {needed} bytes of remote files")
            { Detail = $"The folder is \"{_folder}\"." };
    }

    /// <summary>Under the lock.</summary>
    private void Shrink()
    {
        for (var place = _recent.Last; place is not null && _bytes > _maxBytes;)
        {
            var entry = place.Value;
            place = place.Previous;
            if (entry.Pins > 0) continue;
            Drop(entry);
        }
    }

    /// <summary>Under the lock.</summary>
    private void Drop(Entry entry)
    {
        _recent.Remove(entry.Place);
        entry.Forget();
        _bytes -= entry.Present.Length;
        Remove(entry);
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle Open(Entry entry)
    {
        try
        {
            return File.OpenHandle(entry.LocalPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete,
                FileOptions.Asynchronous);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw StoreErrors.Io(entry.LocalPath, error);
        }
    }

    private static void Remove(Entry entry)
    {
        try
        {
            File.Delete(entry.LocalPath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The folder goes with the process.
        }
    }

    /// <summary>The kernel goes by what a name ends in to unpack files.</summary>
    private static string LocalName(string path)
    {
        const int longest = 60;
        var name = StoragePath.NameOf(path);
        return string.Concat(
            name[Math.Max(0, name.Length - longest)..]
                .Select(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_' ? character : '_'));
    }

    internal sealed class Entry
    {
        public Entry(string localPath, Action forget)
        {
            LocalPath = localPath;
            Forget = forget;
            Place = new LinkedListNode<Entry>(this);
        }

        public string LocalPath { get; }

        public Action Forget { get; }

        public LinkedListNode<Entry> Place { get; }

        /// <summary>Changed under the cache's lock by whoever fills the entry.</summary>
        public ByteRanges Present { get; } = new();

        /// <summary>Null before the first piece is there.</summary>
        public ObjectStatus? Status { get; set; }

        /// <summary>Under the cache's lock.</summary>
        public int Pins { get; set; }

        /// <summary>One task at a time fetches parts of a file; others wait for what may be theirs too.</summary>
        public SemaphoreSlim Filling { get; } = new(1);
    }
}

/// <summary>A local form of a remote file that stays until it is disposed of.</summary>
internal sealed class PinnedFile(RangeCache cache, RangeCache.Entry entry) : IDisposable
{
    private RangeCache.Entry? _entry = entry;

    public string LocalPath { get; } = entry.LocalPath;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _entry, null) is { } held) cache.Unpin(held);
    }
}
