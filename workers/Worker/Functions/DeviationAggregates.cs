using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>
/// var_* and stddev_* of floats by the Youngs-Cramer updates that PostgreSQL uses (float8_accum in float.c), so that the last digits agree
/// for rows that come in the same order.
/// </summary>
internal static class DeviationAggregates
{
    private static readonly (string Name, int LeastCount, Func<State, double> Result)[] s_results =
    [
        ("pg_var_pop", 1, static s => s.Sxx / s.Count),
        ("pg_var_samp", 2, static s => s.Sxx / (s.Count - 1)),
        ("pg_stddev_pop", 1, static s => Math.Sqrt(s.Sxx / s.Count)),
        ("pg_stddev_samp", 2, static s => Math.Sqrt(s.Sxx / (s.Count - 1))),
    ];

    public static readonly AggregateFunction[] All =
    [
        .. s_results.Select(item => new AggregateFunction(item.Name, [SqlType.Float8], SqlType.Float8,
            () => new State(item.LeastCount, item.Result))),
    ];

    /// <summary>The same of a list without NULLs in the order of its items, as DISTINCT needs it.</summary>
    public static readonly ScalarFunction[] OfLists =
    [
        .. s_results.Select(item => new ScalarFunction(item.Name + "_of", [SqlType.Array(SqlType.Float8)], SqlType.Float8,
            (ref FunctionRow row) =>
            {
                var state = new State(item.LeastCount, item.Result);
                foreach (var value in row.GetItems<double>(0)) state.Add(value);
                state.Finish(ref row);
            })),
    ];

    /// <summary>Count, sum, and sum of squared deviations.</summary>
    private sealed class State(int leastCount, Func<State, double> result) : IAggregateState
    {
        private double _sx;

        public double Count { get; private set; }

        public double Sxx { get; private set; }

        public void Add(ref FunctionRow row) => Add(row.Get<double>(0));

        public void Add(double x)
        {
            var before = Count++;
            var isFinite = !double.IsInfinity(_sx) && !double.IsInfinity(x);
            _sx += x;
            if (before == 0)
            {
                if (!double.IsFinite(x)) Sxx = double.NaN;
                return;
            }

            var delta = (x * Count) - _sx;
            Sxx += delta * delta / (Count * before);
            RefuseOverflow(isFinite);
        }

        /// <summary>Finite values must not add up to infinity; what infinite ones add up to is no number.</summary>
        private void RefuseOverflow(bool isFinite)
        {
            if (!double.IsInfinity(_sx) && !double.IsInfinity(Sxx)) return;
            if (isFinite) throw new SqlException(SqlState.NumericValueOutOfRange, "value out of range: overflow");
            Sxx = double.NaN;
        }

        public void Merge(IAggregateState other)
        {
            var from = (State)other;
            if (from.Count == 0) return;
            if (Count == 0)
            {
                (Count, _sx, Sxx) = (from.Count, from._sx, from.Sxx);
                return;
            }

            var total = Count + from.Count;
            var isFinite = !double.IsInfinity(_sx) && !double.IsInfinity(from._sx);
            var delta = (_sx / Count) - (from._sx / from.Count);
            Sxx += from.Sxx + (Count * from.Count * delta * delta / total);
            (Count, _sx) = (total, _sx + from._sx);
            RefuseOverflow(isFinite);
        }

        public void Finish(ref FunctionRow row)
        {
            if (Count >= leastCount) row.Set(result(this));
            else row.SetNull();
        }
    }
}
