using Federation.Core.Errors;
using Federation.DuckDb;

namespace Federation.Worker.Tests.Kernel;

public sealed class ConfinementTests : KernelFixture
{
    public ConfinementTests()
    {
        System.IO.Directory.CreateDirectory(Path.Combine(Directory, "data", "inner"));
        System.IO.Directory.CreateDirectory(Path.Combine(Directory, "database"));
        File.WriteAllText(Path.Combine(Directory, "data", "inner", "in.csv"), "a\n1\n");
        File.WriteAllText(Path.Combine(Directory, "out.csv"), "a\n2\n");
        File.WriteAllText(Path.Combine(Directory, "database", "out.csv"), "a\n3\n");
        File.CreateSymbolicLink(Path.Combine(Directory, "data", "link.csv"), Path.Combine(Directory, "out.csv"));
        System.IO.Directory.CreateSymbolicLink(Path.Combine(Directory, "data", "up"), Directory);
    }

    [Fact]
    public void Files_inside_are_read() => Assert.Equal("1", Value($"SELECT a FROM read_csv('{Directory}/data/inner/in.csv')"));

    [Theory]
    [InlineData("SELECT * FROM read_csv('{0}/out.csv')")]
    [InlineData("SELECT * FROM read_csv('{0}/data/../out.csv')")]
    [InlineData("SELECT * FROM read_csv('{0}/data/link.csv')")]
    [InlineData("SELECT * FROM read_csv('{0}/data/up/out.csv')")]
    [InlineData("SELECT * FROM read_csv('{0}/database/out.csv')")]
    [InlineData("SELECT * FROM read_csv('{0}/*.csv')")]
    [InlineData("SELECT * FROM read_text('/etc/passwd')")]
    [InlineData("ATTACH '{0}/x.db'")]
    [InlineData("COPY (SELECT 1) TO '{0}/x.csv'")]
    [InlineData("INSTALL httpfs")]
    [InlineData("LOAD '{0}/x.duckdb_extension'")]
    [InlineData("SET GLOBAL enable_external_access = true")]
    [InlineData("SET GLOBAL memory_limit = '10GB'")]
    [InlineData("SET GLOBAL allowed_directories = ['/']")]
    public void Everything_outside_is_refused(string sql)
    {
        using var connection = Kernel.Connect();
        Assert.Throws<SqlException>(() => connection.Execute(sql.Replace("{0}", Directory, StringComparison.Ordinal)));
        Assert.False(File.Exists(Path.Combine(Directory, "x.csv")));
        Assert.False(File.Exists(Path.Combine(Directory, "x.db")));
    }

    [Fact]
    public void Sessions_may_set_what_tasks_need()
    {
        using var connection = Kernel.Connect();
        connection.Execute("SET SESSION TimeZone = 'Europe/Berlin'");
    }
}
