using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Products with a single row or column; bound by the speed of reading the matrix once.</summary>
internal static unsafe class GemmVector
{
    /// <summary>Number of matrix elements per task, which take a few microseconds to read.</summary>
    private const long VectorTaskElements = 64 * 1024;

    /// <summary>
    /// Number of results that a task accumulates together: the matrix rows are read in long runs, and the sums stay in
    /// the L1 cache.
    /// </summary>
    private const int SumsTogether = 1024;

    /// <summary>Number of matrix lines that are read together.</summary>
    private const int LinesTogether = 4;

    /// <summary>Computes a product whose left operand has one row or whose right operand has one column.</summary>
    internal static void Multiply(GemmPlan* plan)
    {
        bool hasOneRow = plan->HasVectorLeft;
        var task = new VectorJob
        {
            Results = hasOneRow ? plan->N : plan->M,
            Depth = plan->K,
            Matrix = hasOneRow ? plan->B : plan->A,
            Stride = hasOneRow ? plan->RightStride : plan->LeftStride,
            Vector = hasOneRow
                ? Together(plan->A, plan->LeftTransposed ? plan->LeftStride : 1, plan->K)
                : Together(plan->B, plan->RightTransposed ? 1 : plan->RightStride, plan->K),
            C = plan->C,
            Bias = plan->Bias,
            BiasStep = hasOneRow ? 1 : 0,
            Relu = plan->Relu,
            Accumulate = plan->Accumulate,
        };
        bool isDot = hasOneRow ? plan->RightTransposed : !plan->LeftTransposed;
        long share = Math.Clamp(VectorTaskElements / task.Depth, 1, task.Results);
        task.ResultsPerTask = isDot ? (int)share : (int)Math.Min(Math.Max(share, 64), SumsTogether);
        WorkerPool.Current.Run(
            isDot ? DotTask() : SumTask(), &task, GemmPlan.CountOf(task.Results, task.ResultsPerTask));
    }

    private static delegate*<void*, int, void> DotTask() => Simd.Active switch
    {
        SimdWidth.Vector512 => &Dots<Lanes512>,
        SimdWidth.Vector256 => &Dots<Lanes256>,
        SimdWidth.Vector128 => &Dots<Lanes128>,
        _ => &Dots<Lane>,
    };

    private static delegate*<void*, int, void> SumTask() => Simd.Active switch
    {
        SimdWidth.Vector512 => &Sums<Lanes512>,
        SimdWidth.Vector256 => &Sums<Lanes256>,
        SimdWidth.Vector128 => &Sums<Lanes128>,
        _ => &Sums<Lane>,
    };

    /// <summary>Returns the vector with contiguous elements.</summary>
    private static float* Together(float* vector, int stride, int count)
    {
        if (stride == 1)
        {
            return vector;
        }

        float* copy = Scratch.Rent(Scratch.Use.Left, count);
        for (int i = 0; i < count; i++)
        {
            copy[i] = vector[(long)i * stride];
        }

        return copy;
    }

    /// <summary>Computes each result as the dot product of a matrix line with the vector.</summary>
    private static void Dots<TLanes>(void* state, int task)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        VectorJob* job = (VectorJob*)state;
        int last = Math.Min((task + 1) * job->ResultsPerTask, job->Results);
        for (int i = task * job->ResultsPerTask; i < last; i++)
        {
            float* line = job->Matrix + ((long)i * job->Stride);
            job->Finish(i, Dot<TLanes>(line, job->Vector, job->Depth) + (job->Accumulate ? job->C[i] : 0));
        }
    }

    /// <summary>
    /// Computes the dot product of two vectors, in an order of additions that depends only on their length, not on
    /// their address.
    /// </summary>
    internal static float Dot(float* x, float* y, int count) => Simd.Active switch
    {
        SimdWidth.Vector512 => Dot<Lanes512>(x, y, count),
        SimdWidth.Vector256 => Dot<Lanes256>(x, y, count),
        SimdWidth.Vector128 => Dot<Lanes128>(x, y, count),
        _ => Dot<Lane>(x, y, count),
    };

    /// <summary>
    /// Four independent sums hide the latency of additions. Optimized on the first call, because kernels are selected
    /// by the time of their first calls.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot<TLanes>(float* x, float* y, int count)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes sum0 = TLanes.Zero, sum1 = TLanes.Zero, sum2 = TLanes.Zero, sum3 = TLanes.Zero;
        int lanes = TLanes.Count;
        int k = 0;
        for (; k + (4 * lanes) <= count; k += 4 * lanes)
        {
            sum0 = TLanes.MultiplyAdd(TLanes.Load(x + k), TLanes.Load(y + k), sum0);
            sum1 = TLanes.MultiplyAdd(TLanes.Load(x + k + lanes), TLanes.Load(y + k + lanes), sum1);
            sum2 = TLanes.MultiplyAdd(TLanes.Load(x + k + (2 * lanes)), TLanes.Load(y + k + (2 * lanes)), sum2);
            sum3 = TLanes.MultiplyAdd(TLanes.Load(x + k + (3 * lanes)), TLanes.Load(y + k + (3 * lanes)), sum3);
        }

        for (; k + lanes <= count; k += lanes)
        {
            sum0 = TLanes.MultiplyAdd(TLanes.Load(x + k), TLanes.Load(y + k), sum0);
        }

        float sum = ((sum0 + sum1) + (sum2 + sum3)).Sum();
        for (; k < count; k++)
        {
            sum = MathF.FusedMultiplyAdd(x[k], y[k], sum);
        }

        return sum;
    }

    /// <summary>Computes the results as a sum of matrix lines, each multiplied by an element of the vector.</summary>
    private static void Sums<TLanes>(void* state, int task)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        VectorJob* job = (VectorJob*)state;
        int first = task * job->ResultsPerTask;
        int count = Math.Min(job->ResultsPerTask, job->Results - first);
        float* c = job->C + first;
        if (!job->Accumulate)
        {
            new Span<float>(c, count).Clear();
        }

        for (int k = 0; k < job->Depth; k += LinesTogether)
        {
            float* lines = job->Matrix + ((long)k * job->Stride) + first;
            int together = Math.Min(LinesTogether, job->Depth - k);
            int i = AddLines<TLanes>(lines, job->Stride, job->Vector + k, together, c, 0, count);
            AddLines<Lane>(lines, job->Stride, job->Vector + k, together, c, i, count);
        }

        for (int i = first; i < first + count; i++)
        {
            job->Finish(i, job->C[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int AddLines<TLanes>(
        float* lines, nint stride, float* vector, int together, float* c, int start, int count)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        int i = start;
        if (together < LinesTogether)
        {
            for (; i + TLanes.Count <= count; i += TLanes.Count)
            {
                TLanes sum = TLanes.Load(c + i);
                for (int line = 0; line < together; line++)
                {
                    sum =
                        TLanes.MultiplyAdd(TLanes.Create(vector[line]), TLanes.Load(lines + (line * stride) + i), sum);
                }

                sum.Store(c + i);
            }

            return i;
        }

        TLanes x0 = TLanes.Create(vector[0]), x1 = TLanes.Create(vector[1]), x2 = TLanes.Create(vector[2]),
            x3 = TLanes.Create(vector[3]);
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            float* line = lines + i;
            TLanes sum = TLanes.MultiplyAdd(x0, TLanes.Load(line), TLanes.Load(c + i));
            sum = TLanes.MultiplyAdd(x1, TLanes.Load(line + stride), sum);
            sum = TLanes.MultiplyAdd(x2, TLanes.Load(line + (2 * stride)), sum);
            TLanes.MultiplyAdd(x3, TLanes.Load(line + (3 * stride)), sum).Store(c + i);
        }

        return i;
    }

    private struct VectorJob
    {
        internal int Results;
        internal int Depth;
        internal float* Matrix;
        internal int Stride;
        internal float* Vector;
        internal float* C;
        internal float* Bias;
        internal int BiasStep;
        internal bool Relu;
        internal bool Accumulate;
        internal int ResultsPerTask;

        internal readonly void Finish(int i, float sum)
        {
            sum += Bias == null ? 0 : Bias[i * BiasStep];
            C[i] = Relu ? Math.Max(sum, 0) : sum;
        }
    }
}
