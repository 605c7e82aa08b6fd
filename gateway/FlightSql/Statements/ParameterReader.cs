using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.FlightSql.Statements;

/// <summary>
/// Turns rows of bound columns into parameters. A column of the parameter's own type is taken as it is; any other value goes through its
/// text, as if the client had sent it to PostgreSQL as text, so that what does not fit raises PostgreSQL's error.
/// </summary>
internal static class ParameterReader
{
    public static void Read(Batch batch, EquatableArray<SqlType> types, ValueContext context, List<EquatableArray<object?>> rows)
    {
        if (batch.Columns.Length != types.Count)
            throw new SqlException(SqlState.ProtocolViolation,
                $"the bound batch has {batch.Columns.Length} columns, but the prepared statement requires {types.Count}");
        for (var row = 0; row < batch.RowCount; row++)
        {
            var values = new object?[types.Count];
            for (var i = 0; i < values.Length; i++)
            {
                try
                {
                    values[i] = Convert(batch.Columns[i].ReadValue(row), batch.Columns[i].Type, types[i], context);
                }
                catch (SqlException error)
                {
                    throw error.In($"parameter ${i + 1}");
                }
            }

            rows.Add(new EquatableArray<object?>(values));
        }
    }

    private static object? Convert(object? value, SqlType given, SqlType wanted, ValueContext context)
    {
        if (value is null) return null;
        if (given.HasSameBase(wanted) && !given.IsArray && !given.IsRecord && wanted.Modifier < 0) return value;
        return ValueText.Parse(ValueText.Format(value, given, context.Format), wanted, context);
    }
}
