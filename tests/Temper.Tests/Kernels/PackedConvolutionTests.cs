using Temper.Kernels;
using Temper.Testing;

namespace Temper.Tests.Kernels;

/// <summary>
/// Tests convolutions whose weights are packed once, dense or without their zeros, against convolutions that pack in
/// each call.
/// </summary>
[Trait("Category", VectorWidths.Kernels)]
public sealed class PackedConvolutionTests
{
    public static TheoryData<int[]> Geometries => ConvolutionTests.Geometries;

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Geometries))]
    public void Every_method_that_fits_agrees(int[] sizes)
    {
        Sample s = new(sizes, kept: 1, block: 1);
        foreach (ConvolutionMethod method in Enum.GetValues<ConvolutionMethod>().Where(method => PackedConvolution.Fits(s.Geometry, method)))
        {
            var packed = new PackedConvolution(s.Geometry, s.Weight, method);
            var y = new PinnedFloats(s.Expected.Length);
            packed.Run(s.Geometry.Batch, s.X.Address, y.Address, new LayerTail { Bias = s.Bias, Residual = s.Added.Address, Relu = true });
            s.AssertExpected(y.Span, method.ToString());
            GC.KeepAlive(s);
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Geometries))]
    public void Channels_that_are_zero_are_left_out(int[] sizes)
    {
        foreach (double kept in new[] { 0, 0.3, 0.6, 1 })
        {
            Sample s = new(sizes, kept: 1, block: 1, channels: kept);
            foreach (ConvolutionMethod method in Enum.GetValues<ConvolutionMethod>().Where(method => PackedConvolution.FitsActiveChannels(s.Geometry, method)))
            {
                var packed = new PackedConvolution(s.Geometry, s.Weight, method);
                var y = new PinnedFloats(s.Expected.Length);
                packed.RunActiveChannels(s.Geometry.Batch, s.X.Address, y.Address, new LayerTail { Bias = s.Bias, Residual = s.Added.Address, Relu = true });
                s.AssertExpected(y.Span, $"{method}, {kept} kept");
                GC.KeepAlive(s);
            }
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [InlineData(64, 40, 3)]
    [InlineData(16, 64, 2)]
    [InlineData(32, 50, 1)]
    public void Channels_are_brought_together_by_several_threads(int channels, int size, int kept)
    {
        using var pool = new WorkerPool(threads: 3);
        using WorkerPool.Usage usage = pool.Use();
        int pixels = size * size;
        var numbers = new PinnedFloats(channels + ActiveChannels.Ahead);
        for (int run = 0; run < 20; run++)
        {
            PinnedFloats x = new(Samples.Uniform(pixels * channels, (ulong)run, 1, 2)), y = new((long)(pixels * kept) + ActiveChannels.Ahead);
            for (int i = 0; i < x.Count; i++)
            {
                x.Span[i] = i % channels % (channels / kept) == 1 && i % channels / (channels / kept) < kept ? x.Span[i] : 0;
            }

            Together(x, pixels, channels, numbers, y);
            Assert.Equal(x.Span.ToArray().Where(value => value != 0), y.Span[..(pixels * kept)].ToArray());
        }
    }

    private static unsafe void Together(PinnedFloats x, int pixels, int channels, PinnedFloats numbers, PinnedFloats y)
    {
        int count = ActiveChannels.Find(x.Pointer, pixels, channels, (int*)numbers.Pointer);
        ActiveChannels.Gather(x.Pointer, pixels, channels, (int*)numbers.Pointer, count, y.Pointer);
        GC.KeepAlive((x, numbers, y));
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Geometries))]
    public void Zeros_are_left_out(int[] sizes)
    {
        foreach (int block in new[] { 1, 2, 4, 8 })
        {
            Sample s = new(sizes, kept: 0.3, block);
            ConvolutionGeometry g = s.Geometry;
            if (g.Batch == 0 || (g.Groups > 1 && g.GroupOutputs % block != 0))
            {
                continue;
            }

            foreach ((int more, bool isCut) in new[] { (0, false), (1, false), (0, true), (1, true) })
            {
                int border = more + new[] { g.PadTop, g.PadLeft, g.PadBottom, g.PadRight }.Max();
                PlaneShape source = Planes(g.InChannels, g.InHeight, g.InWidth, border, isCut), target = Planes(g.OutChannels, g.OutHeight, g.OutWidth, border, isCut);
                if (isCut && !SparseConvolution.FitsPieces(g, source, target))
                {
                    continue;
                }

                PinnedFloats x = Scratch(source, g.Batch), added = Scratch(target, g.Batch), y = Scratch(target, g.Batch), result = new(s.Expected.Length);
                y.Span.Fill(float.NaN);
                PlaneCopies.FromChannelsLast(g.Batch, source, s.X.Address, x.Address);
                PlaneCopies.FromChannelsLast(g.Batch, target, s.Added.Address, added.Address);
                new SparseConvolution(g, s.Weight, block, source, target, s.Bias).Run(g.Batch, x.Address, y.Address, added.Address, relu: true);
                PlaneCopies.ToChannelsLast(g.Batch, target, y.Address, result.Address);
                s.AssertExpected(result.Span, $"block {block}, border {border}, cut {isCut}");
                AssertSurrounded(y, target, g.Batch, result);
                GC.KeepAlive((s, x, added));
            }
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(21, false)]
    [InlineData(40, false)]
    [InlineData(1, true)]
    [InlineData(3, true)]
    [InlineData(21, true)]
    public void Images_come_into_planes_from_both_orders_and_out_again(int batch, bool isCut)
    {
        PlaneShape shape = Planes(channels: 21, height: 5, width: 6, border: 2, isCut);
        float[] pixels = Samples.Uniform(batch * 21 * 30, 1), rows = new float[pixels.Length];
        Layouts.ToChannelsFirst(pixels, rows, batch, 21, 30);
        PinnedFloats one = Scratch(shape, batch), other = Scratch(shape, batch), back = new(pixels.Length);
        PinnedFloats last = new(pixels), first = new(rows);
        PlaneCopies.FromChannelsLast(batch, shape, last.Address, one.Address);
        PlaneCopies.FromRowMajor(batch, shape, first.Address, other.Address);
        GC.KeepAlive((last, first));
        Assert.Equal(one.Span.ToArray(), other.Span.ToArray());
        PlaneCopies.ToChannelsLast(batch, shape, one.Address, back.Address);
        Assert.Equal(pixels, back.Span.ToArray());
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [InlineData(1, 2, 2, 0, true, false)]
    [InlineData(1, 2, 2, 0, false, false)]
    [InlineData(19, 3, 2, 1, true, false)]
    [InlineData(6, 3, 1, 1, false, false)]
    [InlineData(1, 2, 2, 0, true, true)]
    [InlineData(21, 2, 2, 0, false, true)]
    [InlineData(2, 1, 2, 0, false, true)]
    public void Windows_of_planes_are_those_of_pixels(int batch, int kernel, int stride, int padding, bool isMaximum, bool isCut)
    {
        PoolingAxis height = PoolingAxis.Sliding(8, kernel, stride, (padding, padding), 1, ceiling: false, countsPadding: false);
        PoolingAxis width = PoolingAxis.Sliding(40, kernel, stride, (padding, padding), 1, ceiling: false, countsPadding: false);
        var sizes = new PoolingSizes(batch, 5, height, width);
        PlaneShape source = Planes(5, 8, 40, border: 1, isCut), target = Planes(5, height.Outputs, width.Outputs, border: 1, isCut);
        Assert.True(!isCut || PlanePooling.FitsPieces(sizes, source, target));
        var pixels = new PinnedFloats(Samples.Uniform(batch * 5 * 8 * 40, 2));
        float[] expected = new float[batch * 5 * height.Outputs * width.Outputs];
        if (isMaximum)
        {
            Pooling.Maximum(sizes, pixels.Span, expected, default);
        }
        else
        {
            Pooling.Average(sizes, pixels.Span, expected);
        }

        PinnedFloats x = Scratch(source, batch), y = Scratch(target, batch), result = new(expected.Length);
        PlaneCopies.FromChannelsLast(batch, source, pixels.Address, x.Address);
        PlanePooling.Run(batch, sizes, isMaximum, source, target, x.Address, y.Address);
        PlaneCopies.ToChannelsLast(batch, target, y.Address, result.Address);
        Near.Equal([.. expected.Select(value => (double)value)], result.Span, 1e-6);
        AssertSurrounded(y, target, batch, result);
        GC.KeepAlive((pixels, x));
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [InlineData(1, 70, 33)]
    [InlineData(2, 1, 600)]
    [InlineData(37, 100, 129)]
    public void Packed_matrices_agree_with_products(int rows, int outputs, int inputs)
    {
        float[] w = Samples.Uniform(outputs * inputs, 1), bias = Samples.Uniform(outputs, 2);
        var x = new PinnedFloats(Samples.Uniform(rows * inputs, 3));
        float[] expected = new float[rows * outputs];
        Gemm.Multiply(
            new MatrixView(x.Span, rows, inputs), new MatrixView(w, outputs, inputs).Transposed, expected, new GemmEpilogue { Bias = bias, Relu = true });
        foreach (bool forOneRow in rows == 1 ? new[] { true, false } : [false])
        {
            var y = new PinnedFloats(expected.Length);
            new PackedMatrix(w, outputs, inputs, forOneRow).Run(rows, x.Address, y.Address, new LayerTail { Bias = new PinnedFloats(bias), Relu = true });
            Near.Equal([.. expected.Select(value => (double)value)], y.Span, 1e-5);
            GC.KeepAlive(x);
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [InlineData(1, 70, 33)]
    [InlineData(2, 1, 600)]
    [InlineData(3, 5000, 19)]
    [InlineData(5, 129, 100)]
    public void Zeros_of_fully_connected_layers_are_left_out(int rows, int outputs, int inputs)
    {
        float[] w = Thinned(outputs * inputs, 1), bias = Samples.Uniform(outputs, 2), values = Thinned(rows * inputs, 3);
        values.AsSpan(0, inputs).Clear();
        var x = new PinnedFloats(values);
        double[] expected = [.. Enumerable.Range(0, rows * outputs).Select(i => Math.Max(
            bias[i % outputs] + Enumerable.Range(0, inputs).Sum(k => (double)values[(i / outputs * inputs) + k] * w[(i % outputs * inputs) + k]), 0))];
        var tail = new LayerTail { Bias = new PinnedFloats(bias), Relu = true };
        PinnedFloats active = new(expected.Length), sparse = new(expected.Length);
        new InputMajorMatrix(w, outputs, inputs).Run(rows, x.Address, active.Address, tail);
        new SparseMatrix(w, outputs, inputs).Run(rows, x.Address, sparse.Address, tail);
        Near.Equal(expected, active.Span, 1e-5);
        Near.Equal(expected, sparse.Span, 1e-5);
        GC.KeepAlive(x);
    }

    /// <summary>Random numbers, two thirds of which are zero.</summary>
    private static float[] Thinned(int count, ulong seed)
    {
        float[] keys = Samples.Uniform(count, seed + 10, 0, 1);
        return [.. Samples.Uniform(count, seed).Select((value, i) => keys[i] < 0.66f ? 0 : value)];
    }

    private static PlaneShape Planes(int channels, int height, int width, int border, bool isCut) =>
        new(channels, height, width) { Top = border, Left = border, Bottom = border, Right = border, IsCut = isCut };

    private static PinnedFloats Scratch(PlaneShape shape, int batch) => new(shape.Floats(batch));

    /// <summary>
    /// Checks that the planes a kernel wrote, borders included, equal planes that are converted from the same images.
    /// </summary>
    private static void AssertSurrounded(PinnedFloats planes, PlaneShape shape, int batch, PinnedFloats pixels)
    {
        PinnedFloats expected = Scratch(shape, batch);
        PlaneCopies.FromChannelsLast(batch, shape, pixels.Address, expected.Address);
        GC.KeepAlive(pixels);
        int first = 0;
        for (int i = 0; i < ImageGroup.CountOf(batch); i++)
        {
            var group = new PlaneGroup(shape, ImageGroup.At(i, batch));
            for (int at = 0; at < group.Floats; at++)
            {
                bool exists = at % group.Lanes % group.Images.Interleave < group.Images.Count;
                Assert.True(!exists || planes.Span[first + at] == expected.Span[first + at], $"group {i}, {at}: got {planes.Span[first + at]}, expected {expected.Span[first + at]}");
            }

            first += (int)group.Floats;
        }
    }

    /// <summary>A convolution with bias, residual addition and ReLU, and its expected result.</summary>
    private sealed class Sample
    {
        internal Sample(int[] sizes, double kept, int block, double channels = 1)
        {
            ConvolutionGeometry g = Geometry = ConvolutionTests.Make(sizes).Geometry;
            float[] active = Samples.Uniform(g.InChannels, 6, 0, 1);
            X = new PinnedFloats([.. Samples.Uniform((int)g.InCount, 1).Select((x, i) => active[i % g.InChannels] < channels ? x : 0)]);
            Bias = new PinnedFloats(Samples.Uniform(g.OutChannels, 3));
            Added = new PinnedFloats(Samples.Uniform((int)g.OutCount, 4));
            int depth = g.GroupInputs * g.Positions;
            float[] keys = Samples.Uniform((int)g.WeightCount, 5, 0, 1);
            Weight = [.. Samples.Uniform((int)g.WeightCount, 2).Select((w, i) => keys[(i / depth / block * depth) + (i % depth)] < kept ? w : 0)];
            Expected = new float[g.OutCount];
            Convolution.Forward(g, X.Span, Weight, Expected, new ConvolutionEpilogue { Bias = Bias.Span, Residual = Added.Span, Relu = true });
        }

        internal ConvolutionGeometry Geometry { get; }

        internal PinnedFloats X { get; }

        internal float[] Weight { get; }

        internal PinnedFloats Bias { get; }

        internal PinnedFloats Added { get; }

        internal float[] Expected { get; }

        internal void AssertExpected(ReadOnlySpan<float> actual, string where)
        {
            float largest = Expected.Length == 0 ? 0 : Expected.Max();
            for (int i = 0; i < actual.Length; i++)
            {
                Assert.True(Math.Abs(Expected[i] - actual[i]) <= 1e-5f * largest, $"{where}, {i}: got {actual[i]}, expected {Expected[i]}");
            }
        }
    }
}
