using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Federation.Connectors.Formats;
using Federation.Connectors.Spi;
using Federation.ObjectStorage;
using Parquet;
using Parquet.Schema;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// Position delete files (spec, "Position Delete Files"): Parquet files of two columns, the path of a data file and the position of a row
/// in it, ordered by both. They are small, so that they are written and read whole in this process.
/// </summary>
internal static class PositionDeleteFiles
{
    /// <summary>The largest file of deletes that is read: a hundred million rows.</summary>
    private const long MaxLength = 1L << 30;

    /// <summary>
    /// Few paths stand in many rows, and positions rise: half a million of them take 6 kB, and fifteen times less time than by the writer's
    /// own choice.
    /// </summary>
    private static readonly ParquetOptions s_options = new()
    {
        CompressionMethod = CompressionMethod.Zstd,
        ColumnEncodingHints = { ["file_path"] = EncodingHint.Dictionary, ["pos"] = EncodingHint.DeltaBinaryPacked },
    };

    /// <param name="selection">The positions of each data file, by its recorded path.</param>
    public static async Task<byte[]> WriteAsync(IReadOnlyList<KeyValuePair<string, PositionSet>> selection,
        CancellationToken cancellationToken)
    {
        var path = new DataField("file_path", typeof(string), isNullable: false) { FieldId = DeleteIndex.PathFieldId };
        var position = new DataField("pos", typeof(long), isNullable: false) { FieldId = DeleteIndex.PositionFieldId };
        var count = checked((int)selection.Sum(item => item.Value.Count));
        var (paths, positions) = (new string[count], new long[count]);
        var row = 0;
        foreach (var (file, rows) in selection.OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            foreach (var each in rows.Ascending()) (paths[row], positions[row++]) = (file, each);
        }

        using var bytes = new MemoryStream();
        var schema = new ParquetSchema(path, position);
        await using (var writer = await ParquetWriter.CreateAsync(schema, bytes, s_options, false, cancellationToken))
        {
            using var group = writer.CreateRowGroup();
            await group.WriteAsync(path, paths);
            await group.WriteAsync<long>(position, positions, cancellationToken: cancellationToken);
        }

        return bytes.ToArray();
    }

    /// <summary>Whether a file of deletes names any of the rows.</summary>
    /// <param name="selection">By the recorded paths of data files.</param>
    public static async Task<bool> NamesAnyAsync(IObjectStore store, string path, IReadOnlyDictionary<string, PositionSet> selection,
        CancellationToken cancellationToken)
    {
        await foreach (var (paths, positions) in ReadAsync(store, path, cancellationToken))
            for (var row = 0; row < paths.Length; row++)
                if (positions[row] >= 0 && selection.TryGetValue(paths[row], out var rows) && rows.Contains(positions[row]))
                    return true;
        return false;
    }

    /// <summary>The rows of data files that a file of deletes names, one row group after the other.</summary>
    public static async IAsyncEnumerable<(string[] Paths, long[] Positions)> ReadAsync(IObjectStore store, string path,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream(store.ReadAll(path, MaxLength));
        await using var reader = await GuardAsync(path, () => ParquetReader.CreateAsync(bytes, cancellationToken: cancellationToken));
        for (var i = 0; i < reader.RowGroupCount; i++)
        {
            var group = i;
            yield return await GuardAsync(path, () => ReadGroupAsync(reader, group, cancellationToken));
        }
    }

    private static async Task<(string[] Paths, long[] Positions)> ReadGroupAsync(ParquetReader reader, int index,
        CancellationToken cancellationToken)
    {
        var (file, position) = (reader.Schema.FindDataField("file_path"), reader.Schema.FindDataField("pos"));
        using var group = reader.OpenRowGroupReader(index);
        var (paths, positions) = (new string[group.RowCount], new long[group.RowCount]);
        await group.ReadAsync(file, paths, cancellationToken: cancellationToken);
        if (position.IsNullable)
        {
            var nullable = new long?[group.RowCount];
            await group.ReadAsync<long>(position, nullable, cancellationToken: cancellationToken);
            positions = Array.ConvertAll(nullable, each => each ?? -1);
        }
        else
        {
            await group.ReadAsync<long>(position, positions, cancellationToken: cancellationToken);
        }

        return (paths, positions);
    }

    private static async Task<T> GuardAsync<T>(string path, Func<Task<T>> readAsync)
    {
        try
        {
            return await readAsync();
        }
        catch (Exception error) when (error is ParquetException or IOException or InvalidDataException or ArgumentException)
        {
            throw FormatErrors.Corrupt(path, "it cannot be read as a file of position deletes", error);
        }
    }

    /// <summary>What a manifest says of such a file; partition values are those of the data files.</summary>
    /// <param name="recordedPath">The place as the table's metadata names it.</param>
    /// <param name="length">Of the file, in bytes.</param>
    /// <param name="selection">What it holds.</param>
    /// <param name="partition">In the form of bounds.</param>
    public static DataFile Describe(string recordedPath, long length, IReadOnlyList<KeyValuePair<string, PositionSet>> selection,
        IReadOnlyList<byte[]?> partition)
    {
        var count = selection.Sum(item => item.Value.Count);
        var file = new DataFile(recordedPath, length, count, partition)
        {
            Content = FileContent.PositionDeletes,
            ReferencedDataFile = selection.Count == 1 ? selection[0].Key : null,
        };
        foreach (var id in (int[])[DeleteIndex.PathFieldId, DeleteIndex.PositionFieldId])
            (file.ValueCounts[id], file.NullCounts[id]) = (count, 0);
        // Whole paths: readers find by them which data files the deletes are for.
        file.LowerBounds[DeleteIndex.PathFieldId] = Encoding.UTF8.GetBytes(selection.Select(item => item.Key).Min(StringComparer.Ordinal)!);
        file.UpperBounds[DeleteIndex.PathFieldId] = Encoding.UTF8.GetBytes(selection.Select(item => item.Key).Max(StringComparer.Ordinal)!);
        file.LowerBounds[DeleteIndex.PositionFieldId] = BitConverter.GetBytes(selection.Min(item => item.Value.Ascending().First()));
        file.UpperBounds[DeleteIndex.PositionFieldId] = BitConverter.GetBytes(selection.Max(item => item.Value.Ascending().Last()));
        return file;
    }

    /// <summary>The partition value of a data file, from its manifest entry, in the form of bounds.</summary>
    public static byte[]? PartitionValue(object? raw, IcebergType.Primitive type) => raw switch
    {
        null => null,
        bool value => [value ? (byte)1 : (byte)0],
        string value => Encoding.UTF8.GetBytes(value),
        byte[] value => value,
        float value => BitConverter.GetBytes(value),
        double value => BitConverter.GetBytes(value),
        _ when type.Kind is IcebergKind.Int or IcebergKind.Date =>
            BitConverter.GetBytes(Convert.ToInt32(raw, CultureInfo.InvariantCulture)),
        _ => BitConverter.GetBytes(Convert.ToInt64(raw, CultureInfo.InvariantCulture)),
    };
}
