using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Federation.Arrow;
using Federation.Connectors.Tpch.Tables;
using Federation.Core.Types;

namespace Federation.Connectors.Tpch.Tests;

/// <summary>Rows as dbgen writes them into .tbl files: fields end with a bar, rows with a line feed.</summary>
internal static class TableText
{
    private static readonly DateTime s_epoch = new(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public static string Rows(TpchTable table, ScaleFactor scale, long first, long units)
    {
        var text = new StringBuilder();
        for (var done = 0L; done < units; done += table.UnitsPerBatch)
        {
            using var batch = table.Generate(scale, first + done, (int)Math.Min(table.UnitsPerBatch, units - done), long.MaxValue,
                [.. table.Columns]);
            Append(text, batch, table.Columns);
        }

        return text.ToString();
    }

    public static void Append(StringBuilder text, Batch batch, IReadOnlyList<TpchColumn> columns)
    {
        for (var row = 0; row < batch.RowCount; row++)
        {
            for (var i = 0; i < batch.Columns.Length; i++)
                text.Append(Field(batch.Columns[i], row, columns[i].Name == "l_quantity")).Append('|');
            text.Append('\n');
        }
    }

    public static string Md5(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));

    /// <param name="isWhole">Quantities are decimals without cents in dbgen's files.</param>
    public static string Field(Column column, int row, bool isWhole = false) => column.Type.Storage switch
    {
        Storage.Int32 => column.Get<int>(row).ToString(CultureInfo.InvariantCulture),
        Storage.Int64 => column.Get<long>(row).ToString(CultureInfo.InvariantCulture),
        Storage.Decimal when isWhole => (column.Get<long>(row) / 100).ToString(CultureInfo.InvariantCulture),
        Storage.Decimal => ((decimal)column.Get<long>(row) / 100).ToString("0.00", CultureInfo.InvariantCulture),
        Storage.Date => s_epoch.AddDays(column.Get<int>(row)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        Storage.Text => Encoding.UTF8.GetString(column.GetBytes(row)),
        var storage => throw new NotSupportedException(storage.ToString()),
    };
}
