using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Max and average pooling of planes.</summary>
internal static unsafe class PlanePooling
{
    /// <summary>Pools a batch.</summary>
    /// <param name="batch">Number of images.</param>
    /// <param name="windows">Windows along both axes.</param>
    /// <param name="isMaximum">True: max pooling; false: average pooling.</param>
    /// <param name="source">Shape of the input planes.</param>
    /// <param name="target">Shape of the output planes.</param>
    /// <param name="x">Input planes.</param>
    /// <param name="y">Receives the output planes, with their borders written.</param>
    internal static void Run(
        int batch, in PoolingSizes windows, bool isMaximum, in PlaneShape source, in PlaneShape target, FloatAddress x,
        FloatAddress y)
    {
        (PoolingAxis height, PoolingAxis width) = (windows.Height, windows.Width);
        fixed (int* hs = height.Starts, he = height.Ends, hn = height.Sizes,
            ws = width.Starts, we = width.Ends, wn = width.Sizes)
        {
            for (int i = 0; i < ImageGroup.CountOf(batch); i++)
            {
                var from = new PlaneGroup(source, ImageGroup.At(i, batch));
                var to = new PlaneGroup(target, from.Images);
                var job = new Job
                {
                    RowStarts = hs, RowEnds = he, RowSizes = hn, RowStep = height.Step, Starts = ws, Ends = we,
                    Sizes = wn, Step = width.Step,
                    Source = from.Piece, Target = to.Piece, X = x.Pointer, Y = y.Pointer, Halo = PlaneHalo.Of(to),
                    Interleave = from.Lanes, IsMaximum = isMaximum, AreDisjointPairs = ArePairs(height)
                        && ArePairs(width),
                };
                WorkerPool.Current.Run(&Plane, &job, source.Channels);
                x += from.Floats;
                y += to.Floats;
            }
        }
    }

    /// <summary>
    /// Whether images may be cut into pieces: for every number of images per group, each window must be within one
    /// piece, and all pieces must have the same windows.
    /// </summary>
    internal static bool FitsPieces(in PoolingSizes windows, in PlaneShape source, in PlaneShape target)
    {
        bool fits = source.IsCut && target.IsCut;
        for (int images = 1; images < ImageGroup.MaxImages; images *= 2)
        {
            PlaneShape from = source.Piece(PieceGrid.For(images)), to = target.Piece(PieceGrid.For(images));
            fits &= Repeats(windows.Height, from.Height, to.Height) && Repeats(windows.Width, from.Width, to.Width);
        }

        return fits;
    }

    private static bool Repeats(PoolingAxis axis, int from, int to)
    {
        bool repeats = true;
        for (int i = 0; i < axis.Outputs; i++)
        {
            (int piece, int at) = Math.DivRem(i, to);
            repeats &= axis.Starts[i] - (piece * from) == axis.Starts[at]
                && axis.Ends[i] - (piece * from) == axis.Ends[at]
                && axis.Sizes[i] == axis.Sizes[at]
                && axis.Starts[at] >= 0 && axis.Ends[at] <= from;
        }

        return repeats;
    }

    private static bool ArePairs(PoolingAxis axis)
    {
        bool arePairs = axis.Step == 1;
        for (int i = 0; i < axis.Outputs; i++)
        {
            arePairs &= axis.Starts[i] == 2 * i && axis.Ends[i] == (2 * i) + 2 && axis.Sizes[i] == 2;
        }

        return arePairs;
    }

    private static void Plane(void* state, int channel)
    {
        ref Job job = ref *(Job*)state;
        switch (job.Interleave)
        {
            case 16 when Simd.Active == SimdWidth.Vector512:
                Plane<Lanes512>(job, channel);
                break;
            case 8 when Simd.Active >= SimdWidth.Vector256:
                Plane<Lanes256>(job, channel);
                break;
            case 4 when Simd.Active >= SimdWidth.Vector128:
                Plane<Lanes128>(job, channel);
                break;
            default:
                Plane<Lane>(job, channel);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Plane<TLanes>(in Job job, int channel)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        float* x = job.X + ((((long)channel * job.Source.Plane) + job.Source.Origin) * job.Interleave);
        float* plane = job.Y + ((long)channel * job.Target.Plane * job.Interleave);
        float* y = plane + ((long)job.Target.Origin * job.Interleave);
        for (int row = 0; row < job.Target.Height; row++, y += (long)job.Target.Pitch * job.Interleave)
        {
            if (job.AreDisjointPairs && job.IsMaximum && job.Interleave == 1 && Avx512F.IsSupported)
            {
                Pairs(x + ((long)2 * row * job.Source.Pitch), job.Source.Pitch, y, job.Target.Width);
                continue;
            }

            if (job.AreDisjointPairs)
            {
                PairsOf<TLanes>(job, x + ((long)2 * row * job.Source.Pitch * job.Interleave), y);
                continue;
            }

            for (int column = 0; column < job.Target.Width; column++)
            {
                for (int i = 0; i < job.Interleave; i += TLanes.Count)
                {
                    Window<TLanes>(job, row, column, x + i).Store(y + (column * job.Interleave) + i);
                }
            }
        }

        PlaneBorders.Write(plane, job.Target, job.Interleave, job.Halo);
    }

    /// <summary>Pools 2x2 windows, one vector of images at a time.</summary>
    private static void PairsOf<TLanes>(in Job job, float* x, float* y)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        nint lanes = job.Interleave, pitch = (nint)job.Source.Pitch * lanes, end = job.Target.Width * lanes;
        bool isMaximum = job.IsMaximum;
        TLanes quarter = TLanes.Create(0.25f);
        for (nint at = 0; at < end; at += lanes, x += 2 * lanes)
        {
            for (nint i = 0; i < lanes; i += TLanes.Count)
            {
                TLanes a = TLanes.Load(x + i), b = TLanes.Load(x + lanes + i), c = TLanes.Load(x + pitch + i),
                    d = TLanes.Load(x + pitch + lanes + i);
                (isMaximum ? TLanes.Max(TLanes.Max(a, b), TLanes.Max(c, d)) : (a + b + c + d) * quarter)
                    .Store(y + at + i);
            }
        }
    }

    /// <summary>Max-pools 2x2 windows of a single image, sixteen results at a time.</summary>
    private static void Pairs(float* x, int pitch, float* y, int count)
    {
        Vector512<int> even = Vector512<int>.Indices * 2, odd = even + Vector512<int>.One;
        for (int i = 0; i < count; i += 16, x += 32)
        {
            Vector512<float> left = Vector512.Max(Vector512.Load(x), Vector512.Load(x + pitch));
            Vector512<float> right = Vector512.Max(Vector512.Load(x + 16), Vector512.Load(x + pitch + 16));
            Vector512<float> result = Vector512.Max(
                Avx512F.PermuteVar16x32x2(left, even, right), Avx512F.PermuteVar16x32x2(left, odd, right));
            if (i + 16 <= count)
            {
                result.Store(y + i);
            }
            else
            {
                int rest = count - i;
                Avx512F.MaskStore(
                    y + i, Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(rest)).AsSingle(), result);
            }
        }
    }

    private static TLanes Window<TLanes>(in Job job, int row, int column, float* x)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes result = TLanes.Create(job.IsMaximum ? float.NegativeInfinity : 0);
        for (int h = job.RowStarts[row]; h < job.RowEnds[row]; h += job.RowStep)
        {
            float* line = x + ((long)h * job.Source.Pitch * job.Interleave);
            for (int w = job.Starts[column]; w < job.Ends[column]; w += job.Step)
            {
                TLanes value = TLanes.Load(line + ((long)w * job.Interleave));
                result = job.IsMaximum ? TLanes.Max(result, value) : result + value;
            }
        }

        return job.IsMaximum ? result : result / TLanes.Create((float)job.RowSizes[row] * job.Sizes[column]);
    }

    private struct Job
    {
        internal int* RowStarts;
        internal int* RowEnds;
        internal int* RowSizes;
        internal int RowStep;
        internal int* Starts;
        internal int* Ends;
        internal int* Sizes;
        internal int Step;
        internal PlaneShape Source;
        internal PlaneShape Target;
        internal float* X;
        internal float* Y;
        internal int Interleave;
        internal PlaneHalo Halo;
        internal bool IsMaximum;

        /// <summary>Whether all windows are disjoint, 2x2, and entirely inside the image.</summary>
        internal bool AreDisjointPairs;
    }
}
