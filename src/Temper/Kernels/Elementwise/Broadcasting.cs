using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>A comparison of two numbers.</summary>
internal interface IComparison
{
    bool Test(float x, float y);
}

/// <summary>Elementwise operators with broadcasting, by PyTorch's rules.</summary>
internal static unsafe class Broadcasting
{
    /// <summary>Computes <c>z = f(x, y)</c>.</summary>
    /// <param name="f">The operator.</param>
    /// <param name="x">Left operand, row-major.</param>
    /// <param name="xShape">Shape of the left operand.</param>
    /// <param name="y">Right operand, row-major.</param>
    /// <param name="yShape">Shape of the right operand.</param>
    /// <param name="z">Receives the result, of the broadcast shape; may be an operand of the same shape.</param>
    internal static void Apply<TOperator>(
        TOperator f, ReadOnlySpan<float> x, ReadOnlySpan<int> xShape, ReadOnlySpan<float> y, ReadOnlySpan<int> yShape,
        Span<float> z)
        where TOperator : unmanaged, IBinaryOperator
    {
        var plan = new BroadcastPlan(xShape, yShape);
        Elementwise.RequireLength(z.Length, plan.Length);
        if (plan.Length == 0)
        {
            return;
        }

        fixed (float* px = x, py = y, pz = z)
        {
            if (plan.Axes == 1)
            {
                Runs(f, px, py, z, plan);
                return;
            }

            int runs = plan.Length / plan.Run;
            var body = new RunsBody<TOperator>(f, px, py, pz, plan, Chunks.Rows(plan.Run), runs);
            Chunks.Run(body, Chunks.Count(runs, Chunks.Rows(plan.Run)));
        }
    }

    /// <summary>Writes 1 where the comparison is true, else 0.</summary>
    internal static void Compare<TComparison>(
        TComparison test, ReadOnlySpan<float> x, ReadOnlySpan<int> xShape, ReadOnlySpan<float> y,
        ReadOnlySpan<int> yShape, Span<byte> z)
        where TComparison : unmanaged, IComparison
    {
        var plan = new BroadcastPlan(xShape, yShape);
        Elementwise.RequireLength(z.Length, plan.Length);
        for (int run = 0, at = 0; at < z.Length; run++)
        {
            (int left, int right) = plan.Offsets(run);
            for (int i = 0; i < plan.Run; i++, at++)
            {
                z[at] = test.Test(x[left + (i * plan.LeftStep)], y[right + (i * plan.RightStep)]) ? (byte)1 : (byte)0;
            }
        }
    }

    /// <summary>Repeats <paramref name="x"/> along its axes of size 1 to the shape of the result.</summary>
    internal static void Expand<T>(ReadOnlySpan<T> x, ReadOnlySpan<int> xShape, Span<T> y, ReadOnlySpan<int> yShape)
        where T : unmanaged
    {
        var plan = new BroadcastPlan(yShape, xShape);
        Elementwise.RequireLength(y.Length, plan.Length);
        for (int run = 0, at = 0; at < y.Length; run++, at += plan.Run)
        {
            int right = plan.Offsets(run).Right;
            if (plan.RightStep == 0)
            {
                y.Slice(at, plan.Run).Fill(x[right]);
            }
            else
            {
                x.Slice(right, plan.Run).CopyTo(y.Slice(at, plan.Run));
            }
        }
    }

    /// <summary>Computes <c>y = mask ? a : b</c> for spans of equal length. A mask value is false if it is 0.</summary>
    internal static void Where(ReadOnlySpan<byte> mask, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y)
    {
        Elementwise.RequireLength(mask.Length, y.Length);
        Elementwise.RequireLength(a.Length, y.Length);
        Elementwise.RequireLength(b.Length, y.Length);
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = mask[i] != 0 ? a[i] : b[i];
        }
    }

    /// <summary>Applies the operator to a single run: operands of equal shape, or a scalar and an array.</summary>
    private static void Runs<TOperator>(TOperator f, float* x, float* y, Span<float> z, in BroadcastPlan plan)
        where TOperator : unmanaged, IBinaryOperator
    {
        switch (plan.LeftStep, plan.RightStep)
        {
            case (0, _): Elementwise.Apply(new LeftNumber<TOperator>(f, *x), new ReadOnlySpan<float>(y, z.Length), z);
            break;
            case (_, 0): Elementwise.Apply(new RightNumber<TOperator>(f, *y), new ReadOnlySpan<float>(x, z.Length), z);
            break;
            default: Elementwise.Apply(
                f, new ReadOnlySpan<float>(x, z.Length), new ReadOnlySpan<float>(y, z.Length), z); break;
        }
    }

    /// <summary>Operator f with a constant left operand.</summary>
    internal readonly struct LeftNumber<TOperator>(TOperator f, float left) : IUnaryOperator
        where TOperator : unmanaged, IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Invoke<T>(T x)
            where T : unmanaged, ILanes<T> => f.Invoke(T.Create(left), x);
    }

    /// <summary>Operator f with a constant right operand.</summary>
    internal readonly struct RightNumber<TOperator>(TOperator f, float right) : IUnaryOperator
        where TOperator : unmanaged, IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Invoke<T>(T x)
            where T : unmanaged, ILanes<T> => f.Invoke(x, T.Create(right));
    }

    private readonly struct RunsBody<TOperator>(
        TOperator f, float* x, float* y, float* z, BroadcastPlan plan, int rows, int runs) : IChunkBody
        where TOperator : unmanaged, IBinaryOperator
    {
        public void Run(int chunk)
        {
            int end = Math.Min(runs, (chunk + 1) * rows);
            for (int run = chunk * rows; run < end; run++)
            {
                (int left, int right) = plan.Offsets(run);
                float* target = z + ((long)run * plan.Run);
                switch (plan.LeftStep, plan.RightStep)
                {
                    case (0, _): Elementwise.Serial(new LeftNumber<TOperator>(f, x[left]), y + right, target, plan.Run);
                    break;
                    case (_, 0): Elementwise.Serial(
                        new RightNumber<TOperator>(f, y[right]), x + left, target, plan.Run); break;
                    default: Elementwise.Serial(f, x + left, y + right, target, plan.Run); break;
                }
            }
        }
    }
}
