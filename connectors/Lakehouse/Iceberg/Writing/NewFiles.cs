using Federation.Core.Tasks;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>The files that a change adds to a table, which are written before the change is applied.</summary>
internal sealed record NewFiles
{
    /// <summary>Files of rows as they were written, to be removed if the change is.</summary>
    public IReadOnlyList<WrittenFile> Written { get; init; } = [];

    /// <summary>The same as manifests describe them, all of one partition spec.</summary>
    public IReadOnlyList<DataFile> Rows { get; init; } = [];

    public int SpecId { get; init; }

    /// <summary>Files of position deletes by the partition spec of the data files that they are for.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<DataFile>> Deletes { get; init; } = new Dictionary<int, IReadOnlyList<DataFile>>();

    /// <summary>Files of deletes as they were written, to be removed if the change is.</summary>
    public IReadOnlyList<string> DeleteFiles { get; init; } = [];

    /// <summary>Of rows and of deletes.</summary>
    public IEnumerable<DataFile> All => Rows.Concat(Deletes.Values.SelectMany(files => files));

    /// <summary>By their partition spec, rows first.</summary>
    public IEnumerable<(int SpecId, IReadOnlyList<DataFile> Files)> BySpec()
    {
        var deletes = Deletes.Select(item => (SpecId: item.Key, Files: item.Value));
        return Rows.Count > 0 ? deletes.Prepend((SpecId, Rows)) : deletes;
    }
}
