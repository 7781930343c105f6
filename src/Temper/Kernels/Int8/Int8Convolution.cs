using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Vector instructions that a byte product can use.</summary>
internal enum DotKind
{
    Scalar,
    Vector128,
    Vector256,

    /// <summary>256-bit vectors with an instruction that multiplies and adds bytes.</summary>
    Instruction,
    Vector512,
}

/// <summary>
/// A convolution of channels-last bytes with constant weights, which are packed once. Sums are exact in 32 bits, so all
/// vector widths give the same bytes. A fully connected layer is a convolution of images of one pixel.
/// </summary>
internal sealed unsafe class Int8Convolution
{
    private readonly ConvolutionGeometry _geometry;
    private readonly DotKind _kind;
    private readonly ByteGrid _input;
    private readonly PinnedFloats _weights;
    private readonly PinnedFloats _outputs;
    private readonly int _width;

    /// <summary>Packs the weights.</summary>
    /// <param name="geometry">Sizes for which <see cref="Fits"/> is true; the batch size is ignored.</param>
    /// <param name="weight">
    /// <c>[O, C, KH, KW]</c>: each weight is an integer from -128 to 127 times the scale of its output channel.
    /// </param>
    /// <param name="scale">Scale of each output channel, <c>[O]</c>.</param>
    /// <param name="bias"><c>[O]</c> in float32; empty: none.</param>
    /// <param name="input">Quantization grid of the input.</param>
    /// <param name="kind">Vector instructions to use; null: the fastest for this processor.</param>
    internal Int8Convolution(
        in ConvolutionGeometry geometry, ReadOnlySpan<float> weight, ReadOnlySpan<float> scale,
        ReadOnlySpan<float> bias, ByteGrid input, DotKind? kind = null)
    {
        (_geometry, _input) = (geometry, input);
        _kind = kind ?? BestFor(geometry.OutChannels);
        _width = 2 * LanesOf(_kind);
        int panels = Chunks.Count(geometry.OutChannels, _width), depth = ByteGrid.Stride(geometry.InChannels);
        _weights = new PinnedFloats((long)panels * _width * geometry.Positions * depth / sizeof(float));
        _outputs = new PinnedFloats(3L * panels * _width);
        Pack(weight, scale, bias, panels, depth);
    }

    internal long WeightFloats => _weights.Count;

    /// <summary>Vector instructions that this processor has and this process may use.</summary>
    internal static IEnumerable<DotKind> Kinds => Enum.GetValues<DotKind>().Where(kind => kind switch
    {
        DotKind.Vector512 => DotLanes512.IsSupported,
        DotKind.Instruction => DotInstruction.IsSupported,
        DotKind.Vector256 => DotOfWords.IsSupported,
        DotKind.Vector128 => Simd.Active >= SimdWidth.Vector128,
        _ => true,
    });

    /// <summary>
    /// Whether the kernel supports a convolution: no groups, no dilation, and no sum can overflow 32 bits.
    /// </summary>
    internal static bool Fits(in ConvolutionGeometry g) =>
        g is { Groups: 1, DilationHeight: 1, DilationWidth: 1 }
            && (long)g.InChannels * g.Positions <= int.MaxValue / (2 * byte.MaxValue * 128);

    /// <summary>Returns the estimated cost, in multiply-accumulates of the direct float kernel.</summary>
    internal static double Cost(in ConvolutionGeometry g)
    {
        const double ShareOfFloat = 0.55, CostOfWeight = 4;
        return (ShareOfFloat * g.OutCount * g.Positions * (ByteGrid.Stride(g.InChannels) + 4))
            + (CostOfWeight * g.WeightCount);
    }

    /// <summary>Convolves a batch. Allocates nothing once each thread has its scratch memory.</summary>
    /// <param name="batch">Number of images.</param>
    /// <param name="x">Bytes <c>[N, H, W, C]</c>, C padded to a multiple of four.</param>
    /// <param name="y">Receives <c>[N, OH, OW, O]</c>: floats, or bytes with O padded to a multiple of four.</param>
    /// <param name="tail">Operations applied to each sum.</param>
    internal void Run(int batch, FloatAddress x, FloatAddress y, in Int8Tail tail)
    {
        int padded = _outputs.Count / 3;
        var job = new Int8Job
        {
            Geometry = Merged(_geometry with { Batch = batch }), Source = (byte*)x.Pointer, Result = y.Pointer,
            Padding = (byte)_input.Zero, Tail = tail,
            Weights = (int*)_weights.Pointer, Starts = (int*)_outputs.Pointer, Scales = _outputs.Pointer + padded,
            Biases = _outputs.Pointer + (2 * padded),
            Panels = padded / _width,
        };
        job.Cut();
        int tasks = job.ImageTasks * job.Bands * job.PanelTasks;
        switch (_kind)
        {
            case DotKind.Vector512: Chunks.Run(new Int8Body<DotLanes512, Lanes512>(job), tasks); break;
            case DotKind.Instruction: Chunks.Run(new Int8Body<DotLanes256<DotInstruction>, Lanes256>(job), tasks);
            break;
            case DotKind.Vector256: Chunks.Run(new Int8Body<DotLanes256<DotOfWords>, Lanes256>(job), tasks); break;
            case DotKind.Vector128: Chunks.Run(new Int8Body<DotLanes128, Lanes128>(job), tasks); break;
            default: Chunks.Run(new Int8Body<DotLane, Lane>(job), tasks); break;
        }

        GC.KeepAlive(this);
    }

    /// <summary>
    /// For a 1x1 kernel without stride and padding, returns the geometry with all pixels of all images as one row.
    /// </summary>
    private static ConvolutionGeometry Merged(in ConvolutionGeometry g)
    {
        bool isPlain =
            g is { Positions: 1, StrideHeight: 1, StrideWidth: 1, PadTop: 0, PadLeft: 0, PadBottom: 0, PadRight: 0 };
        return isPlain ? g with { Batch = 1, InHeight = 1, InWidth = checked(g.Batch * g.InHeight * g.InWidth) } : g;
    }

    private static int LanesOf(DotKind kind) => kind switch
    {
        DotKind.Vector512 => DotLanes512.Count,
        DotKind.Instruction or DotKind.Vector256 => DotLanes256<DotOfWords>.Count,
        DotKind.Vector128 => DotLanes128.Count,
        _ => 1,
    };

    /// <summary>
    /// Returns the byte instruction if available, else the widest vectors that are at least half filled.
    /// </summary>
    private static DotKind BestFor(int outputs) => DotInstruction.IsSupported ? DotKind.Instruction
        : DotLanes512.IsSupported && (outputs > 16 || !DotOfWords.IsSupported) ? DotKind.Vector512
        : DotOfWords.IsSupported ? DotKind.Vector256
        : Simd.Active >= SimdWidth.Vector128 ? DotKind.Vector128
        : DotKind.Scalar;

    private void Pack(
        ReadOnlySpan<float> weight, ReadOnlySpan<float> scale, ReadOnlySpan<float> bias, int panels, int depth)
    {
        int inputs = _geometry.InChannels, positions = _geometry.Positions, padded = panels * _width;
        sbyte* target = (sbyte*)_weights.Pointer;
        int* starts = (int*)_outputs.Pointer;
        Span<float> scales = _outputs.Span.Slice(padded, padded), biases = _outputs.Span[(2 * padded)..];
        for (int output = 0; output < _geometry.OutChannels; output++)
        {
            (scales[output], biases[output]) = (scale[output] * _input.Scale, bias.IsEmpty ? 0 : bias[output]);
            sbyte* panel = target + ((long)(output / _width) * _width * positions * depth) + (output % _width * 4);
            int sum = 0;
            for (int i = 0; i < inputs * positions; i++)
            {
                int channel = Math.DivRem(i, positions, out int position), index = (position * depth) + channel;
                int value = (int)MathF.Round(weight[(output * inputs * positions) + i] / scale[output]);
                panel[((long)(index / 4) * _width * 4) + (index % 4)] = checked((sbyte)value);
                sum += value;
            }

            starts[output] = -_input.Zero * sum;
        }
    }
}
