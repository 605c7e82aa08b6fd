using System.Diagnostics;
using Federation.Core.Execution;

namespace Federation.Planner;

/// <summary>Generic traversal of plans and expressions. Every case of both trees is named here once.</summary>
public static class PlanRewriter
{
    /// <summary>A plan, what it reads, and the plans of subqueries in its expressions; a plan before its inputs.</summary>
    public static IReadOnlyList<LogicalPlan> Nodes(LogicalPlan plan)
    {
        var nodes = new List<LogicalPlan>();
        Collect(plan);
        return nodes;

        // Sequences of sequences would take each node up through all levels above it.
        void Collect(LogicalPlan node)
        {
            StatementGuard.EnterLevel();
            nodes.Add(node);
            foreach (var input in node.Inputs) Collect(input);
            foreach (var expression in ExpressionsOf(node))
                foreach (var subquery in Subqueries(expression))
                    Collect(subquery.Plan);
        }
    }

    /// <summary>The expressions that a node itself holds.</summary>
    public static IEnumerable<Expr> ExpressionsOf(LogicalPlan plan) => plan switch
    {
        Scan scan => scan.Filters.Concat(scan.Hints),
        Values values => values.Rows.SelectMany(row => row),
        FunctionScan functions => functions.Functions.Select(item => item.Call),
        CteScan or RemoteSource or Distinct or SetOperation or With => [],
        Filter filter => [filter.Predicate],
        Project project => project.Assignments.Select(assignment => assignment.Expression),
        ProjectSet set => set.Calls.Select(call => call.Expression),
        Aggregate aggregate => aggregate.Keys.Concat(aggregate.Aggregates).Select(assignment => assignment.Expression),
        Window window => window.Calls.Select(call => call.Expression),
        Join join => [join.Condition],
        DistinctOn distinct => distinct.Keys.Concat(distinct.OrderBy.Select(key => key.Expression)),
        Sort sort => sort.Keys.Select(key => key.Expression),
        Limit limit => new[] { limit.Count, limit.Offset }.Where(item => item is not null).Select(item => item!),
        _ => throw new UnreachableException(plan.GetType().Name),
    };

    /// <summary>The node with each of its own expressions replaced; inputs are left alone.</summary>
    public static LogicalPlan MapOwnExpressions(LogicalPlan plan, Func<Expr, Expr> map)
    {
        EquatableArray<Assignment> Assign(EquatableArray<Assignment> items) =>
            items.Select(item => item with { Expression = map(item.Expression) }).ToEquatableArray();
        EquatableArray<SortKey> Keys(EquatableArray<SortKey> keys) =>
            keys.Select(key => key with { Expression = map(key.Expression) }).ToEquatableArray();
        return plan switch
        {
            Scan scan when scan.Filters.Count + scan.Hints.Count > 0 =>
                scan with { Filters = scan.Filters.Select(map).ToEquatableArray(), Hints = scan.Hints.Select(map).ToEquatableArray() },
            Scan => plan,
            Values values => values with { Rows = values.Rows.Select(row => row.Select(map).ToEquatableArray()).ToEquatableArray() },
            FunctionScan functions =>
                functions with { Functions = functions.Functions.Select(item => item with { Call = map(item.Call) }).ToEquatableArray() },
            CteScan or RemoteSource or Distinct or SetOperation or With => plan,
            Filter filter => filter with { Predicate = map(filter.Predicate) },
            Project project => project with { Assignments = Assign(project.Assignments) },
            ProjectSet set => set with { Calls = Assign(set.Calls) },
            Aggregate aggregate => aggregate with { Keys = Assign(aggregate.Keys), Aggregates = Assign(aggregate.Aggregates) },
            Window window => window with { Calls = Assign(window.Calls) },
            Join join => join with { Condition = map(join.Condition) },
            DistinctOn distinct => distinct with { Keys = distinct.Keys.Select(map).ToEquatableArray(), OrderBy = Keys(distinct.OrderBy) },
            Sort sort => sort with { Keys = Keys(sort.Keys) },
            Limit limit =>
                limit with
                {
                    Count = limit.Count is null ? null : map(limit.Count),
                    Offset = limit.Offset is null ? null : map(limit.Offset),
                },
            _ => throw new UnreachableException(plan.GetType().Name),
        };
    }

    /// <summary>The node with each column that it makes itself replaced; its expressions and inputs are left alone.</summary>
    public static LogicalPlan MapOwnColumns(LogicalPlan plan, Func<Column, Column> map)
    {
        EquatableArray<Column> All(EquatableArray<Column> columns) => columns.Select(map).ToEquatableArray();
        EquatableArray<Assignment> Assign(EquatableArray<Assignment> items) =>
            items.Select(item => item with { Column = map(item.Column) }).ToEquatableArray();
        return plan switch
        {
            Scan scan =>
                scan with { Outputs = scan.Outputs.Select(output => output with { Column = map(output.Column) }).ToEquatableArray() },
            Values values => values with { Outputs = All(values.Outputs) },
            FunctionScan functions => new FunctionScan(
                functions.Functions.Select(item => item with { Outputs = All(item.Outputs) }).ToEquatableArray(),
                functions.Ordinality is null ? null : map(functions.Ordinality)),
            CteScan scan => scan with { Outputs = All(scan.Outputs), Sources = All(scan.Sources) },
            RemoteSource source => source with { Outputs = All(source.Outputs) },
            Project project => project with { Assignments = Assign(project.Assignments) },
            ProjectSet set => set with { Calls = Assign(set.Calls) },
            Aggregate aggregate => aggregate with { Keys = Assign(aggregate.Keys), Aggregates = Assign(aggregate.Aggregates) },
            Window window => window with { Calls = Assign(window.Calls) },
            SetOperation operation => operation with { Outputs = All(operation.Outputs) },
            Filter or Join or Distinct or DistinctOn or Sort or Limit or With => plan,
            _ => throw new UnreachableException(plan.GetType().Name),
        };
    }

    /// <summary>Rewrites a plan bottom-up: inputs first, then the node.</summary>
    public static LogicalPlan Rewrite(LogicalPlan plan, Func<LogicalPlan, LogicalPlan> rewrite)
    {
        StatementGuard.EnterLevel();
        var present = plan.Inputs;
        if (present.Count == 0) return rewrite(plan);
        var inputs = present.Select(input => Rewrite(input, rewrite)).ToArray();
        return rewrite(plan.WithInputs(new EquatableArray<LogicalPlan>(inputs)));
    }

    /// <summary>
    /// Rewrites an expression bottom-up: operands first, then the expression. Plans of subqueries are rewritten by
    /// <paramref name="rewritePlan"/> when it is given.
    /// </summary>
    public static Expr Rewrite(Expr expression, Func<Expr, Expr> rewrite, Func<LogicalPlan, LogicalPlan>? rewritePlan = null)
    {
        StatementGuard.EnterLevel();
        if (expression.Operands.Count > 0)
        {
            var changed = false;
            var operands = new Expr[expression.Operands.Count];
            var present = expression.Operands;
            for (var i = 0; i < operands.Length; i++)
            {
                operands[i] = Rewrite(present[i], rewrite, rewritePlan);
                changed |= !ReferenceEquals(operands[i], present[i]);
            }

            if (changed) expression = expression.WithOperands(new EquatableArray<Expr>(operands));
        }

        if (rewritePlan is not null && expression is Subquery subquery)
        {
            var plan = rewritePlan(subquery.Plan);
            if (!ReferenceEquals(plan, subquery.Plan)) expression = subquery with { Plan = plan };
        }

        return rewrite(expression);
    }

    /// <summary>Rewrites every expression of a plan, those inside subqueries among them.</summary>
    public static LogicalPlan RewriteExpressions(LogicalPlan plan, Func<Expr, Expr> rewrite) =>
        Rewrite(plan,
            node => MapOwnExpressions(node, expression => Rewrite(expression, rewrite, inner => RewriteExpressions(inner, rewrite))));

    /// <summary>Whether an expression or one of its operands satisfies a test; plans of subqueries are not searched.</summary>
    public static bool Contains(Expr expression, Func<Expr, bool> test)
    {
        StatementGuard.EnterLevel();
        if (test(expression)) return true;
        foreach (var operand in expression.Operands)
            if (Contains(operand, test))
                return true;
        return false;
    }

    public static bool HasSubquery(Expr expression) => Contains(expression, item => item is Subquery);

    /// <summary>The subqueries among an expression and its operands; not those inside of their plans.</summary>
    public static IReadOnlyList<Subquery> Subqueries(Expr expression)
    {
        List<Subquery>? found = null;
        Collect(expression);
        return found ?? (IReadOnlyList<Subquery>)[];

        void Collect(Expr item)
        {
            StatementGuard.EnterLevel();
            if (item is Subquery subquery) (found ??= []).Add(subquery);
            foreach (var operand in item.Operands) Collect(operand);
        }
    }

    /// <summary>Whether the expression may give another value each time; plans of subqueries are not searched.</summary>
    public static bool IsVolatile(Expr expression) => Contains(expression, item => item switch
    {
        Call call => call.Function.Volatility == Volatility.Volatile,
        SetCall call => call.Function.Volatility == Volatility.Volatile,
        _ => false,
    });
}
