namespace Federation.Planner.Distribution;

/// <summary>
/// The conditions between the relations of an inner join, taken up as relations are joined. Equalities of columns are kept as classes of
/// equal columns: any member of one relation may be compared with any of another, whether or not the statement compares these two, and each
/// joins what is not known to be equal yet.
/// </summary>
internal sealed class JoinConditions
{
    private readonly HashSet<int> _columns;
    private readonly List<Expr> _others = [];
    private readonly List<EqualColumns> _classes = [];

    /// <param name="relations">The columns of each relation; what else a condition names belongs to a query around.</param>
    public JoinConditions(IEnumerable<Expr> conditions, IReadOnlyList<IReadOnlySet<int>> relations)
    {
        _columns = [.. relations.SelectMany(columns => columns)];
        foreach (var condition in conditions)
        {
            // Two columns of one relation are not made equal by joining it.
            if (condition is Call { Operator: "=", Arguments: [ColumnRef left, ColumnRef right] } equality && left.Type == right.Type
                && PartitionKeys.CanHash(left.Type)
                && relations.Any(columns => columns.Contains(left.Column.Id) != columns.Contains(right.Column.Id))
                && _columns.Contains(left.Column.Id) && _columns.Contains(right.Column.Id))
                Unite(equality, left, right);
            else
                _others.Add(condition);
        }
    }

    /// <summary>What no join has taken up.</summary>
    public IReadOnlyList<Expr> Rest => _others;

    /// <summary>The conditions that compare two parts and name no third.</summary>
    public IReadOnlyList<Expr> Between(IReadOnlySet<int> left, IReadOnlySet<int> right) =>
        [.. _classes.SelectMany(members => members.Between(left, right)),
            .. _others.Where(condition => IsDecided(condition, left, right) && IsOfBoth(condition, left, right))];

    /// <summary>Takes up all that can be decided when two parts are joined.</summary>
    public IReadOnlyList<Expr> Take(IReadOnlySet<int> left, IReadOnlySet<int> right)
    {
        var taken = _classes.SelectMany(members => members.Between(left, right)).ToList();
        foreach (var members in _classes) members.Join(left, right);
        var others = _others.Where(condition => IsDecided(condition, left, right)).ToList();
        _others.RemoveAll(others.Contains);
        return [.. taken, .. others];
    }

    private bool IsDecided(Expr condition, IReadOnlySet<int> left, IReadOnlySet<int> right) =>
        PlanColumns.Of(condition).Where(_columns.Contains).ToArray() is { Length: > 0 } named
            && named.All(id => left.Contains(id) || right.Contains(id));

    private static bool IsOfBoth(Expr condition, IReadOnlySet<int> left, IReadOnlySet<int> right) =>
        PlanColumns.Of(condition) is var named && named.Overlaps(left) && named.Overlaps(right);

    private void Unite(Call equality, ColumnRef left, ColumnRef right)
    {
        var members = _classes.Find(members => members.Has(left));
        var others = _classes.Find(members => members.Has(right));
        if (members is null) _classes.Add(members = new EqualColumns(equality, left));
        if (others is null)
        {
            members.Add(right);
        }
        else if (!ReferenceEquals(members, others))
        {
            members.Add(others);
            _classes.Remove(others);
        }
    }

    /// <summary>Columns that the conditions make equal, in groups of those that joins have made equal so far.</summary>
    private sealed class EqualColumns(Call equality, ColumnRef first)
    {
        private readonly List<List<ColumnRef>> _groups = [[first]];

        public bool Has(ColumnRef column) => _groups.Exists(group => group.Contains(column));

        public void Add(ColumnRef column) => _groups.Add([column]);

        public void Add(EqualColumns others) => _groups.AddRange(others._groups);

        /// <summary>As many equalities as it takes to make all groups of two parts one.</summary>
        public IEnumerable<Expr> Between(IReadOnlySet<int> left, IReadOnlySet<int> right)
        {
            var (ofLeft, ofRight) = (In(left), In(right));
            if (ofLeft.Count == 0 || ofRight.Count == 0) return [];
            return ofRight.Select(column => Equal(ofLeft[0], column)).Concat(ofLeft.Skip(1).Select(column => Equal(column, ofRight[0])));
        }

        public void Join(IReadOnlySet<int> left, IReadOnlySet<int> right)
        {
            if (In(left).Count == 0 || In(right).Count == 0) return;
            var joined = _groups.Where(group => group.Exists(column => left.Contains(column.Column.Id) || right.Contains(column.Column.Id)))
                .ToArray();
            _groups.RemoveAll(joined.Contains);
            _groups.Add([.. joined.SelectMany(group => group)]);
        }

        /// <summary>One column of each group of a part.</summary>
        private List<ColumnRef> In(IReadOnlySet<int> part) =>
            [.. _groups.Select(group => group.Find(column => part.Contains(column.Column.Id))).OfType<ColumnRef>()];

        private Expr Equal(ColumnRef left, ColumnRef right) => equality.WithOperands([left, right]);
    }
}
