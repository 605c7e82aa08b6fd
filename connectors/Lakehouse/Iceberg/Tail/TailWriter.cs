using System.Security.Cryptography;
using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Tasks;
using Federation.Core.Types;

namespace Federation.Connectors.Lakehouse.Iceberg.Tail;

/// <summary>Makes changes of a table's tail, and files of it. Thread-safe.</summary>
internal sealed class TailWriter(IcebergWriter writer, TimeProvider clock)
{
    /// <summary>Types whose values are the same in the catalog and in files. Others may be refused when files are written.</summary>
    private static readonly HashSet<PgType> s_kept =
    [
        PgTypes.Bool, PgTypes.Int2, PgTypes.Int4, PgTypes.Int8, PgTypes.Float4, PgTypes.Float8, PgTypes.Numeric, PgTypes.Text,
        PgTypes.Varchar, PgTypes.Bpchar, PgTypes.Date, PgTypes.Time, PgTypes.Timestamp, PgTypes.Timestamptz, PgTypes.Uuid, PgTypes.Bytea,
        PgTypes.Json, PgTypes.Jsonb, PgTypes.Name, PgTypes.Interval, PgTypes.Timetz, PgTypes.Bit, PgTypes.Varbit, PgTypes.Inet,
        PgTypes.Cidr, PgTypes.Macaddr, PgTypes.Macaddr8, PgTypes.Money, PgTypes.OidType,
    ];

    public bool CanKeep(WritePlan plan)
    {
        if (plan.Pointer.Branch is not null) return false;
        var metadata = writer.Open(plan.Pointer).Metadata;
        // A number whose multiple below it leaves the type is refused when files are written.
        if (metadata.Specs[metadata.DefaultSpecId].Fields.Any(field => field.Transform.Kind == TransformKind.Truncate
            && metadata.FindField(field.SourceId)?.Type is IcebergType.Primitive
                { Kind: IcebergKind.Int or IcebergKind.Long or IcebergKind.Decimal })) return false;
        return metadata.CurrentSchema.Fields.All(field => field.Type is IcebergType.Primitive && metadata.TypeOf(field) is var type
            && s_kept.Contains(type.Base) && !type.IsArray);
    }

    public RowDelta Keep(WritePlan plan, EquatableArray<EquatableArray<object?>> rows, RowSelection removed)
    {
        var table = writer.Open(plan.Pointer);
        var (ofFiles, ofTail) = TailNames.Part(removed);
        var fields = table.Metadata.CurrentSchema.Fields.Select(field => field.Id).ToEquatableArray();
        return new RowDelta(writer, new NewFiles(), plan.Output.Folder, clock)
        {
            KeepsFiles = true, SchemaId = table.Metadata.CurrentSchemaId,
            Removed = ofFiles.Count == 0 ? null : RemovedRows.Find(table, ofFiles),
            Tail = new TailChange
            {
                Added = rows.Count == 0 ? null : new TailRows(NewId(), fields, rows), Removed = ofTail, Deleted = ofFiles.Files,
            },
        };
    }

    /// <summary>The files are removed when they cannot be added.</summary>
    public async Task<RowDelta> FlushAsync(WritePlan plan, IReadOnlyList<WrittenFile> files, CancellationToken cancellationToken)
    {
        var tail = plan.Pointer.Tail ?? TableTail.Empty;
        var deleted = new RowSelection();
        foreach (var deletes in tail.Deletes)
            foreach (var position in deletes.Positions)
                deleted.Add(deletes.File, position);
        // Tasks that sort or part the rows leave them in places that nobody knows.
        var file = files.Count == 1 && !plan.Output.Reorders
            ? IcebergWriter.Recorded(writer.Open(plan.Pointer), files[0].Path)
            : null;
        return await writer.ChangeRowsAsync(plan, files, deleted, new TailFlush(tail, file), cancellationToken);
    }

    /// <summary>Microseconds since 1970, so that later rows come later, and 12 random bits.</summary>
    private long NewId() => ((clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond << 12)
        | (uint)RandomNumberGenerator.GetInt32(1 << 12);
}
