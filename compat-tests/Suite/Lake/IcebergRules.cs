using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Federation.Core.Hashing;
using Federation.DuckDb;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>
/// Checks a table of format version 2 against the rules of the Iceberg specification, over the raw metadata JSON, the raw Avro files and
/// the kernel's own view of the Parquet files. Each data file is one that an append has added and nothing has deleted.
/// </summary>
internal sealed class IcebergRules(string location, PlainKernel kernel)
{
    private static readonly string[] s_oddAnnotations = ["INT_8", "INT_16", "UINT_8", "UINT_16", "UINT_32", "UINT_64"];

    /// <summary>What was counted in manifests, each of which most snapshots share.</summary>
    private readonly Dictionary<string, (long Files, long Rows, long Bytes, string[] Partitions)> _manifests = new(StringComparer.Ordinal);

    private JsonElement _metadata;
    private Dictionary<int, JsonElement> _columns = [];

    /// <summary>The number of live rows. Fails at the first rule that the table breaks.</summary>
    public long Check()
    {
        var file = Directory.GetFiles(Path.Combine(location, "metadata"), "*.metadata.json")
            .MaxBy(path => int.Parse(Path.GetFileName(path).Split('-')[0], CultureInfo.InvariantCulture))!;
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        _metadata = document.RootElement;
        CheckMetadata(file);
        var snapshots = _metadata.GetProperty("snapshots").EnumerateArray().ToArray();
        var rows = 0L;
        for (var i = 0; i < snapshots.Length; i++) rows = CheckSnapshot(snapshots[i], i == 0 ? null : snapshots[i - 1], i + 1);
        return rows;
    }

    private void CheckMetadata(string file)
    {
        Assert.Equal(2, _metadata.GetProperty("format-version").GetInt32());
        Assert.Equal(location, _metadata.GetProperty("location").GetString());
        Assert.True(Guid.TryParse(_metadata.GetProperty("table-uuid").GetString(), out _));
        var schema = _metadata.GetProperty("schemas").EnumerateArray()
            .Single(item => item.GetProperty("schema-id").GetInt32() == _metadata.GetProperty("current-schema-id").GetInt32());
        var ids = new List<int>();
        CollectIds(schema, ids);
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal(ids.Max(), _metadata.GetProperty("last-column-id").GetInt32());
        _columns = schema.GetProperty("fields").EnumerateArray().ToDictionary(field => field.GetProperty("id").GetInt32());

        // The log of snapshots ends with the current one, and refs.main is it.
        var log = _metadata.GetProperty("snapshot-log").EnumerateArray().ToArray();
        var snapshots = _metadata.GetProperty("snapshots").EnumerateArray().ToArray();
        Assert.Equal(snapshots.Select(item => item.GetProperty("snapshot-id").GetInt64()),
            log.Select(item => item.GetProperty("snapshot-id").GetInt64()));
        Assert.Equal(snapshots.Select(item => item.GetProperty("timestamp-ms").GetInt64()),
            log.Select(item => item.GetProperty("timestamp-ms").GetInt64()));
        Ascends(log.Select(item => item.GetProperty("timestamp-ms").GetInt64()));
        if (snapshots.Length > 0)
        {
            var current = _metadata.GetProperty("current-snapshot-id").GetInt64();
            Assert.Equal(snapshots[^1].GetProperty("snapshot-id").GetInt64(), current);
            var main = _metadata.GetProperty("refs").GetProperty("main");
            Assert.Equal((current, "branch"), (main.GetProperty("snapshot-id").GetInt64(), main.GetProperty("type").GetString()));
            Assert.Equal(snapshots[^1].GetProperty("timestamp-ms").GetInt64(), _metadata.GetProperty("last-updated-ms").GetInt64());
        }

        Assert.Equal(snapshots.Length, _metadata.GetProperty("last-sequence-number").GetInt64());
        var previous = _metadata.GetProperty("metadata-log").EnumerateArray().ToArray();
        Assert.Equal(Math.Min(100, snapshots.Length), previous.Length);
        Ascends(previous.Select(item => item.GetProperty("timestamp-ms").GetInt64())
            .Append(_metadata.GetProperty("last-updated-ms").GetInt64()));
        foreach (var entry in previous)
        {
            Assert.NotEqual(file, entry.GetProperty("metadata-file").GetString());
            using var older = JsonDocument.Parse(File.ReadAllBytes(entry.GetProperty("metadata-file").GetString()!));
            Assert.Equal(entry.GetProperty("timestamp-ms").GetInt64(), older.RootElement.GetProperty("last-updated-ms").GetInt64());
        }

        foreach (var spec in _metadata.GetProperty("partition-specs").EnumerateArray())
            foreach (var field in spec.GetProperty("fields").EnumerateArray())
                Assert.InRange(field.GetProperty("field-id").GetInt32(), 1000, _metadata.GetProperty("last-partition-id").GetInt32());
    }

    private long CheckSnapshot(JsonElement snapshot, JsonElement? parent, long sequence)
    {
        var id = snapshot.GetProperty("snapshot-id").GetInt64();
        Assert.Equal(sequence, snapshot.GetProperty("sequence-number").GetInt64());
        Assert.Equal(parent?.GetProperty("snapshot-id").GetInt64(),
            snapshot.TryGetProperty("parent-snapshot-id", out var before) ? before.GetInt64() : null);
        var (header, manifests) = AvroObjects.Read(snapshot.GetProperty("manifest-list").GetString()!);
        Assert.Equal("2", header["format-version"]);
        Assert.Equal(id.ToString(CultureInfo.InvariantCulture), header["snapshot-id"]);
        Assert.Equal(sequence.ToString(CultureInfo.InvariantCulture), header["sequence-number"]);
        Assert.Equal(sequence, manifests.Count);
        long files = 0, rows = 0, bytes = 0;
        var (added, partitions) = ((Files: 0L, Rows: 0L, Bytes: 0L), new HashSet<string>(StringComparer.Ordinal));
        foreach (var manifest in manifests)
        {
            Assert.Equal((long)manifest["sequence_number"]!, (long)manifest["min_sequence_number"]!);
            Assert.InRange((long)manifest["sequence_number"]!, 1, sequence);
            var isNew = (long)manifest["added_snapshot_id"]! == id;
            Assert.Equal(isNew, (long)manifest["sequence_number"]! == sequence);
            if (!_manifests.TryGetValue((string)manifest["manifest_path"]!, out var counted))
                _manifests.Add((string)manifest["manifest_path"]!, counted = CheckManifest(manifest));
            var (manifestFiles, manifestRows, manifestBytes, manifestPartitions) = counted;
            if (isNew) partitions.UnionWith(manifestPartitions);
            (files, rows, bytes) = (files + manifestFiles, rows + manifestRows, bytes + manifestBytes);
            if (isNew) added = (manifestFiles, manifestRows, manifestBytes);
        }

        var summary = snapshot.GetProperty("summary");
        Assert.Equal("append", summary.GetProperty("operation").GetString());
        Assert.Equal(
            [added.Files, added.Rows, added.Bytes, partitions.Count, files, rows, bytes, 0, 0, 0],
            ((string[])["added-data-files", "added-records", "added-files-size", "changed-partition-count", "total-data-files",
                "total-records", "total-files-size", "total-delete-files", "total-position-deletes", "total-equality-deletes"])
                .Select(name => long.Parse(summary.GetProperty(name).GetString()!, CultureInfo.InvariantCulture)));
        return rows;
    }

    private (long Files, long Rows, long Bytes, string[] Partitions) CheckManifest(Dictionary<string, object?> listed)
    {
        var path = (string)listed["manifest_path"]!;
        Assert.Equal(new FileInfo(path).Length, listed["manifest_length"]);
        var (header, entries) = AvroObjects.Read(path);
        Assert.Equal(("2", "data"), (header["format-version"], header["content"]));
        Assert.Equal(header["partition-spec-id"], Convert.ToString(listed["partition_spec_id"], CultureInfo.InvariantCulture));
        using var schema = JsonDocument.Parse(header["schema"]);
        Assert.Equal(_columns.Keys,
            schema.RootElement.GetProperty("fields").EnumerateArray().Select(field => field.GetProperty("id").GetInt32()));
        using var spec = JsonDocument.Parse(header["partition-spec"]);
        var fields = spec.RootElement.EnumerateArray().ToArray();
        var values = new List<object?[]>();
        long rows = 0, bytes = 0;
        foreach (var entry in entries)
        {
            Assert.Equal(1L, entry["status"]);
            Assert.Equal(listed["added_snapshot_id"], entry["snapshot_id"]);
            Assert.Null(entry["sequence_number"]);
            Assert.Null(entry["file_sequence_number"]);
            var file = (Dictionary<string, object?>)entry["data_file"]!;
            CheckFile(file, fields);
            var partition = ((Dictionary<string, object?>)file["partition"]!).Values.ToArray();
            values.Add(partition);
            (rows, bytes) = (rows + (long)file["record_count"]!, bytes + (long)file["file_size_in_bytes"]!);
        }

        Assert.Equal([entries.Count, 0L, 0L, rows, 0L, 0L],
            ((string[])["added_files_count", "existing_files_count", "deleted_files_count", "added_rows_count", "existing_rows_count",
                "deleted_rows_count"]).Select(name => (long)listed[name]!));
        var summaries = (List<object?>)listed["partitions"]!;
        Assert.Equal(fields.Length, summaries.Count);
        for (var i = 0; i < fields.Length; i++)
        {
            var summary = (Dictionary<string, object?>)summaries[i]!;
            Assert.Equal(values.Exists(value => value[i] is null), (bool)summary["contains_null"]!);
            var known = values.Select(value => value[i]).Where(value => value is not null and not float.NaN and not double.NaN).ToArray();
            Assert.Equal(values.Exists(value => value[i] is float.NaN or double.NaN), (bool)summary["contains_nan"]!);
            Assert.Equal(known.Length == 0, summary["lower_bound"] is null);
            Assert.Equal(known.Length == 0, summary["upper_bound"] is null);
            if (known.Select(Text).Distinct().Count() == 1) Assert.Equal(Text(summary["lower_bound"]), Text(summary["upper_bound"]));
        }

        return (entries.Count, rows, bytes, [.. values.Select(partition => string.Join('|', partition.Select(Text))).Distinct()]);
    }

    private void CheckFile(Dictionary<string, object?> file, JsonElement[] partitionFields)
    {
        var path = SqlText.Literal((string)file["file_path"]!);
        Assert.Equal((0L, "PARQUET"), ((long)file["content"]!, (string)file["file_format"]!));
        Assert.Equal(new FileInfo((string)file["file_path"]!).Length, file["file_size_in_bytes"]);
        var rows = (long)file["record_count"]!;
        Assert.Equal(kernel.Number($"SELECT count(*) FROM read_parquet({path}, hive_partitioning = false)"), rows);

        // Parquet's field ids are the schema's, all of them and no others, at the columns of the same names.
        var parquet =
            kernel.Rows(
                "SELECT name, CAST(field_id AS VARCHAR), CAST(converted_type AS VARCHAR), CAST(logical_type AS VARCHAR) FROM "
                    + $"parquet_schema({path})");
        var ids = new List<int>();
        foreach (var column in _columns.Values) CollectField(column, ids);
        Assert.Equal(ids.Order(),
            parquet.Where(row => row[1] is not null).Select(row => int.Parse(row[1]!, CultureInfo.InvariantCulture)).Order());
        Assert.DoesNotContain(parquet,
            row => s_oddAnnotations.Contains(row[2]) || (row[3] ?? "").Contains("isSigned=0", StringComparison.Ordinal));
        foreach (var (id, column) in _columns)
            Assert.Contains(parquet,
                row => row[0] == column.GetProperty("name").GetString() && row[1] == id.ToString(CultureInfo.InvariantCulture));

        var (counts, nulls, lower, upper) = (Map(file, "value_counts"), Map(file, "null_value_counts"), Map(file, "lower_bounds"),
            Map(file, "upper_bounds"));
        Assert.Empty(counts.Keys.Concat(nulls.Keys).Concat(lower.Keys).Concat(upper.Keys).Except(ids));
        foreach (var (id, column) in _columns)
        {
            if (column.GetProperty("type").ValueKind != JsonValueKind.String) continue;
            var name = SqlText.Identifier(column.GetProperty("name").GetString()!);
            Assert.Equal(rows, (long)counts[id]!);
            Assert.Equal(kernel.Number($"SELECT count(*) FROM read_parquet({path}, hive_partitioning = false) WHERE {name} IS NULL"),
                (long)nulls[id]!);
            if (column.GetProperty("required").GetBoolean()) Assert.Equal(0L, nulls[id]);
            CheckBound(path, name, column.GetProperty("type").GetString()!, (byte[]?)lower.GetValueOrDefault(id), "<");
            CheckBound(path, name, column.GetProperty("type").GetString()!, (byte[]?)upper.GetValueOrDefault(id), ">");
        }

        // Names of partition fields are spelled in Avro's letters there; the order is the specification's.
        var values = ((Dictionary<string, object?>)file["partition"]!).Values.ToArray();
        Assert.Equal(partitionFields.Length, values.Length);
        for (var i = 0; i < values.Length; i++) CheckPartition(path, values[i], partitionFields[i]);
    }

    /// <summary>No value lies beyond the bound.</summary>
    private void CheckBound(string path, string name, string type, byte[]? bound, string beyond)
    {
        var from = $"SELECT count(*) FROM read_parquet({path}, hive_partitioning = false) WHERE";
        if (bound is null) return;
        var limit = Literal(bound, type);
        var isFloat = type is "float" or "double";
        Assert.Equal(0, kernel.Number($"{from} {name} {beyond} {limit}{(isFloat ? $" AND NOT isnan({name})" : "")}"));
        if (isFloat && Convert.ToDouble(limit.Split('\'')[1], CultureInfo.InvariantCulture) == 0 && kernel.Number($"{from} {name} = 0") > 0)
            Assert.Equal(beyond == "<", (bound[^1] & 0x80) != 0);
        if (type is "string") Assert.True(Encoding.UTF8.GetString(bound).EnumerateRunes().Count() <= 16);
        if (type is "binary") Assert.True(bound.Length <= 16);
    }

    /// <summary>All rows of the file have the value that the manifest says.</summary>
    private void CheckPartition(string path, object? value, JsonElement field)
    {
        var transform = field.GetProperty("transform").GetString()!;
        var column = _columns[field.GetProperty("source-id").GetInt32()];
        var name = SqlText.Identifier(column.GetProperty("name").GetString()!);
        var type = column.GetProperty("type").GetString()!;
        if (transform != "identity")
        {
            CheckTransform(path, name, type, transform, value);
            return;
        }

        var expected = value is null ? "NULL" : Literal(Bytes(value, type), type);
        Assert.Equal(0,
            kernel.Number(
                $"SELECT count(*) FROM read_parquet({path}, hive_partitioning = false) WHERE {name} IS DISTINCT FROM {expected}"));
    }

    /// <summary>All rows of the file have the value, worked out by other means than the writer's.</summary>
    private void CheckTransform(string path, string name, string type, string transform, object? value)
    {
        var from = $"FROM read_parquet({path}, hive_partitioning = false)";
        if (value is null)
        {
            Assert.Equal(0, kernel.Number($"SELECT count(*) {from} WHERE {name} IS NOT NULL"));
            return;
        }

        if (transform.StartsWith("bucket", StringComparison.Ordinal))
        {
            var count = int.Parse(transform[7..^1], CultureInfo.InvariantCulture);
            foreach (var row in kernel.Rows($"SELECT DISTINCT CAST({name} AS VARCHAR) {from}"))
                Assert.Equal((long)value, (Hash(row[0]!, type) & int.MaxValue) % count);
            return;
        }

        var instant = type == "date" ? $"CAST({name} AS TIMESTAMP)" : $"CAST({name} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'";
        if (type == "timestamp") instant = name;
        var width = transform.StartsWith("truncate", StringComparison.Ordinal) ? transform[9..^1] : "";
        var expected = transform switch
        {
            "year" => $"date_diff('year', TIMESTAMP '1970-01-01', {instant})",
            "month" => $"date_diff('month', TIMESTAMP '1970-01-01', {instant})",
            "day" => $"date_diff('day', TIMESTAMP '1970-01-01', {instant})",
            "hour" => $"date_diff('hour', TIMESTAMP '1970-01-01', {instant})",
            _ when type == "string" => $"substring({name}, 1, {width})",
            _ when type == "binary" => $"{name}[1:{width}]",
            _ when type.StartsWith("decimal", StringComparison.Ordinal) =>
                $"CAST(floor(CAST({name} AS DOUBLE) * power(10, {type[8..^1].Split(',')[1]}) / {width}) * {width} AS BIGINT)",
            _ => $"CAST(floor(CAST({name} AS DOUBLE) / {width}) * {width} AS BIGINT)",
        };
        var found = value switch
        {
            string text => SqlText.Literal(text),
            byte[] bytes when type == "binary" => $"from_hex('{Convert.ToHexString(bytes)}')",
            byte[] bytes => new BigInteger(bytes, isUnsigned: false, isBigEndian: true).ToString(CultureInfo.InvariantCulture),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
        Assert.Equal(0, kernel.Number($"SELECT count(*) {from} WHERE {name} IS NULL OR ({expected}) IS DISTINCT FROM {found}"));
    }

    private static int Hash(string text, string type) => type switch
    {
        "int" or "long" => Murmur3.Hash(long.Parse(text, CultureInfo.InvariantCulture)),
        "string" => Murmur3.Hash(text),
        "uuid" => Murmur3.Hash(Guid.Parse(text)),
        "date" => Murmur3.Hash((long)(DateOnly.Parse(text, CultureInfo.InvariantCulture).DayNumber - new DateOnly(1970, 1, 1).DayNumber)),
        _ => Murmur3.Hash(BigInteger.Parse(text.Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture)),
    };

    /// <summary>A value of a partition record in the form of bounds (spec, appendix D).</summary>
    private static byte[] Bytes(object value, string type) => value switch
    {
        bool truth => [truth ? (byte)1 : (byte)0],
        long number when type is "int" or "date" => BitConverter.GetBytes((int)number),
        long number => BitConverter.GetBytes(number),
        float number => BitConverter.GetBytes(number),
        double number => BitConverter.GetBytes(number),
        string text => Encoding.UTF8.GetBytes(text),
        _ => (byte[])value,
    };

    /// <summary>Bytes of a bound (spec, appendix D) as the kernel's literal.</summary>
    private static string Literal(byte[] bytes, string type)
    {
        var shape = type.StartsWith("decimal", StringComparison.Ordinal)
            ? type[8..^1].Split(',').Select(part => int.Parse(part, CultureInfo.InvariantCulture)).ToArray()
            : [];
        return type switch
        {
            "boolean" => bytes[0] == 0 ? "false" : "true",
            "int" => BinaryPrimitives.ReadInt32LittleEndian(bytes).ToString(CultureInfo.InvariantCulture),
            "long" => BinaryPrimitives.ReadInt64LittleEndian(bytes).ToString(CultureInfo.InvariantCulture),
            "float" => $"CAST('{BinaryPrimitives.ReadSingleLittleEndian(bytes).ToString("R", CultureInfo.InvariantCulture)}' AS FLOAT)",
            "double" => $"CAST('{BinaryPrimitives.ReadDoubleLittleEndian(bytes).ToString("R", CultureInfo.InvariantCulture)}' AS DOUBLE)",
            "date" when BinaryPrimitives.ReadInt32LittleEndian(bytes) is int.MaxValue or -int.MaxValue =>
                BinaryPrimitives.ReadInt32LittleEndian(bytes) > 0 ? "DATE 'infinity'" : "DATE '-infinity'",
            "date" => $"(DATE '1970-01-01' + ({BinaryPrimitives.ReadInt32LittleEndian(bytes).ToString(CultureInfo.InvariantCulture)}))",
            "time" => $"CAST('{Clock(BinaryPrimitives.ReadInt64LittleEndian(bytes))}' AS TIME)",
            "timestamp" or "timestamptz" when BinaryPrimitives.ReadInt64LittleEndian(bytes) is long.MaxValue or -long.MaxValue =>
                $"CAST('{(bytes[7] < 0x80 ? "" : "-")}infinity' AS {(type == "timestamp" ? "TIMESTAMP" : "TIMESTAMPTZ")})",
            "timestamp" => $"make_timestamp({BinaryPrimitives.ReadInt64LittleEndian(bytes).ToString(CultureInfo.InvariantCulture)})",
            "timestamptz" =>
                $"CAST(make_timestamp({BinaryPrimitives.ReadInt64LittleEndian(bytes).ToString(CultureInfo.InvariantCulture)}) AS "
                    + "TIMESTAMPTZ)",
            "string" => SqlText.Literal(Encoding.UTF8.GetString(bytes)),
            "uuid" => $"CAST('{new Guid(bytes, bigEndian: true)}' AS UUID)",
            "binary" => $"from_hex('{Convert.ToHexString(bytes)}')",
            _ when shape.Length == 2 =>
                $"CAST('{Scaled(new BigInteger(bytes, isUnsigned: false, isBigEndian: true), shape[1])}' AS "
                    + $"DECIMAL({shape[0].ToString(CultureInfo.InvariantCulture)}, {shape[1].ToString(CultureInfo.InvariantCulture)}))",
            _ => throw new InvalidDataException($"{type} has no bounds"),
        };
    }

    private static string Clock(long microseconds) => FormattableString.Invariant(
        $"{microseconds / 3_600_000_000:00}:{microseconds / 60_000_000 % 60:00}:{microseconds / 1_000_000 % 60:00}.{microseconds % 1_000_000:000000}");

    private static string Scaled(BigInteger unscaled, int scale)
    {
        var digits = BigInteger.Abs(unscaled).ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        return $"{(unscaled.Sign < 0 ? "-" : "")}{digits[..^scale]}{(scale > 0 ? "." : "")}{digits[^scale..]}";
    }

    private static Dictionary<int, object?> Map(Dictionary<string, object?> file, string name) =>
        ((List<object?>?)file[name] ?? []).Cast<Dictionary<string, object?>>()
            .ToDictionary(item => (int)(long)item["key"]!, item => item["value"]);

    private static string Text(object? value) => value switch
    {
        null => "NULL",
        byte[] bytes => Convert.ToHexString(bytes),
        double number => BitConverter.DoubleToInt64Bits(number).ToString(CultureInfo.InvariantCulture),
        float number => BitConverter.SingleToInt32Bits(number).ToString(CultureInfo.InvariantCulture),
        _ => "v" + Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static void Ascends(IEnumerable<long> values)
    {
        var previous = long.MinValue;
        foreach (var value in values)
        {
            Assert.True(value >= previous, $"{value} comes after {previous}");
            previous = value;
        }
    }

    private static void CollectIds(JsonElement type, List<int> ids)
    {
        if (type.ValueKind != JsonValueKind.Object) return;
        if (type.GetProperty("type").GetString() == "struct")
        {
            foreach (var field in type.GetProperty("fields").EnumerateArray()) CollectField(field, ids);
            return;
        }

        ids.Add(type.GetProperty("element-id").GetInt32());
        CollectIds(type.GetProperty("element"), ids);
    }

    private static void CollectField(JsonElement field, List<int> ids)
    {
        ids.Add(field.GetProperty("id").GetInt32());
        CollectIds(field.GetProperty("type"), ids);
    }
}
