namespace Federation.SessionApi;

/// <summary>How far a COPY has come, as pg_stat_progress_copy shows it. One thread counts; any may read.</summary>
public sealed class CopyProgress
{
    private long _bytes;
    private long _rows;

    /// <summary>Bytes of copy data that were read or written.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    public long Rows => Volatile.Read(ref _rows);

    /// <summary>The length of the file that is read; zero when it is not known.</summary>
    public long TotalBytes { get; set; }

    public void Add(long rows, long bytes)
    {
        Volatile.Write(ref _rows, _rows + rows);
        Volatile.Write(ref _bytes, _bytes + bytes);
    }
}
