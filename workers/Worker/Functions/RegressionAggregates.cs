using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>
/// corr, covar_* and regr_* of (Y, X) by the Youngs-Cramer updates that PostgreSQL uses (float8_regr_accum in float.c), so that the last
/// digits agree for rows that come in the same order.
/// </summary>
internal static class RegressionAggregates
{
    public static readonly AggregateFunction[] All =
    [
        Of("pg_corr", static s => s.Sxx == 0 || s.Syy == 0 ? null : s.Sxy / Math.Sqrt(s.Sxx * s.Syy)),
        Of("pg_covar_pop", static s => s.Sxy / s.Count),
        Of("pg_covar_samp", static s => s.Count < 2 ? null : s.Sxy / (s.Count - 1)),
        Of("pg_regr_slope", static s => s.Sxx == 0 ? null : s.Sxy / s.Sxx),
        Of("pg_regr_intercept", static s => s.Sxx == 0 ? null : (s.Sy - (s.Sx * s.Sxy / s.Sxx)) / s.Count),
        Of("pg_regr_r2", static s => s.Sxx == 0 ? null : s.Syy == 0 ? 1 : s.Sxy * s.Sxy / (s.Sxx * s.Syy)),
        Of("pg_regr_sxx", static s => s.Sxx),
        Of("pg_regr_syy", static s => s.Syy),
        Of("pg_regr_sxy", static s => s.Sxy),
        Of("pg_regr_avgx", static s => s.Sx / s.Count),
        Of("pg_regr_avgy", static s => s.Sy / s.Count),
    ];

    private static AggregateFunction Of(string name, Func<State, double?> result) =>
        new(name, [SqlType.Float8, SqlType.Float8], SqlType.Float8, () => new State(result));

    /// <summary>Count, sums, and sums of squared and crossed deviations.</summary>
    private sealed class State(Func<State, double?> result) : IAggregateState
    {
        public double Count { get; private set; }

        public double Sx { get; private set; }

        public double Sy { get; private set; }

        public double Sxx { get; private set; }

        public double Syy { get; private set; }

        public double Sxy { get; private set; }

        public void Add(ref FunctionRow row)
        {
            var (y, x) = (row.Get<double>(0), row.Get<double>(1));
            var before = Count++;
            var (isXFinite, isYFinite) = (!double.IsInfinity(Sx) && !double.IsInfinity(x), !double.IsInfinity(Sy) && !double.IsInfinity(y));
            Sx += x;
            Sy += y;
            if (before == 0)
            {
                if (!double.IsFinite(x)) Sxx = Sxy = double.NaN;
                if (!double.IsFinite(y)) Syy = Sxy = double.NaN;
                return;
            }

            var (deltaX, deltaY) = ((x * Count) - Sx, (y * Count) - Sy);
            var scale = 1 / (Count * before);
            Sxx += deltaX * deltaX * scale;
            Syy += deltaY * deltaY * scale;
            Sxy += deltaX * deltaY * scale;
            RefuseOverflow(isXFinite, isYFinite);
        }

        /// <summary>Finite values must not add up to infinity; what infinite ones add up to is no number.</summary>
        private void RefuseOverflow(bool isXFinite, bool isYFinite)
        {
            if ((isXFinite && (double.IsInfinity(Sx) || double.IsInfinity(Sxx)))
                || (isYFinite && (double.IsInfinity(Sy) || double.IsInfinity(Syy))) || (isXFinite && isYFinite && double.IsInfinity(Sxy)))
                throw new SqlException(SqlState.NumericValueOutOfRange, "value out of range: overflow");
            if (double.IsInfinity(Sxx)) Sxx = double.NaN;
            if (double.IsInfinity(Syy)) Syy = double.NaN;
            if (double.IsInfinity(Sxy)) Sxy = double.NaN;
        }

        public void Merge(IAggregateState other)
        {
            var from = (State)other;
            if (from.Count == 0) return;
            if (Count == 0)
            {
                (Count, Sx, Sy, Sxx, Syy, Sxy) = (from.Count, from.Sx, from.Sy, from.Sxx, from.Syy, from.Sxy);
                return;
            }

            var total = Count + from.Count;
            var (isXFinite, isYFinite) = (!double.IsInfinity(Sx) && !double.IsInfinity(from.Sx),
                !double.IsInfinity(Sy) && !double.IsInfinity(from.Sy));
            var (deltaX, deltaY) = ((Sx / Count) - (from.Sx / from.Count), (Sy / Count) - (from.Sy / from.Count));
            var weight = Count * from.Count / total;
            Sxx += from.Sxx + (weight * deltaX * deltaX);
            Syy += from.Syy + (weight * deltaY * deltaY);
            Sxy += from.Sxy + (weight * deltaX * deltaY);
            (Count, Sx, Sy) = (total, Sx + from.Sx, Sy + from.Sy);
            RefuseOverflow(isXFinite, isYFinite);
        }

        public void Finish(ref FunctionRow row)
        {
            if (Count > 0 && result(this) is { } value) row.Set(value);
            else row.SetNull();
        }
    }
}
