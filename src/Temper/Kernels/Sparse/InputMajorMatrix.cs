using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// Weights of a fully connected layer in input-major order, <c>[I, O]</c>, for inputs that are mostly zero at run time:
/// only the weights of nonzero inputs are read. Shared by threads.
/// </summary>
/// <remarks>
/// Every result adds the same products in the same order, starting with the bias, however the outputs are distributed
/// over threads.
/// </remarks>
internal sealed unsafe class InputMajorMatrix
{
    /// <summary>
    /// Number of weight lines that are added together: as many as a core can prefetch as separate streams. The sums are
    /// loaded and stored once for all of them.
    /// </summary>
    private const int LinesAtOnce = 8;

    /// <summary>
    /// Number of outputs per task, for narrow and for wide layers; larger for wide layers, for longer streams.
    /// </summary>
    private const int FewOutputs = 512, ManyOutputs = 2048;

    private const int FloatsOfPage = 1024, FloatsOfLine = 16;

    private readonly int _outputs;
    private readonly int _inputs;
    private readonly int _step;
    private readonly PinnedFloats _weights;

    /// <summary>Transposes the weights.</summary>
    /// <param name="weight"><c>[O, I]</c>.</param>
    /// <param name="outputs">Number of outputs, O.</param>
    /// <param name="inputs">Number of inputs, I.</param>
    internal InputMajorMatrix(ReadOnlySpan<float> weight, int outputs, int inputs)
    {
        (_outputs, _inputs) = (outputs, inputs);
        _step = Chunks.Count(outputs, ImageGroup.MaxImages) * ImageGroup.MaxImages;

        // Lines at a distance of a multiple of a page would all map to the same cache sets.
        _step += _step % FloatsOfPage == 0 ? FloatsOfLine : 0;
        _weights = new PinnedFloats((long)_step * inputs);
        fixed (float* source = weight)
        {
            Transposes.Lines(source, inputs, outputs, inputs, _step, _weights.Pointer);
        }
    }

    /// <summary>Size of the weights, in floats.</summary>
    internal int WeightFloats => _weights.Count;

    /// <summary>
    /// Computes <c>y = x Wᵀ + b</c> for each row. Allocates nothing once each thread has its scratch memory.
    /// </summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="x"><c>[rows, I]</c>.</param>
    /// <param name="y">Receives <c>[rows, O]</c>.</param>
    /// <param name="tail">Bias and ReLU; a residual is not supported.</param>
    /// <param name="winners">Rule that selects the winning inputs of a row; null: all nonzero inputs are used.</param>
    internal void Run(int rows, FloatAddress x, FloatAddress y, in LayerTail tail, WinnerRule? winners = null)
    {
        int width = _outputs >= 2 * ManyOutputs ? ManyOutputs : FewOutputs;
        long line = _inputs + 1;
        var job = new Job
        {
            Weights = _weights.Pointer, Step = _step, Inputs = _inputs, Outputs = _outputs, Width = width,
            Tasks = Chunks.Count(_outputs, width),
            X = x.Pointer, Y = y.Pointer, Bias = tail.Bias is null ? null : tail.Bias.Pointer, Relu = tail.Relu,
            Values = Scratch.Rent(Scratch.Use.Left, rows * line),
            Indices = (int*)Scratch.Rent(Scratch.Use.Maps, rows * line),
            Counts = (int*)Scratch.Rent(Scratch.Use.Pointers, rows), HasWinners = winners is not null,
            Winners = winners.GetValueOrDefault(),
        };
        WorkerPool.Current.Run(&FindTask, &job, rows);
        WorkerPool.Current.Run(&AddTask, &job, rows * job.Tasks);
        GC.KeepAlive(this);
        GC.KeepAlive(tail.Bias);
    }

    private static void FindTask(void* state, int row)
    {
        ref Job job = ref *(Job*)state;
        long line = (long)row * (job.Inputs + 1);
        float* x = job.X + ((long)row * job.Inputs);
        job.Counts[row] = job.HasWinners
            ? WinnerSelection.List(x, job.Inputs, job.Winners, job.Indices + line, job.Values + line)
            : ActiveInputs.Find(x, job.Inputs, job.Indices + line, job.Values + line);
    }

    private static void AddTask(void* state, int number)
    {
        ref Job job = ref *(Job*)state;
        (int row, int part) = Math.DivRem(number, job.Tasks);
        int first = part * job.Width;
        switch (Simd.Active)
        {
            case SimdWidth.Vector512:
                Add<Lanes512>(job, row, first);
                break;
            case SimdWidth.Vector256:
                Add<Lanes256>(job, row, first);
                break;
            case SimdWidth.Vector128:
                Add<Lanes128>(job, row, first);
                break;
            default:
                Add<Lane>(job, row, first);
                break;
        }
    }

    /// <summary>
    /// Computes some outputs of a row. Their sums stay in the L1 cache while the weight lines are added.
    /// </summary>
    private static void Add<T>(in Job job, int row, int first)
        where T : unmanaged, ILanes<T>
    {
        int width = Math.Min(job.Width, job.Outputs - first), padded = Chunks.Count(width, T.Count) * T.Count;
        float* sums = Scratch.Rent(Scratch.Use.Tile, job.Width);
        var bias = new ReadOnlySpan<float>(job.Bias + first, job.Bias == null ? 0 : width);
        var start = new Span<float>(sums, padded);
        start.Clear();
        bias.CopyTo(start);
        long line = (long)row * (job.Inputs + 1);
        int* indices = job.Indices + line;
        float* values = job.Values + line;
        int count = job.Counts[row], k = 0;
        for (; k + LinesAtOnce <= count; k += LinesAtOnce)
        {
            int next = Math.Min(k + LinesAtOnce, count - LinesAtOnce);
            AddEight<T>(job.Weights + first, job.Step, indices + k, indices + next, values + k, sums, padded);
        }

        for (; k < count; k++)
        {
            AddOne<T>(job.Weights + first + ((long)indices[k] * job.Step), values[k], sums, padded);
        }

        Finish<T>(sums, job.Y + ((long)row * job.Outputs) + first, width, job.Relu);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddEight<T>(
        float* weights, nint step, int* indices, int* next, float* values, float* sums, nint width)
        where T : unmanaged, ILanes<T>
    {
        float* w0 = weights + (indices[0] * step), w1 = weights + (indices[1] * step),
            w2 = weights + (indices[2] * step), w3 = weights + (indices[3] * step);
        float* w4 = weights + (indices[4] * step), w5 = weights + (indices[5] * step),
            w6 = weights + (indices[6] * step), w7 = weights + (indices[7] * step);
        T x0 = T.Create(values[0]), x1 = T.Create(values[1]), x2 = T.Create(values[2]), x3 = T.Create(values[3]);
        T x4 = T.Create(values[4]), x5 = T.Create(values[5]), x6 = T.Create(values[6]), x7 = T.Create(values[7]);
        float* n0 = weights + (next[0] * step), n1 = weights + (next[1] * step), n2 = weights + (next[2] * step),
            n3 = weights + (next[3] * step);
        float* n4 = weights + (next[4] * step), n5 = weights + (next[5] * step), n6 = weights + (next[6] * step),
            n7 = weights + (next[7] * step);
        for (nint j = 0; j < width; j += T.Count)
        {
            Prefetch(n0 + j, n1 + j, n2 + j, n3 + j);
            Prefetch(n4 + j, n5 + j, n6 + j, n7 + j);
            T sum = T.MultiplyAdd(x0, T.Load(w0 + j), T.Load(sums + j));
            sum = T.MultiplyAdd(x1, T.Load(w1 + j), sum);
            sum = T.MultiplyAdd(x2, T.Load(w2 + j), sum);
            sum = T.MultiplyAdd(x3, T.Load(w3 + j), sum);
            sum = T.MultiplyAdd(x4, T.Load(w4 + j), sum);
            sum = T.MultiplyAdd(x5, T.Load(w5 + j), sum);
            sum = T.MultiplyAdd(x6, T.Load(w6 + j), sum);
            T.MultiplyAdd(x7, T.Load(w7 + j), sum).Store(sums + j);
        }
    }

    /// <summary>
    /// Prefetches the next lines while the current ones are added. The lines are short, and the hardware cannot predict
    /// the address of the next one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(float* a, float* b, float* c, float* d)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(a);
            Sse.Prefetch0(b);
            Sse.Prefetch0(c);
            Sse.Prefetch0(d);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddOne<T>(float* weights, float value, float* sums, nint width)
        where T : unmanaged, ILanes<T>
    {
        T x = T.Create(value);
        for (nint j = 0; j < width; j += T.Count)
        {
            T.MultiplyAdd(x, T.Load(weights + j), T.Load(sums + j)).Store(sums + j);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Finish<T>(float* sums, float* y, int width, bool relu)
        where T : unmanaged, ILanes<T>
    {
        T floor = relu ? T.Zero : T.Create(float.NegativeInfinity);
        int whole = width - (width % T.Count), rest = width - whole;
        for (int j = 0; j < whole; j += T.Count)
        {
            T.Max(T.Load(sums + j), floor).Store(y + j);
        }

        if (rest > 0)
        {
            T.Max(T.Load(sums + whole), floor).StoreFirst(rest, y + whole);
        }
    }

    private struct Job
    {
        internal float* Weights;
        internal int Step;
        internal int Inputs;
        internal int Outputs;
        internal int Width;

        /// <summary>Number of tasks per row.</summary>
        internal int Tasks;
        internal float* X;
        internal float* Y;
        internal float* Bias;
        internal bool Relu;

        /// <summary>Nonzero elements of each row, at a distance of <see cref="Inputs"/> + 1.</summary>
        internal float* Values;

        /// <summary>Indices of the nonzero elements.</summary>
        internal int* Indices;

        /// <summary>Number of nonzero elements of each row.</summary>
        internal int* Counts;

        internal bool HasWinners;
        internal WinnerRule Winners;
    }
}
