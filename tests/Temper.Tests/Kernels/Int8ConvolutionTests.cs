using Temper.Kernels;
using Temper.Testing;

namespace Temper.Tests.Kernels;

/// <summary>Tests products of bytes against plain integer loops, for every kind of vector instruction.</summary>
[Trait("Category", VectorWidths.Kernels)]
public sealed class Int8ConvolutionTests
{
    private static readonly ByteGrid Input = new(0.05f, 7), Inner = new(3, 100), Added = new(2, 30), Result = new(4, 50);

    /// <summary>Input channels, output channels, height, width, kernel, stride, padding, images.</summary>
    public static TheoryData<int[]> Geometries =>
    [
        [3, 16, 9, 7, 3, 1, 1, 2], [16, 16, 8, 8, 3, 1, 1, 3], [5, 7, 6, 5, 3, 2, 1, 2], [16, 33, 5, 5, 1, 1, 0, 2], [8, 9, 7, 7, 1, 2, 0, 1],
        [70, 37, 1, 1, 1, 1, 0, 5], [130, 10, 1, 1, 1, 1, 0, 1], [64, 40, 2, 2, 3, 1, 1, 2], [32, 32, 33, 31, 1, 1, 0, 3], [4, 4, 5, 5, 5, 1, 2, 1], [4, 4, 2, 2, 3, 2, 2, 1],
    ];

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Geometries))]
    public void Sums_are_exact(int[] sizes)
    {
        foreach (bool isLargest in new[] { false, true })
        {
            var sample = new Sample(sizes, isLargest);
            foreach (DotKind kind in Int8Convolution.Kinds)
            {
                float[] y = sample.Run(kind, new Int8Tail()).Span[..sample.Sums.Length].ToArray();
                Assert.Equal(sample.Sums.Select(sample.Scaled), y);
            }
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Geometries))]
    public void Results_are_rounded_to_their_grids(int[] sizes)
    {
        var sample = new Sample(sizes, isLargest: false);
        byte[] plain = [.. sample.Sums.Select((sum, i) => Byte(Result, MathF.Max(0, sample.Scaled(sum, i))))];
        byte[] added = [.. sample.Sums.Select((sum, i) =>
        {
            float inner = (Byte(Inner, sample.Scaled(sum, i)) - Inner.Zero) * Inner.Scale;
            return Byte(Result, MathF.Max(0, inner + ((sample.Residual[i] - Added.Zero) * Added.Scale)));
        })];
        foreach (DotKind kind in Int8Convolution.Kinds)
        {
            AssertWithinAStepRarely(plain, sample.Bytes(kind, new Int8Tail { Relu = true, Result = Result }));
            AssertWithinAStepRarely(added, sample.Bytes(kind, new Int8Tail { Inner = Inner, Residual = sample.ResidualAt, ResidualGrid = Added, Relu = true, Result = Result }));
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [InlineData(1, 5)]
    [InlineData(4, 9)]
    [InlineData(37, 3)]
    [InlineData(64, 70)]
    public void Floats_become_bytes_and_come_back(int channels, int pixels)
    {
        var random = new Random(channels);
        float[] numbers = [.. Enumerable.Range(0, channels * pixels).Select(_ => (float)(random.NextDouble() * 18) - 3)];
        (numbers[0], numbers[^1]) = (float.PositiveInfinity, -1e30f);
        var x = new PinnedFloats(numbers);
        PinnedFloats bytes = new(pixels * ByteGrid.Stride(channels)), back = new(numbers.Length);
        ByteCopies.Quantize(x.Address, bytes.Address, pixels, channels, Input);
        ByteCopies.Dequantize(bytes.Address, back.Address, pixels, channels, Input);
        Assert.Equal(numbers.Select(number => (Byte(Input, number) - Input.Zero) * Input.Scale), back.Span.ToArray());
        GC.KeepAlive(x);
    }

    /// <summary>Quantizes by the definition: the nearest number of the grid, ties to even.</summary>
    private static byte Byte(ByteGrid grid, float number) => (byte)(Math.Clamp(MathF.Round(number / grid.Scale), -grid.Zero, 255 - grid.Zero) + grid.Zero);

    /// <summary>
    /// The kernel multiplies by the reciprocal of a scale, which may round the other way near the midpoint of two
    /// numbers.
    /// </summary>
    private static void AssertWithinAStepRarely(byte[] expected, byte[] actual)
    {
        int[] steps = [.. expected.Zip(actual, (a, b) => Math.Abs(a - b))];
        Assert.True(steps.Max() <= 1, $"{steps.Max()} steps");
        Assert.True(steps.Count(step => step > 0) <= 1 + (steps.Length / 100), $"{steps.Count(step => step > 0)} of {steps.Length} differ");
    }

    private sealed class Sample
    {
        private readonly ConvolutionGeometry _g;
        private readonly float[] _weight;
        private readonly float[] _scale;
        private readonly float[] _bias;
        private readonly PinnedFloats _x;
        private readonly PinnedFloats _residual;

        internal Sample(int[] sizes, bool isLargest)
        {
            _g = new ConvolutionGeometry
            {
                InChannels = sizes[0], OutChannels = sizes[1], InHeight = sizes[2], InWidth = sizes[3], KernelHeight = sizes[4], KernelWidth = sizes[4],
                StrideHeight = sizes[5], StrideWidth = sizes[5], PadTop = sizes[6], PadLeft = sizes[6], PadBottom = sizes[6], PadRight = sizes[6], Batch = sizes[7],
            };
            var random = new Random(sizes[0] + sizes[1]);

            // The largest products, all of one sign: their pairwise sums do not fit in 16 bits.
            int[] whole = [.. Enumerable.Range(0, (int)_g.WeightCount).Select(i => isLargest ? -128 : random.Next(-128, 128))];
            int stride = ByteGrid.Stride(_g.InChannels);
            byte[] x = new byte[_g.Batch * _g.InHeight * _g.InWidth * stride];
            random.NextBytes(x);
            if (isLargest)
            {
                Array.Fill(x, byte.MaxValue);
            }

            _scale = [.. Enumerable.Range(0, _g.OutChannels).Select(i => 0.01f + (i * 0.001f))];
            _bias = [.. Enumerable.Range(0, _g.OutChannels).Select(i => (i * 0.1f) - 0.3f)];
            _weight = [.. whole.Select((value, i) => value * _scale[i / (_g.InChannels * _g.Positions)])];
            _x = Pinned(x);
            Sums = Convolved(x, whole, stride);
            byte[] residual = new byte[Sums.Length / _g.OutChannels * ByteGrid.Stride(_g.OutChannels)];
            random.NextBytes(residual);
            _residual = Pinned(residual);
            Residual = Packed(residual);
        }

        /// <summary>The exact integer sums, <c>[N, OH, OW, O]</c>.</summary>
        internal int[] Sums { get; }

        internal byte[] Residual { get; }

        internal FloatAddress ResidualAt => _residual.Address;

        internal float Scaled(int sum, int place) => MathF.FusedMultiplyAdd(sum, _scale[place % _g.OutChannels] * Input.Scale, _bias[place % _g.OutChannels]);

        internal PinnedFloats Run(DotKind kind, Int8Tail tail)
        {
            var y = new PinnedFloats(Sums.Length + (long)(Sums.Length / _g.OutChannels * 4) + 64);
            new Int8Convolution(_g, _weight, _scale, _bias, Input, kind).Run(_g.Batch, _x.Address, y.Address, tail);
            GC.KeepAlive(this);
            return y;
        }

        internal byte[] Bytes(DotKind kind, Int8Tail tail)
        {
            Span<float> y = Run(kind, tail).Span;
            return Packed(System.Runtime.InteropServices.MemoryMarshal.AsBytes(y).ToArray());
        }

        private byte[] Packed(byte[] pixels) =>
            [.. Enumerable.Range(0, Sums.Length).Select(i => pixels[(i / _g.OutChannels * ByteGrid.Stride(_g.OutChannels)) + (i % _g.OutChannels)])];

        private static PinnedFloats Pinned(byte[] bytes)
        {
            var floats = new PinnedFloats((bytes.Length / sizeof(float)) + 64);
            bytes.CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(floats.Span));
            return floats;
        }

        private int[] Convolved(byte[] x, int[] weight, int stride)
        {
            var sums = new List<int>();
            for (int i = 0; i < _g.OutCount; i++)
            {
                int output = i % _g.OutChannels, pixel = i / _g.OutChannels, left = (pixel % _g.OutWidth * _g.StrideWidth) - _g.PadLeft;
                int top = (pixel / _g.OutWidth % _g.OutHeight * _g.StrideHeight) - _g.PadTop, image = pixel / _g.OutWidth / _g.OutHeight, sum = 0;
                for (int j = 0; j < _g.InChannels * _g.Positions; j++)
                {
                    int channel = j / _g.Positions, row = top + (j % _g.Positions / _g.KernelWidth), column = left + (j % _g.Positions % _g.KernelWidth);
                    bool isInside = (uint)row < (uint)_g.InHeight && (uint)column < (uint)_g.InWidth;
                    int value = isInside ? x[((((image * _g.InHeight) + row) * _g.InWidth) + column) * stride + channel] - Input.Zero : 0;
                    sum += value * weight[(output * _g.InChannels * _g.Positions) + j];
                }

                sums.Add(sum);
            }

            return [.. sums];
        }
    }
}
