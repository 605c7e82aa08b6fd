using Federation.Sql.Syntax;
using SetOperation = Federation.Sql.Syntax.SetOperation;

namespace Federation.Planner.Binding;

/// <summary>
/// The items of WITH RECURSIVE in an order in which each comes after those it names, and whether it names itself (parse_cte.c).
/// </summary>
internal static class RecursiveQueries
{
    private enum Place
    {
        Allowed,
        NonRecursiveTerm,
        Subquery,
        OuterJoin,
        Intersect,
        Except,
    }

    public static IReadOnlyList<(CommonTableExpression Table, bool IsRecursive)> Order(WithClause with)
    {
        var names = with.Tables.Select(table => table.Name).ToHashSet(StringComparer.Ordinal);
        var pending = with.Tables.Select(table => (Table: table, Names: References(table.Statement, names))).ToList();
        var ordered = new List<(CommonTableExpression, bool)>();
        while (pending.Count > 0)
        {
            var next = pending.FindIndex(item =>
                item.Names.All(name => name == item.Table.Name || pending.TrueForAll(other => other.Table.Name != name)));
            if (next < 0)
            {
                throw new SqlException(SqlState.FeatureNotSupported, "mutual recursion between WITH items is not implemented")
                {
                    Position = pending[0].Table.Span.Position,
                };
            }

            var (table, references) = pending[next];
            pending.RemoveAt(next);
            ordered.Add((table, references.Contains(table.Name)));
        }

        foreach (var (table, isRecursive) in ordered)
            if (isRecursive)
                Check(table);
        return ordered;
    }

    private static HashSet<string> References(SyntaxNode node, HashSet<string> names)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        Visit(node, names);
        return found;

        void Visit(SyntaxNode item, HashSet<string> visible)
        {
            if (item is TableName { Name: { Parts.Count: 1, Name: var name } } && visible.Contains(name)) found.Add(name);
            if (item is Query { With: { } inner })
                visible = visible.Except(inner.Tables.Select(table => table.Name)).ToHashSet(StringComparer.Ordinal);
            foreach (var child in SyntaxTree.Children(item)) Visit(child, visible);
        }
    }

    private static void Check(CommonTableExpression table)
    {
        if (table.Statement is not SelectStatement { Query: var query }) return;
        if (query.Body is not SetOperation { Operator: SetOperator.Union } union)
        {
            throw Invalid($"recursive query \"{table.Name}\" does not have the form non-recursive-term UNION [ALL] recursive-term", table);
        }

        var checker = new Checker(table.Name);
        if (query.With is { } with) checker.Visit(with, Place.Subquery);
        checker.Visit(union.Left, Place.NonRecursiveTerm);
        checker.Visit(union.Right, Place.Allowed);
        if (query.OrderBy.Count > 0) throw NotImplemented("ORDER BY", query.OrderBy[0]);
        if (query.Offset is not null) throw NotImplemented("OFFSET", query.Offset);
        if (query.Limit is not null) throw NotImplemented("LIMIT", query.Limit);
        if (query.Locking.Count > 0) throw NotImplemented("FOR UPDATE/SHARE", query.Locking[0]);
    }

    private static SqlException NotImplemented(string clause, SyntaxNode node) =>
        new(SqlState.FeatureNotSupported, $"{clause} in a recursive query is not implemented") { Position = node.Span.Position };

    private static SqlException Invalid(string message, SyntaxNode node) =>
        new(SqlState.InvalidRecursion, message) { Position = node.Span.Position };

    /// <summary>Looks for references to one query where none may stand.</summary>
    private sealed class Checker(string name)
    {
        private int _count;

        public void Visit(SyntaxNode node, Place place)
        {
            switch (node)
            {
                case TableName { Name.Parts.Count: 1 } table when table.Name.Name == name:
                    if (place != Place.Allowed)
                        throw Invalid($"recursive reference to query \"{name}\" must not appear within {Describe(place)}", table);
                    if (++_count > 1) throw Invalid($"recursive reference to query \"{name}\" must not appear more than once", table);
                    return;
                case Query { With: { } with } when with.Tables.Any(table => table.Name == name):
                    return;
                case ScalarQueryExpression or ExistsExpression or ArrayQueryExpression:
                    place = Place.Subquery;
                    break;
                case InQueryExpression query:
                    Visit(query.Operand, place);
                    Visit(query.Query, Place.Subquery);
                    return;
                case QuantifiedQueryExpression query:
                    Visit(query.Operand, place);
                    Visit(query.Query, Place.Subquery);
                    return;
                case JoinTable join when place == Place.Allowed:
                    Visit(join.Left, join.Kind is JoinKind.Right or JoinKind.Full ? Place.OuterJoin : place);
                    Visit(join.Right, join.Kind is JoinKind.Left or JoinKind.Full ? Place.OuterJoin : place);
                    if (join.On is not null) Visit(join.On, place);
                    return;
                case SetOperation operation when place == Place.Allowed:
                    var inner = operation.Operator switch
                    {
                        SetOperator.Intersect when operation.IsAll => Place.Intersect,
                        SetOperator.Except when operation.IsAll => Place.Except,
                        _ => place,
                    };
                    Visit(operation.Left, inner);
                    Visit(operation.Right, operation.Operator == SetOperator.Except ? Place.Except : inner);
                    return;
            }

            foreach (var child in SyntaxTree.Children(node)) Visit(child, place);
        }

        private static string Describe(Place place) => place switch
        {
            Place.NonRecursiveTerm => "its non-recursive term",
            Place.Subquery => "a subquery",
            Place.OuterJoin => "an outer join",
            Place.Intersect => "INTERSECT",
            _ => "EXCEPT",
        };
    }
}
