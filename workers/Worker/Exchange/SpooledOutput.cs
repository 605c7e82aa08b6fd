using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core.Errors;
using Microsoft.Win32.SafeHandles;

namespace Federation.Worker.Exchange;

/// <summary>An encoded record batch: what Flight sends. The receiver owns <paramref name="Body"/> and disposes it.</summary>
public readonly record struct ExchangePage(ReadOnlyMemory<byte> Header, NativeBlock? Body);

/// <summary>
/// The output of one task, in partitions of encoded pages. Written by one thread, then completed, then read by any number. Disposing it
/// removes its file; pages that were handed out stay valid.
/// </summary>
public sealed class SpooledOutput : IDisposable
{
    private const int DiskFull = 28;

    private readonly Spool _spool;
    private readonly string _path;
    private readonly List<Page>[] _partitions;
    private readonly Lock _lock = new();
    private SafeFileHandle? _file;
    private long _fileLength;
    private long _reserved;
    private bool _isDisposed;

    internal SpooledOutput(Spool spool, string path, IpcSchema schema, int partitions)
    {
        _spool = spool;
        _path = path;
        Schema = schema;
        _partitions = new List<Page>[partitions];
        for (var i = 0; i < partitions; i++) _partitions[i] = [];
    }

    /// <summary>In memory when <c>Body</c> is set or the length is 0, else in the file.</summary>
    private readonly record struct Page(ReadOnlyMemory<byte> Header, NativeBlock? Body, long FileOffset, int Length);

    public IpcSchema Schema { get; }

    public int PartitionCount => _partitions.Length;

    public long Rows { get; private set; }

    public long Bytes { get; private set; }

    public bool IsComplete { get; private set; }

    /// <summary>Adds a page and takes it over. Raises 53100 when the disk is full.</summary>
    public void Add(int partition, IpcMessage message)
    {
        using (message)
        {
            var length = message.Body.Length;
            Rows += message.RowCount;
            Bytes += message.Header.Length + length;
            if (_spool.TryReserve(length))
            {
                lock (_lock)
                {
                    if (_isDisposed)
                    {
                        _spool.Free(length);
                        throw Gone();
                    }

                    _reserved += length;
                    _partitions[partition].Add(new Page(message.Header, message.TakeBody(), 0, length));
                }

                return;
            }

            var offset = _fileLength;
            Write(message.Body.Span);
            lock (_lock) _partitions[partition].Add(new Page(message.Header, null, offset, length));
        }
    }

    /// <summary>No more pages come; readers may begin.</summary>
    public void Complete() => IsComplete = true;

    public int PageCount(int partition) => partition >= 0 && partition < _partitions.Length
        ? _partitions[partition].Count
        : throw new SqlException(SqlState.ProtocolViolation, $"there is no partition {partition} in {_partitions.Length}");

    /// <summary>A page; one in the file is read now. Raises 08006 when the output was released meanwhile.</summary>
    public ExchangePage Read(int partition, int index)
    {
        Page page;
        SafeFileHandle? file;
        lock (_lock)
        {
            if (_isDisposed) throw Gone();
            page = _partitions[partition][index];
            if (page.Body is { } body) return new ExchangePage(page.Header, body.AddReference());
            if (page.Length == 0) return new ExchangePage(page.Header, null);
            file = _file;
        }

        var block = new NativeBlock(page.Length);
        try
        {
            var read = 0;
            while (read < page.Length)
            {
                var count = RandomAccess.Read(file!, block.GetSpan()[read..], page.FileOffset + read);
                if (count == 0) throw new SqlException(SqlState.IoError, $"exchange file \"{_path}\" is shorter than was written");
                read += count;
            }

            return new ExchangePage(page.Header, block);
        }
        catch (ObjectDisposedException)
        {
            block.Dispose();
            throw Gone();
        }
        catch
        {
            block.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            foreach (var page in _partitions.SelectMany(partition => partition)) page.Body?.Dispose();
            _spool.Free(_reserved);

            _file?.Dispose();
        }
    }

    private static SqlException Gone() => new(SqlState.ConnectionFailure, "the query of this exchange is over");

    private void Write(ReadOnlySpan<byte> body)
    {
        try
        {
            if (_file is null)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
                var file = File.OpenHandle(_path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);

                // Without a name the file goes with the process, however that ends.
                File.Delete(_path);
                lock (_lock) _file = file;
            }

            RandomAccess.Write(_file, body, _fileLength);
            _fileLength += body.Length;
        }
        catch (IOException error)
        {
            throw new SqlException((error.HResult & 0xffff) == DiskFull ? SqlState.DiskFull : SqlState.IoError,
                $"could not write exchange data: {error.Message}", error);
        }
    }
}
