using Federation.Planner.Functions;
using Federation.Planner.Writing;

namespace Federation.Planner.Tests;

/// <summary>The tables that drive resolution and writing hang together.</summary>
public sealed class FunctionTableTests
{
    [Fact]
    public void Every_line_of_the_kernel_table_names_functions_of_PostgreSQL()
    {
        var signatures = FunctionCatalog.Instance.AllFunctions.Concat(FunctionCatalog.Instance.SchemaFunctions)
            .SelectMany(function => new[] { function.Signature, function.Name }).ToHashSet();
        var stray = KernelFunctions.Keys.Where(key => !signatures.Contains(key)).ToArray();
        Assert.Empty(stray);
    }

    [Fact]
    public void Every_line_of_the_SQL_table_names_one_function_that_the_kernel_table_has_not()
    {
        var signatures = FunctionCatalog.Instance.AllFunctions.Concat(FunctionCatalog.Instance.SchemaFunctions)
            .Select(function => function.Signature).ToHashSet();
        Assert.NotEmpty(SqlFunctions.Keys);
        Assert.All(SqlFunctions.Keys, key => Assert.True(signatures.Contains(key) && !KernelFunctions.Keys.Contains(key), key));
    }

    [Fact]
    public void Holes_of_templates_stay_within_the_arguments()
    {
        var wrong = FunctionCatalog.Instance.AllFunctions
            .Where(function => function.VariadicType == default && function.AggregateKind == 'n')
            .Select(function => (function.Signature, Template: KernelFunctions.Find(function), Count: function.ArgumentTypes.Count))
            .Where(item => item.Template is not null
                && Enumerable.Range(item.Count, 9)
                    .Any(hole => item.Template.Contains($"{{{hole}}}") || item.Template.Contains($"{{{hole}#}}")))
            .Select(item => item.Signature)
            .ToArray();
        Assert.Empty(wrong);
    }

    [Fact]
    public void The_catalog_holds_PostgreSQLs_rows()
    {
        Assert.Equal(3233, FunctionCatalog.Instance.AllFunctions.Count());
        Assert.Equal("int4pl",
            FunctionCatalog.Instance.Operator("+", Core.Types.PgTypes.Int4.Oid, Core.Types.PgTypes.Int4.Oid)?.Function.Name);
        Assert.Null(FunctionCatalog.Instance.Operator("+", Core.Types.PgTypes.Text.Oid, Core.Types.PgTypes.Text.Oid));
    }
}
