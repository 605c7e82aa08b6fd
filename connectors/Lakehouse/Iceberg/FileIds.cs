using Federation.Connectors.Formats.Parquet;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Field ids of a file's columns at every depth: the file's own, else those of the table's name mapping, else top-level positions, which is
/// what the reference reader does with files of neither (spec, "Column Projection").
/// </summary>
internal sealed class FileIds
{
    private readonly Dictionary<ParquetField, int> _ids = new(ReferenceEqualityComparer.Instance);

    public FileIds(ParquetFooter footer, NameMapping? mapping)
    {
        if (footer.Columns.Any(HasIds)) TakeOwn(footer.Columns);
        else if (mapping is not null) TakeMapped(footer.Columns, mapping.Fields);
        else
            for (var i = 0; i < footer.Columns.Count; i++)
                _ids[footer.Columns[i]] = i + 1;
    }

    public int IdOf(ParquetField field) => _ids.GetValueOrDefault(field, -1);

    public ParquetField? Find(IEnumerable<ParquetField> fields, int id)
    {
        foreach (var field in fields)
            if (IdOf(field) == id)
                return field;
        return null;
    }

    private static bool HasIds(ParquetField field) => field.FieldId >= 0 || field.Children.Any(HasIds);

    private void TakeOwn(IEnumerable<ParquetField> fields)
    {
        foreach (var field in fields)
        {
            _ids[field] = field.FieldId;
            TakeOwn(field.Children);
        }
    }

    private void TakeMapped(IEnumerable<ParquetField> fields, EquatableArray<MappedName> mapping)
    {
        foreach (var field in fields) TakeMapped(field, field.Name, mapping);
    }

    private void TakeMapped(ParquetField field, string name, EquatableArray<MappedName> mapping)
    {
        if (NameMapping.Find(mapping, name) is not { } mapped) return;
        _ids[field] = mapped.FieldId;
        if (field.ListItem is { } item)
        {
            TakeMapped(item, "element", mapped.Fields);
        }
        else if (field.MapEntry is { } entry)
        {
            TakeMapped(entry.Key, "key", mapped.Fields);
            TakeMapped(entry.Value, "value", mapped.Fields);
        }
        else
        {
            TakeMapped(field.Children, mapped.Fields);
        }
    }
}
