using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Tests.Kernel;

public sealed class KernelErrorTests : KernelFixture
{
    protected override KernelOptions Options => base.Options with
    {
        ScalarFunctions =
        [
            new ScalarFunction("raise", [SqlType.Text], SqlType.Text, static (ref FunctionRow row) =>
                throw new SqlException(SqlState.DivisionByZero, row.GetText(0)) { Detail = "The detail.", Hint = "The hint." }),
            new ScalarFunction("crash", [SqlType.Text], SqlType.Text,
                static (ref FunctionRow _) => throw new InvalidOperationException("oops")),
        ],
    };

    // {0} is a column, so that nothing is folded while the statement is planned.
    [Theory]
    [InlineData("error('22012|division by zero')", "22012", "division by zero")]
    [InlineData("2147483647 + i::INTEGER", "22003", "integer out of range")]
    [InlineData("9223372036854775807 + i", "22003", "bigint out of range")]
    [InlineData("32767::SMALLINT + i::SMALLINT", "22003", "smallint out of range")]
    [InlineData("(i + 3000000000)::INTEGER", "22003", "integer out of range")]
    [InlineData("(i + 70000)::SMALLINT", "22003", "smallint out of range")]
    [InlineData("(i * 1e30)::BIGINT", "22003", "bigint out of range")]
    [InlineData("(i * 1e30)::INTEGER", "22003", "integer out of range")]
    [InlineData("(i * 1e300)::FLOAT", "22003", "value out of range: overflow")]
    [InlineData("(i * 100000)::DECIMAL(20,2)::SMALLINT", "22003", "smallint out of range")]
    [InlineData("-(-9223372036854775808 + i - 1)", "22003", "bigint out of range")]
    [InlineData("date_trunc('foo' || i, DATE '2024-01-01')", "22023", "unit \"foo1\" not recognized")]
    [InlineData("timezone('Nowhere/' || i, TIMESTAMP '2024-01-01')", "22023", "time zone \"Nowhere/1\" not recognized")]
    [InlineData("make_date(2024, 13, i::INTEGER)", "22008", "date field value out of range: 2024-13-01")]
    [InlineData("(i + 999)::DECIMAL(4,2)", "22003", "numeric field overflow")]
    [InlineData("('12345' || i)::DECIMAL(4,2)", "22003", "numeric field overflow")]
    [InlineData("(i * 99999999999999999999999999999999999999::DECIMAL(38,0)) + 1::DECIMAL(38,0)", "22003", "numeric field overflow")]
    [InlineData("('a' || i)::INTEGER", "22P02", "invalid input syntax for type integer: \"a1\"")]
    [InlineData("('a' || chr(14) || '\"' || chr(10) || i)::BIGINT", "22P02", "invalid input syntax for type bigint: \"a\u000e\"\n1\"")]
    [InlineData("('a' || i)::BIGINT", "22P02", "invalid input syntax for type bigint: \"a1\"")]
    [InlineData("('a' || i)::DOUBLE", "22P02", "invalid input syntax for type double precision: \"a1\"")]
    [InlineData("('a' || i)::BOOLEAN", "22P02", "invalid input syntax for type boolean: \"a1\"")]
    [InlineData("('a' || i)::DECIMAL(10,2)", "22P02", "invalid input syntax for type numeric: \"a1\"")]
    [InlineData("('a' || i)::UUID", "22P02", "invalid input syntax for type uuid: \"a1\"")]
    [InlineData("('a' || i)::DATE", "22007", "invalid input syntax for type date: \"a1\"")]
    [InlineData("('a' || i)::TIMESTAMP", "22007", "invalid input syntax for type timestamp: \"a1\"")]
    [InlineData("('a' || i)::TIMESTAMPTZ", "22007", "invalid input syntax for type timestamp: \"a1\"")]
    [InlineData("('a' || i)::TIME", "22007", "invalid input syntax for type time: \"a1\"")]
    [InlineData("('2024-13-0' || i)::DATE", "22008", "date/time field value out of range: \"2024-13-01\"")]
    [InlineData("('2024-13-0' || i)::TIMESTAMP", "22008", "date/time field value out of range: \"2024-13-01\"")]
    [InlineData("('a' || i)::INTERVAL", "22007", "invalid input syntax for type interval: \"a1\"")]
    [InlineData("TIMESTAMP '2024-01-01' + to_years((i * 300000)::INTEGER)", "22008", "timestamp out of range")]
    [InlineData("sqrt(-i)", "2201F", "cannot take square root of a negative number")]
    [InlineData("ln(i - 1)", "2201E", "cannot take logarithm of zero")]
    [InlineData("ln(-i)", "2201E", "cannot take logarithm of a negative number")]
    [InlineData("(SELECT j FROM range(2) s(j) WHERE j < 1 + t.i)", "21000",
        "more than one row returned by a subquery used as an expression")]
    [InlineData("regexp_matches('a', '(' || i)", "2201B", "invalid regular expression: missing )")]
    [InlineData("chr((i * -5)::INTEGER)", "22023", null)]
    [InlineData("repeat('x', i * 99999999999)", "54000", null)]
    public void Kernel_errors_become_those_of_postgres(string expression, string state, string? message)
    {
        var error = Assert.Throws<SqlException>(() => Rows($"SELECT {expression} AS x FROM range(1, 2) t(i)"));
        Assert.True(state == error.State.Code, $"{error.State}: {error.Message} / {error.Detail}");
        if (message is not null) Assert.Equal(message, error.Message);
    }

    [Fact]
    public void Functions_raise_whole_errors()
    {
        var error = Assert.Throws<SqlException>(() => Rows("SELECT raise('it''s \"bad\"\nvery' || i) FROM range(1, 2) t(i)"));
        Assert.Equal("22012", error.State.Code);
        Assert.Equal("it's \"bad\"\nvery1", error.Message);
        Assert.Equal("The detail.", error.Detail);
        Assert.Equal("The hint.", error.Hint);
    }

    [Fact]
    public void Defects_of_functions_are_internal_errors()
    {
        var error = Assert.Throws<SqlException>(() => Rows("SELECT crash('a' || i) FROM range(1, 2) t(i)"));
        Assert.Equal(SqlState.InternalError, error.State);
    }

    [Fact]
    public void Memory_and_spill_limits_have_their_own_codes()
    {
        using var small = KernelInstance.Open(Options with
        {
            MemoryLimitBytes = 50 << 20, SpillLimitBytes = 1 << 20, SpillDirectory = Path.Combine(Directory, "small"),
        });
        using var connection = small.Connect();
        var memory =
            Assert.Throws<SqlException>(() => connection.Execute("SELECT length(string_agg(repeat('x', 1000), '')) FROM range(1000000)"));
        Assert.Equal(SqlState.OutOfMemory, memory.State);
        var disk = Assert.Throws<SqlException>(() =>
            connection.Execute("CREATE TEMP TABLE t AS SELECT hash(i) AS a, hash(i + 1) AS b, hash(i + 2) AS c FROM range(10000000) t(i)"));
        Assert.Equal(SqlState.DiskFull, disk.State);
    }

    [Fact]
    public void Missing_files_are_named()
    {
        var path = Path.Combine(Directory, "data", "absent.parquet");
        var error = Assert.Throws<SqlException>(() => Rows($"SELECT * FROM read_parquet('{path}')"));
        Assert.Equal(SqlState.IoError, error.State);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_are_not_parquet_are_named()
    {
        var path = Path.Combine(Directory, "data", "broken.parquet");
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "this is not a Parquet file");
        var error = Assert.Throws<SqlException>(() => Rows($"SELECT * FROM read_parquet('{path}')"));
        Assert.Equal(SqlState.IoError, error.State);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cut.csv", "a,b\n1,2\n\"x\n",
        "SELECT * FROM read_csv('{0}', header = true, auto_detect = false, columns = {{'a': 'BIGINT', 'b': 'BIGINT'}})",
        "line 3: Value with unterminated quote found")]
    [InlineData("odd.csv", "a,b\n1,2\n\"x\n",
        "SELECT * FROM read_csv('{0}', header = true, columns = {{'a': 'BIGINT', 'b': 'BIGINT'}})", "")]
    [InlineData("cut.json", "{\"a\":1}\n{\"a\":\n",
        "SELECT * FROM read_json('{0}', format = 'newline_delimited', columns = {{'a': 'BIGINT'}})", "Malformed JSON")]
    public void Malformed_text_files_are_named(string name, string content, string sql, string reason)
    {
        var path = Path.Combine(Directory, "data", name);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        var error = Assert.Throws<SqlException>(() => Rows(string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, path)));
        Assert.StartsWith($"file \"{path}\" is malformed: {reason}", error.Message, StringComparison.Ordinal);
        Assert.Equal(SqlState.BadCopyFileFormat, error.State);
    }
}
