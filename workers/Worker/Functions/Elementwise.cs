using System.Runtime.CompilerServices;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>An operation on one value; a type of its own, so that the loop over a chunk holds its code instead of a call.</summary>
internal interface IUnary<TValue, TResult>
{
    static abstract TResult Compute(TValue value);
}

/// <summary>An operation on two values; see <see cref="IUnary{TValue,TResult}"/>.</summary>
internal interface IBinary<TLeft, TRight, TResult>
{
    static abstract TResult Compute(TLeft left, TRight right);
}

/// <summary>
/// Strict scalar functions made of operations on values of fixed width. Their loops are optimised when they are first compiled: a query
/// calls them some thousand times and would else be over before the runtime has counted enough calls.
/// </summary>
internal static class Elementwise
{
    public static ScalarFunction Unary<TOperation, TValue, TResult>(string name, SqlType parameter, SqlType result)
        where TOperation : struct, IUnary<TValue, TResult>
        where TValue : unmanaged
        where TResult : unmanaged => new(name, [parameter], result, Run<TOperation, TValue, TResult>);

    public static ScalarFunction Binary<TOperation, TLeft, TRight, TResult>(string name, SqlType left, SqlType right, SqlType result)
        where TOperation : struct, IBinary<TLeft, TRight, TResult>
        where TLeft : unmanaged
        where TRight : unmanaged
        where TResult : unmanaged => new(name, [left, right], result, Run<TOperation, TLeft, TRight, TResult>);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TOperation, TValue, TResult>(in FunctionChunk chunk)
        where TOperation : struct, IUnary<TValue, TResult>
        where TValue : unmanaged
        where TResult : unmanaged
    {
        var values = chunk.Argument<TValue>(0);
        var results = chunk.Result<TResult>()[..values.Length];
        if (!chunk.HasNulls(0))
        {
            for (var i = 0; i < values.Length; i++) results[i] = TOperation.Compute(values[i]);
            return;
        }

        for (var i = 0; i < values.Length; i++)
        {
            if (chunk.IsNull(0, i)) chunk.SetNull(i);
            else results[i] = TOperation.Compute(values[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TOperation, TLeft, TRight, TResult>(in FunctionChunk chunk)
        where TOperation : struct, IBinary<TLeft, TRight, TResult>
        where TLeft : unmanaged
        where TRight : unmanaged
        where TResult : unmanaged
    {
        var left = chunk.Argument<TLeft>(0);
        var right = chunk.Argument<TRight>(1)[..left.Length];
        var results = chunk.Result<TResult>()[..left.Length];
        if (!chunk.HasNulls(0) && !chunk.HasNulls(1))
        {
            for (var i = 0; i < left.Length; i++) results[i] = TOperation.Compute(left[i], right[i]);
            return;
        }

        for (var i = 0; i < left.Length; i++)
        {
            if (chunk.IsNull(0, i) || chunk.IsNull(1, i)) chunk.SetNull(i);
            else results[i] = TOperation.Compute(left[i], right[i]);
        }
    }
}
