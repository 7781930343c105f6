using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Depthwise convolution: each output channel depends on one input channel. Vectors hold channels.</summary>
internal static unsafe class DepthwiseConvolution
{
    /// <summary>Number of channels processed by one task of the weight gradient.</summary>
    private const int ChannelsPerTask = 64;

    /// <summary>Computes the forward pass or the input gradient, depending on the maps of the job.</summary>
    internal static void Run(ref IndirectJob job)
    {
        job.Packed = job.Prepacked;
        if (job.Packed == null)
        {
            job.Packed = Scratch.Rent(Scratch.Use.Weights, (long)job.ResultChannels * job.Positions);
            Pack(job, job.Packed);
        }

        fixed (IndirectJob* pointer = &job)
        {
            WorkerPool.Current.Run(&RowTask, pointer, job.Batch * job.ResultHeight);
        }
    }

    /// <summary>Packs weights as <c>[kernel position][channel]</c>.</summary>
    internal static void Pack(in IndirectJob job, float* target) =>
        GemmPacking.PackPanels(
            job.Weight, job.Positions, linesTogether: false, job.ResultChannels, job.Positions, job.ResultChannels,
            target);

    /// <summary>Computes the gradient of the weights.</summary>
    internal static void Weights(in ConvolutionGeometry geometry, float* x, float* dy, float* dw)
    {
        var job = new GradientJob { Geometry = geometry, X = x, Dy = dy, Dw = dw };
        WorkerPool.Current.Run(
            &WeightsTask, &job, geometry.Positions * Chunks.Count(geometry.InChannels, ChannelsPerTask));
    }

    private static void RowTask(void* state, int task)
    {
        ref IndirectJob job = ref *(IndirectJob*)state;
        int image = task / job.ResultHeight;
        int row = task % job.ResultHeight;
        for (int column = 0; column < job.ResultWidth; column++)
        {
            int c = 0;
            if (Simd.Active == SimdWidth.Vector512)
            {
                c = Pixel<Lanes512>(job, image, row, column, c);
            }

            if (Simd.Active >= SimdWidth.Vector256)
            {
                c = Pixel<Lanes256>(job, image, row, column, c);
            }

            if (Simd.Active >= SimdWidth.Vector128)
            {
                c = Pixel<Lanes128>(job, image, row, column, c);
            }

            Pixel<Lane>(job, image, row, column, c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Pixel<TLanes>(in IndirectJob job, int image, int row, int column, int c)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        int channels = job.ResultChannels;
        float* source = job.Source + (image * job.SourceImage);
        long at = (image * job.ResultImage) + ((((long)row * job.ResultWidth) + column) * channels);
        for (; c + TLanes.Count <= channels; c += TLanes.Count)
        {
            TLanes sum = job.Bias == null ? TLanes.Zero : TLanes.Load(job.Bias + c);
            for (int kh = 0; kh < job.KernelHeight; kh++)
            {
                int h = job.RowMap[(row * job.KernelHeight) + kh];
                for (int kw = 0; kw < job.KernelWidth && h >= 0; kw++)
                {
                    int w = job.ColumnMap[(column * job.KernelWidth) + kw];
                    if (w >= 0)
                    {
                        float* x = source + ((((long)h * job.SourceWidth) + w) * channels) + c;
                        float* weight = job.Packed + ((((long)kh * job.KernelWidth) + kw) * channels) + c;
                        sum = TLanes.MultiplyAdd(TLanes.Load(x), TLanes.Load(weight), sum);
                    }
                }
            }

            if (job.Residual != null)
            {
                sum += TLanes.Load(job.Residual + at + c);
            }

            (job.Relu ? TLanes.Max(sum, TLanes.Zero) : sum).Store(job.Result + at + c);
        }

        return c;
    }

    private static void WeightsTask(void* state, int task)
    {
        ref GradientJob job = ref *(GradientJob*)state;
        int position = task % job.Geometry.Positions;
        int c = task / job.Geometry.Positions * ChannelsPerTask;
        int end = Math.Min(c + ChannelsPerTask, job.Geometry.InChannels);
        if (Simd.Active == SimdWidth.Vector512)
        {
            c = Position<Lanes512>(job, position, c, end);
        }

        if (Simd.Active >= SimdWidth.Vector256)
        {
            c = Position<Lanes256>(job, position, c, end);
        }

        if (Simd.Active >= SimdWidth.Vector128)
        {
            c = Position<Lanes128>(job, position, c, end);
        }

        Position<Lane>(job, position, c, end);
    }

    /// <summary>Computes dw[c][kernel position]: the sum of x dy over images and pixels.</summary>
    private static int Position<TLanes>(in GradientJob job, int position, int c, int end)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        ConvolutionGeometry g = job.Geometry;
        float* sums = stackalloc float[16];
        for (; c + TLanes.Count <= end; c += TLanes.Count)
        {
            TLanes total = TLanes.Zero;
            for (int image = 0; image < g.Batch; image++)
            {
                TLanes sum = TLanes.Zero;
                for (int oh = 0; oh < g.OutHeight; oh++)
                {
                    int h = (oh * g.StrideHeight) + (position / g.KernelWidth * g.DilationHeight) - g.PadTop;
                    float* x = job.X + ((((long)image * g.InHeight) + h) * g.InWidth * g.InChannels) + c;
                    float* dy = job.Dy + ((((long)image * g.OutHeight) + oh) * g.OutWidth * g.OutChannels) + c;
                    for (int ow = 0; ow < g.OutWidth && (uint)h < (uint)g.InHeight; ow++)
                    {
                        int w = (ow * g.StrideWidth) + (position % g.KernelWidth * g.DilationWidth) - g.PadLeft;
                        if ((uint)w < (uint)g.InWidth)
                        {
                            sum = TLanes.MultiplyAdd(
                                TLanes.Load(x + ((long)w * g.InChannels)), TLanes.Load(dy + ((long)ow * g.OutChannels)),
                                sum);
                        }
                    }
                }

                total += sum;
            }

            total.Store(sums);
            for (int i = 0; i < TLanes.Count; i++)
            {
                job.Dw[((long)(c + i) * g.Positions) + position] = sums[i];
            }
        }

        return c;
    }

    private struct GradientJob
    {
        internal ConvolutionGeometry Geometry;
        internal float* X;
        internal float* Dy;
        internal float* Dw;
    }
}
