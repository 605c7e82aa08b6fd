using System.Text.Json.Nodes;
using Federation.Connectors.Lakehouse.Iceberg;
using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Tests.Iceberg;

/// <summary>What changes of columns make of table metadata.</summary>
public sealed class SchemaChangesTests
{
    private readonly MetadataDocument _table = MetadataDocument.Parse("t", NewTableMetadata.Make(
        new NewTable("/t",
            [
                new("id", SqlType.Int4, IsNullable: false), new("name", new SqlType(PgTypes.Varchar, 14)),
                new("tags", SqlType.Array(SqlType.Text)),
            ]),
        Guid.NewGuid(), 1).ToBytes());

    [Fact]
    public void Field_ids_are_never_given_twice()
    {
        Change(new ColumnChange.Drop("name"), new ColumnChange.Add(new NewColumn("name", SqlType.Int8), null));
        Change(new ColumnChange.Drop("name"));
        Change(new ColumnChange.Add(new NewColumn("name", SqlType.Text), null));
        var table = Read();
        // The element of the list has the fourth id.
        Assert.Equal(["1 id", "3 tags", "6 name"], table.CurrentSchema.Fields.Select(field => $"{field.Id} {field.Name}"));
        Assert.Equal(6, _table.Long("last-column-id", 0));
        Assert.Equal([0, 1, 2, 3], table.Schemas.Keys.Order());
        Assert.Equal("string", table.Schemas[0].Find("name")!.Type.ToString());
    }

    [Fact]
    public void Renaming_keeps_the_id_and_the_declared_type()
    {
        Change(new ColumnChange.Rename("name", "title"));
        var field = Read().CurrentSchema.Find("title")!;
        Assert.Equal((2, "character varying(10)"), (field.Id, Read().TypeOf(field).ToString()));
    }

    [Fact]
    public void Types_grow_as_version_2_allows()
    {
        Change(new ColumnChange.Widen("id", SqlType.Int8), new ColumnChange.Widen("name", SqlType.Text));
        var table = Read();
        Assert.Equal(["bigint", "text", "text[]"], table.CurrentSchema.Fields.Select(field => table.TypeOf(field).ToString()));
        Assert.Null(_table.Object("properties")[WrittenTypes.Property]);
        var error = Assert.Throws<SqlException>(() => Change(new ColumnChange.Widen("id", SqlType.Int4)));
        Assert.Equal(SqlState.FeatureNotSupported, error.State);
    }

    [Fact]
    public void A_default_for_older_rows_leaves_the_field_optional_for_other_engines()
    {
        var column = new NewColumn("added", SqlType.Int4, IsNullable: false);
        Change(new ColumnChange.Add(column, 7));
        Assert.True(Read().CurrentSchema.Find("added") is { IsRequired: true, InitialDefault: null });

        AddSnapshot();
        Change(new ColumnChange.Add(column with { Name = "later" }, 7));
        Assert.Equal("""{"6":7}""", (string?)_table.Object("properties")[AddedColumns.DefaultsProperty]);
        Assert.False((bool)Field("later")["required"]!);
        Assert.True(Read().CurrentSchema.Find("later") is { IsRequired: true, InitialDefault: "7" });
        Change(new ColumnChange.SetNullable("later", true));
        Assert.True(Read().CurrentSchema.Find("later") is { IsRequired: false, InitialDefault: "7" });
    }

    [Theory]
    [InlineData("5 B.C.")]
    [InlineData("infinity")]
    public void A_default_that_has_no_form_is_refused(string _)
    {
        AddSnapshot();
        var value = _ == "infinity" ? new PgTimestamp(long.MaxValue) : new PgTimestamp(-62_135_596_800_000_001);
        var error = Assert.Throws<SqlException>(() => Change(new ColumnChange.Add(new NewColumn("t", SqlType.Timestamp), value)));
        Assert.Equal(SqlState.FeatureNotSupported, error.State);
    }

    [Fact]
    public void Values_come_back_from_their_json_form()
    {
        (object Value, IcebergKind Kind)[] values =
        [
            (true, IcebergKind.Boolean), (-5, IcebergKind.Int), (long.MinValue, IcebergKind.Long), (0.1f, IcebergKind.Float),
            (0.1, IcebergKind.Double), ("a \"b\" \u00e4", IcebergKind.String), (new PgDate(-1), IcebergKind.Date),
            (new PgTime(45_296_789_001), IcebergKind.Time), (new PgTimestamp(-1), IcebergKind.Timestamp),
            (new PgTimestamp(1_577_836_800_123_456), IcebergKind.Timestamptz), (Guid.NewGuid(), IcebergKind.Uuid),
        ];
        foreach (var (value, kind) in values)
        {
            var type = new IcebergType.Primitive(kind);
            Assert.Equal(value, SingleValue.FromJson(SingleValue.ToJson(value, type)!.ToJsonString(), type));
        }

        var money = new IcebergType.Primitive(IcebergKind.Decimal, 10, 2);
        Assert.Equal("\"-1.50\"", SingleValue.ToJson(new PgNumeric(-150, 2), money)!.ToJsonString());
        Assert.Null(SingleValue.ToJson(double.NaN, new IcebergType.Primitive(IcebergKind.Double)));
    }

    [Fact]
    public void Columns_are_numbered_as_they_were_added()
    {
        Change(new ColumnChange.Drop("name"));
        Change(new ColumnChange.Add(new NewColumn("x", SqlType.Text), null), new ColumnChange.Add(new NewColumn("y", SqlType.Text), null));
        Change(new ColumnChange.Drop("x"));
        var table = Read();
        Assert.Equal([1, 3, 5], ColumnNumbers.Of(table, table.CurrentSchema));
        Assert.Equal([1, 2, 3], ColumnNumbers.Of(table, table.Schemas[0]));
    }

    [Fact]
    public void What_another_engine_has_written_into_the_properties_is_left_alone()
    {
        _table.Object("properties")[AddedColumns.DefaultsProperty] = "no JSON";
        _table.Object("properties")[AddedColumns.NotNullProperty] = "{\"1\":2}";
        Assert.Equal(3, Read().CurrentSchema.Fields.Count);
        Change(new ColumnChange.Add(new NewColumn("x", SqlType.Text), null));
        Assert.Equal(4, Read().CurrentSchema.Fields.Count);
    }

    private void Change(params ColumnChange[] changes) =>
        MetadataUpdates.Apply(_table, new SchemaChanges(_table, Read(), false).Apply(changes.ToEquatableArray()), 2, null);

    private TableMetadata Read() => TableMetadataReader.Parse("t", _table.ToBytes());

    private JsonObject Field(string name) => _table.Array("schemas").OfType<JsonObject>()
        .First(schema => (int)schema["schema-id"]! == Read().CurrentSchemaId)["fields"]!.AsArray().OfType<JsonObject>()
        .First(field => (string?)field["name"] == name);

    private void AddSnapshot() => MetadataUpdates.Apply(_table,
        [
            new MetadataUpdate.AddSnapshot(new JsonObject { ["snapshot-id"] = 1L, ["sequence-number"] = 1L, ["manifest-list"] = "m" }),
            new MetadataUpdate.SetBranch(MetadataUpdates.MainBranch, 1),
        ], 2, null);
}
