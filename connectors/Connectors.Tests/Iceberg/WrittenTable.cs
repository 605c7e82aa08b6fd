using System.Globalization;
using System.Text;

namespace Federation.Connectors.Tests.Iceberg;

/// <summary>
/// The metadata of a table of many files, written to a folder as other engines write it: columns id (long, 1) and region (string, 2),
/// partitioned by identity(region). File i holds the ids from 100 i to 100 i + 99 and is of region i % 1,000. The data files themselves do
/// not exist.
/// </summary>
internal static class WrittenTable
{
    private const string ManifestSchema = """
        {"type":"record","name":"manifest_entry","fields":[
        {"name":"status","type":"int","field-id":0},
        {"name":"sequence_number","type":["null","long"],"field-id":3},
        {"name":"data_file","field-id":2,"type":{"type":"record","name":"r2","fields":[
        {"name":"content","type":"int","field-id":134},
        {"name":"file_path","type":"string","field-id":100},
        {"name":"file_format","type":"string","field-id":101},
        {"name":"partition","field-id":102,"type":{"type":"record","name":"r102","fields":[{"name":"region","type":["null","string"],"field-id":1000}]}},
        {"name":"record_count","type":"long","field-id":103},
        {"name":"file_size_in_bytes","type":"long","field-id":104},
        {"name":"lower_bounds","field-id":125,"type":{"type":"array","logicalType":"map","items":{"type":"record","name":"k126_v127","fields":[
          {"name":"key","type":"int","field-id":126},{"name":"value","type":"bytes","field-id":127}]}}},
        {"name":"upper_bounds","field-id":128,"type":{"type":"array","logicalType":"map","items":{"type":"record","name":"k129_v130","fields":[
          {"name":"key","type":"int","field-id":129},{"name":"value","type":"bytes","field-id":130}]}}}
        ]}}]}
        """;

    private const string ListSchema = """
        {"type":"record","name":"manifest_file","fields":[
        {"name":"manifest_path","type":"string","field-id":500},
        {"name":"manifest_length","type":"long","field-id":501},
        {"name":"partition_spec_id","type":"int","field-id":502},
        {"name":"content","type":"int","field-id":517},
        {"name":"sequence_number","type":"long","field-id":515},
        {"name":"added_files_count","type":"int","field-id":504},
        {"name":"existing_files_count","type":"int","field-id":505},
        {"name":"added_rows_count","type":"long","field-id":512},
        {"name":"existing_rows_count","type":"long","field-id":513}]}
        """;

    /// <summary>Writes the table and gives the path of its metadata file.</summary>
    public static string Write(string folder, int files, int manifests)
    {
        var metadata = Directory.CreateDirectory(Path.Combine(folder, "metadata")).FullName;
        var list = new AvroBlock();
        for (var manifest = 0; manifest < manifests; manifest++)
        {
            var (first, end) = ((int)((long)files * manifest / manifests), (int)((long)files * (manifest + 1) / manifests));
            var entries = new AvroBlock();
            for (var i = first; i < end; i++) AddFile(entries, i);
            var path = Path.Combine(metadata, $"manifest-{manifest}.avro");
            entries.Save(path, ManifestSchema, end - first, ("partition-spec-id", "0"));
            list.Text(path).Long(new FileInfo(path).Length).Long(0).Long(0).Long(1).Long(end - first).Long(0)
                .Long((end - first) * 100L).Long(0);
        }

        list.Save(Path.Combine(metadata, "snap-1.avro"), ListSchema, manifests);
        var file = Path.Combine(metadata, "v1.metadata.json");
        File.WriteAllText(file, $$"""
            {"format-version":2,"table-uuid":"11111111-2222-3333-4444-555555555555","location":"{{folder}}","last-sequence-number":1,"last-updated-ms":1,"last-column-id":2,
            "schemas":[{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"id","required":true,"type":"long"},{"id":2,"name":"region","required":false,"type":"string"}]}],"current-schema-id":0,
            "partition-specs":[{"spec-id":0,"fields":[{"source-id":2,"field-id":1000,"name":"region","transform":"identity"}]}],"default-spec-id":0,"last-partition-id":1000,
            "sort-orders":[{"order-id":0,"fields":[]}],"default-sort-order-id":0,"current-snapshot-id":1,
            "snapshots":[{"snapshot-id":1,"sequence-number":1,"timestamp-ms":1,"manifest-list":"{{Path.Combine(metadata, "snap-1.avro")}}","summary":{"operation":"append"},"schema-id":0}]}
            """);
        return file;
    }

    private static void AddFile(AvroBlock block, int i)
    {
        var region = string.Create(CultureInfo.InvariantCulture, $"region-{i % 1000:000}");
        block.Long(1).Long(0).Long(0).Text(string.Create(CultureInfo.InvariantCulture, $"data/region={region}/part-{i:000000}.parquet"))
            .Text("PARQUET")
            .Long(1).Text(region).Long(100).Long(1000);
        foreach (var id in (long[])[i * 100L, (i * 100L) + 99])
            block.Long(2).Long(1).Bytes(BitConverter.GetBytes(id)).Long(2).Bytes(Encoding.UTF8.GetBytes(region)).Long(0);
    }

    /// <summary>Values in Avro's binary form, and the container around them.</summary>
    private sealed class AvroBlock
    {
        private static readonly byte[] s_sync = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];

        private readonly MemoryStream _data = new();

        /// <summary>Also an int, the branch of a union, and the count of an array's block.</summary>
        public AvroBlock Long(long value)
        {
            var rest = (ulong)((value << 1) ^ (value >> 63));
            for (; rest >= 0x80; rest >>= 7) _data.WriteByte((byte)(rest | 0x80));
            _data.WriteByte((byte)rest);
            return this;
        }

        public AvroBlock Bytes(byte[] bytes)
        {
            Long(bytes.Length);
            _data.Write(bytes);
            return this;
        }

        public AvroBlock Text(string text) => Bytes(Encoding.UTF8.GetBytes(text));

        public void Save(string path, string schema, int count, params (string Key, string Value)[] metadata)
        {
            var head = new AvroBlock().Long(metadata.Length + 2).Text("avro.schema").Text(schema).Text("avro.codec").Text("null");
            foreach (var (key, value) in metadata) head.Text(key).Text(value);
            var frame = new AvroBlock().Long(count).Long(_data.Length);
            using var file = File.Create(path);
            file.Write("Obj\x01"u8);
            head.Long(0)._data.WriteTo(file);
            file.Write(s_sync);
            frame._data.WriteTo(file);
            _data.WriteTo(file);
            file.Write(s_sync);
        }
    }
}
