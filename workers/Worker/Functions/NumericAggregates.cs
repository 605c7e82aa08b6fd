using System.Numerics;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Aggregates over numeric in its text form, exact as in PostgreSQL.</summary>
internal static class NumericAggregates
{
    public static readonly AggregateFunction[] All =
    [
        new("pg_numeric_sum", [SqlType.Text], SqlType.Text, () => new State(static state => state.Sum(), withSquares: false)),
        new("pg_numeric_avg", [SqlType.Text], SqlType.Text, () => new State(static state => state.Average(), withSquares: false)),
        new("pg_numeric_var_pop", [SqlType.Text], SqlType.Text, () => new State(static state => state.Variance(isSample: false))),
        new("pg_numeric_var_samp", [SqlType.Text], SqlType.Text, () => new State(static state => state.Variance(isSample: true))),
        new("pg_numeric_stddev_pop", [SqlType.Text], SqlType.Text, () => new State(static state => state.Deviation(isSample: false))),
        new("pg_numeric_stddev_samp", [SqlType.Text], SqlType.Text, () => new State(static state => state.Deviation(isSample: true))),
        new("pg_numeric_min", [SqlType.Text], SqlType.Text, () => new Extreme(-1)),
        new("pg_numeric_max", [SqlType.Text], SqlType.Text, () => new Extreme(1)),
    ];

    /// <summary>Count, sum and sum of squares. The scale of the sum is the largest that was seen.</summary>
    private sealed class State(Func<State, PgNumeric?> result, bool withSquares = true) : IAggregateState
    {
        private long _count;
        private PgNumeric _sum;
        private PgNumeric _squares;
        private bool _hasSpecial;

        public void Add(ref FunctionRow row)
        {
            var value = NumericFunctions.Get(ref row, 0);
            _count++;
            _sum += value;
            _hasSpecial |= !value.IsFinite;
            if (withSquares && value.IsFinite) _squares += value * value;
        }

        public void Merge(IAggregateState other)
        {
            var from = (State)other;
            _count += from._count;
            _sum += from._sum;
            _squares += from._squares;
            _hasSpecial |= from._hasSpecial;
        }

        public void Finish(ref FunctionRow row)
        {
            if (result(this) is { } value) NumericFunctions.Set(ref row, value);
            else row.SetNull();
        }

        public PgNumeric? Sum() => _count == 0 ? null : _sum;

        public PgNumeric? Average() => _count == 0 ? null : _sum / new PgNumeric(_count, 0);

        public PgNumeric? Variance(bool isSample) => Spread(isSample, out _);

        public PgNumeric? Deviation(bool isSample) => Spread(isSample, out var scale) is not { } variance ? null
            : !variance.IsFinite || variance.Sign == 0 ? variance
            : variance.SqrtAt(scale);

        private PgNumeric? Spread(bool isSample, out int scale)
        {
            scale = 0;
            if (_count == 0 || (isSample && _count == 1)) return null;
            if (_hasSpecial) return PgNumeric.NaN;
            var count = new PgNumeric(_count, 0);
            var numerator = (count * _squares) - (_sum * _sum);
            if (numerator.Sign <= 0) return new PgNumeric(BigInteger.Zero, 0);
            var denominator = count * (isSample ? new PgNumeric(_count - 1, 0) : count);
            scale = PgNumeric.DivisionScale(numerator, denominator);
            return PgNumeric.DivideAt(numerator, denominator, scale);
        }
    }

    private sealed class Extreme(int direction) : IAggregateState
    {
        private PgNumeric? _best;

        public void Add(ref FunctionRow row) => Take(NumericFunctions.Get(ref row, 0));

        public void Merge(IAggregateState other)
        {
            if (((Extreme)other)._best is { } value) Take(value);
        }

        public void Finish(ref FunctionRow row)
        {
            if (_best is { } value) NumericFunctions.Set(ref row, value);
            else row.SetNull();
        }

        private void Take(PgNumeric value)
        {
            if (_best is not { } best || value.CompareTo(best) * direction > 0) _best = value;
        }
    }
}
