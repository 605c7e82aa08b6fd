using System.Globalization;
using System.Text;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Tasks;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Makes the kernel's file groups of a scan. Files share a group when one reader call and one list of expressions does for all: same
/// physical schema, same constants for columns that are not in the files, same equality deletes, and position deletes that cannot be taken
/// for each other's.
/// </summary>
internal sealed class ScanBuilder(IcebergTable table, EquatableArray<IcebergField> columns, ParquetFooters footers, TableTail? tail)
{
    private readonly List<OpenGroup> _groups = [];
    private readonly Dictionary<string, EquatableArray<long>> _deleted = (tail ?? TableTail.Empty).Deletes
        .ToDictionary(deletes => deletes.File, deletes => deletes.Positions, StringComparer.Ordinal);
    private readonly Dictionary<string, List<OpenGroup>> _byKey = new(StringComparer.Ordinal);

    public void Add(TableFile file, ParquetFooter footer, DeleteIndex deletes)
    {
        if (file.Entry.IsEncrypted) throw FormatErrors.Unsupported(file.Path, "it is encrypted");
        var projection = new FileProjection(file.Path, footer, table.Metadata.NameMapping, "d");
        // A scan of no columns still needs one value for each row.
        EquatableArray<string> expressions = columns.Count == 0
            ? ["true"]
            : columns.Select(column => Column(column, file, projection)).ToEquatableArray();
        var equalities = deletes.EqualitiesOf(file);
        var vector = deletes.VectorOf(file);
        var positions = vector is null ? deletes.PositionsOf(file) : default;
        var key = new StringBuilder(footer.Signature);
        foreach (var expression in expressions) key.Append('\n').Append(expression);
        foreach (var delete in equalities) key.Append('\n').Append(delete.Path);
        // Constants of equality columns may differ from file to file too.
        var compared = equalities.SelectMany(delete => delete.Entry.EqualityIds).Distinct()
            .ToDictionary(id => id, id => EqualityData(id, file, projection));
        foreach (var (id, expression) in compared) key.Append(CultureInfo.InvariantCulture, $"\n{id}={expression}");
        var candidates = _byKey.GetValueOrDefault(key.ToString());
        if (candidates is null) _byKey.Add(key.ToString(), candidates = []);
        var group = candidates.Find(candidate => candidate.Takes(file, positions));
        if (group is null)
        {
            group = new OpenGroup(expressions, equalities, compared);
            candidates.Add(group);
            _groups.Add(group);
        }

        group.Add(file, footer, positions, vector);
    }

    public EquatableArray<FileGroup> Build() => _groups.Select(group => new FileGroup(
        FileFormat.Parquet,
        group.Files.Select(item => Planned(group, item.File, item.Footer)).ToEquatableArray(),
        group.Expressions)
    {
        PositionDeletes = Positions(group),
        DeletedRows = group.Vectors.Select(pair => new DeletedRows(pair.File.Path, DeletionVectors.Read(table.Store, pair.Vector)))
            .Concat(DeletedByTail(group)).ToEquatableArray(),
        EqualityDeletes = Equalities(group),
        NamesRows = columns.Any(column => RowFields.Expression(column) is not null),
    }).ToEquatableArray();

    private IEnumerable<DeletedRows> DeletedByTail(OpenGroup group) => _deleted.Count == 0 ? []
        : group.Files.Where(item => _deleted.ContainsKey(item.File.Entry.Path)).Select(item => new DeletedRows(item.File.Path,
            _deleted[item.File.Entry.Path].Select(position => new RowRange(position, 1)).ToEquatableArray()));

    private static ScanFile Planned(OpenGroup group, TableFile file, ParquetFooter footer)
    {
        var scanned = new ScanFile(file.Path, file.Entry.Path, file.Entry.SizeBytes, file.Entry.RecordCount);
        return StoragePath.IsRemote(file.Path)
            ? scanned with
            {
                Version = footer.Version,
                Needed = NeededParts.Of(footer, file.Entry.SizeBytes, [.. group.Expressions, .. group.EqualityData.Values]),
            }
            : scanned;
    }

    private string Column(IcebergField column, TableFile file, FileProjection projection)
    {
        if (RowFields.Expression(column) is { } expression) return expression;
        var held = projection.Has(column.Id)
            ? projection.Column(column, fieldId => PartitionConstant(fieldId, file))
            : PartitionConstant(column.Id, file) ?? projection.Column(column);
        return StoredForms.FromFile(held, table.Metadata.TypeOf(column));
    }

    /// <summary>
    /// Files of imported tables lack their partition columns; the manifest has the value (spec, "Column Projection", rule 1). Null for
    /// other fields.
    /// </summary>
    private string? PartitionConstant(int fieldId, TableFile file)
    {
        for (var i = 0; i < file.Spec.Fields.Count; i++)
        {
            var part = file.Spec.Fields[i];
            if (part.SourceId != fieldId || part.Transform.Kind != TransformKind.Identity) continue;
            if (table.Metadata.FindField(fieldId) is not { Type: IcebergType.Primitive type }) continue;
            if (file.PartitionValues[i] is { } value)
                return KernelText.Constant(value, SqlTypes.Of(type));
            if (file.Entry.Partition is not null && FileRanges.Raw(file.Entry.Partition, part, i) is null)
                return KernelText.Constant(null, SqlTypes.Of(type));
        }

        return null;
    }

    private EquatableArray<PositionDeletes> Positions(OpenGroup group)
    {
        if (group.Positions.Count == 0) return default;
        var opened = group.Positions.Select(delete => (Delete: delete, Footer: Open(delete))).ToArray();
        foreach (var (delete, footer) in opened)
            if (!footer.Columns.Any(column => column.Name == "file_path") || !footer.Columns.Any(column => column.Name == "pos"))
                throw FormatErrors.Corrupt(delete.Path, "it lacks the columns file_path and pos of position deletes");
        // The reader takes the columns of the first file for those of all; the optional third column comes last then.
        return [new PositionDeletes(opened.OrderBy(item => item.Footer.Columns.Count).Select(item => item.Delete.Path).ToEquatableArray())];
    }

    private EquatableArray<EqualityDeletes> Equalities(OpenGroup group)
    {
        var bySchema = new Dictionary<string, (EquatableArray<EqualityColumn> Columns, List<string> Paths)>(StringComparer.Ordinal);
        foreach (var delete in group.Equalities)
        {
            if (delete.Entry.EqualityIds.Count == 0) throw FormatErrors.Corrupt(delete.Path, "its manifest names no equality column");
            var footer = Open(delete);
            var key = $"{string.Join(',', delete.Entry.EqualityIds)} {footer.Signature}";
            if (!bySchema.TryGetValue(key, out var found))
            {
                var projection = new FileProjection(delete.Path, footer, table.Metadata.NameMapping, "x");
                found = (delete.Entry.EqualityIds.Select(id => EqualityColumn(id, delete, projection, group)).ToEquatableArray(), []);
                bySchema.Add(key, found);
            }

            found.Paths.Add(delete.Path);
        }

        return bySchema.Values.Select(item => new EqualityDeletes(item.Paths.ToEquatableArray(), item.Columns)).ToEquatableArray();
    }

    private EqualityColumn EqualityColumn(int id, TableFile delete, FileProjection deleteProjection, OpenGroup group)
    {
        var field = EqualityField(id, delete.Path);
        var deleted = deleteProjection.Nested(id, field.Type)
            ?? throw FormatErrors.Corrupt(delete.Path, $"it lacks its equality column {id}");
        return new EqualityColumn(group.EqualityData[id], deleted, SqlTypes.Of(field.Type, field.Name));
    }

    private string EqualityData(int id, TableFile file, FileProjection projection)
    {
        var field = EqualityField(id, file.Path);
        return table.Metadata.Schemas.Values.Any(schema => schema.Fields.Any(column => column.Id == id))
            ? Column(field, file, projection)
            : projection.Nested(id, field.Type) ?? projection.Default(field);
    }

    // Columns that were dropped since still tell deleted rows apart.
    private IcebergField EqualityField(int id, string path)
    {
        var field = table.Metadata.FindField(id)
            ?? throw FormatErrors.Corrupt(path, $"its equality column {id} is in no schema of the table");
        return field.Type is IcebergType.Primitive
            ? field
            : throw FormatErrors.Unsupported(path, $"equality column \"{field.Name}\" is not of a primitive type");
    }

    private ParquetFooter Open(TableFile delete)
    {
        if (delete.Entry.Format != "parquet")
            throw FormatErrors.Unsupported(delete.Path, $"delete files of format {delete.Entry.Format} are not supported");
        if (delete.Entry.IsEncrypted) throw FormatErrors.Unsupported(delete.Path, "it is encrypted");
        return footers.Get(delete.Path);
    }

    private sealed class OpenGroup(
        EquatableArray<string> expressions, EquatableArray<TableFile> equalities, IReadOnlyDictionary<int, string> equalityData)
    {
        private readonly HashSet<string> _positionPaths = new(StringComparer.Ordinal);

        public EquatableArray<string> Expressions { get; } = expressions;

        public EquatableArray<TableFile> Equalities { get; } = equalities;

        /// <summary>The expressions of equality columns over the group's files, by field id.</summary>
        public IReadOnlyDictionary<int, string> EqualityData { get; } = equalityData;

        public List<(TableFile File, ParquetFooter Footer)> Files { get; } = [];

        public List<TableFile> Positions { get; } = [];

        public List<(TableFile File, TableFile Vector)> Vectors { get; } = [];

        /// <summary>No delete file of either side may name files of the other that it does not apply to.</summary>
        public bool Takes(TableFile file, EquatableArray<TableFile> positions)
        {
            var own = positions.Select(delete => delete.Path).ToHashSet(StringComparer.Ordinal);
            foreach (var delete in Positions)
                if (!own.Contains(delete.Path) && DeleteIndex.MayName(delete, file.Entry.Path))
                    return false;
            foreach (var delete in positions)
                if (!_positionPaths.Contains(delete.Path) && Files.Exists(other => DeleteIndex.MayName(delete, other.File.Entry.Path)))
                    return false;
            return true;
        }

        public void Add(TableFile file, ParquetFooter footer, EquatableArray<TableFile> positions, TableFile? vector)
        {
            Files.Add((file, footer));
            foreach (var delete in positions)
                if (_positionPaths.Add(delete.Path))
                    Positions.Add(delete);
            if (vector is not null) Vectors.Add((file, vector));
        }
    }
}
