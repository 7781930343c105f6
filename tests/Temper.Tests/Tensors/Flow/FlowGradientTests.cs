using Temper.Kernels.Flow;
using Temper.Tensors;
using Temper.Tensors.Flow;
using Temper.Testing;

namespace Temper.Tests.Tensors.Flow;

/// <summary>
/// Checks gradients of the flow against central differences in double precision, and adjoints by inner products.
/// </summary>
[Trait("Category", VectorWidths.Kernels)]
public sealed unsafe class FlowGradientTests
{
    private static readonly PlaneSize Size = new(17, 21);

    public static TheoryData<FlowMethod, double> Methods => new()
    {
        { FlowMethod.TvL1, 1e-4 }, { FlowMethod.HornSchunck, 1e-6 }, { FlowMethod.LucasKanade, 1e-4 },
    };

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Methods))]
    public void Gradient_is_that_of_central_differences(FlowMethod method, double tolerance)
    {
        OpticalFlowOptions options = OpticalFlowOptions.Of(method) with { Scales = 2, Warps = 2, Iterations = 6, Window = 1.5 };
        int count = Size.Height * Size.Width;
        double[] first = TestTextures.Draw(Size, 0, 0), second = TestTextures.Draw(Size, 0.6, -0.4);
        double[] du = Weights(count, 1), dv = Weights(count, 2), dFirst = new double[count], dSecond = new double[count];
        FlowPair<double>.Gradient(options, Size, first, second, du, dv, dFirst, dSecond);
        double largest = dFirst.Concat(dSecond).Max(Math.Abs);
        Assert.True(largest > 0);
        for (int i = 3; i < count; i += 29)
        {
            Assert.InRange(dFirst[i] - Difference(options, first, second, first, i, du, dv), -tolerance * largest, tolerance * largest);
            Assert.InRange(dSecond[i] - Difference(options, first, second, second, i, du, dv), -tolerance * largest, tolerance * largest);
        }
    }

    [Fact]
    public void Divergence_is_the_negative_adjoint_of_the_differences()
    {
        Plane<double> px = Random(3), py = Random(4), u = Random(5);
        for (int y = 0; y < Size.Height; y++)
        {
            px.Row(y)[Size.Width - 1] = 0;                    // the dual variables are always zero there
        }

        new Span<double>(py.Row(Size.Height - 1), Size.Width).Clear();
        double* row = stackalloc double[Size.Stride], byX = stackalloc double[Size.Stride], byY = stackalloc double[Size.Stride];
        double left = 0, right = 0;
        for (int y = 0; y < Size.Height; y++)
        {
            TotalVariation<double>.Divergence(px, py, y, row);
            TotalVariation<double>.Differences(u, y, byX, byY);
            for (int x = 0; x < Size.Width; x++)
            {
                left += row[x] * u.Row(y)[x];
                right -= (byX[x] * px.Row(y)[x]) + (byY[x] * py.Row(y)[x]);
            }
        }

        Assert.Equal(left, right, 1e-10);
    }

    public static TheoryData<string> LinearOperations => ["gradient", "filter", "smaller", "larger", "warp", "divergence"];

    /// <summary>Checks that y · (A x) equals (Aᵀ y) · x for each linear operation A.</summary>
    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(LinearOperations))]
    public void Adjoint_has_the_same_inner_product(string name)
    {
        var tape = new PlaneTape<double>(new PlaneStore<double>(), records: true);
        var x = new PlaneValue<double>(Random(6), isFollowed: true);
        var x2 = new PlaneValue<double>(Random(8), isFollowed: true);
        var u = new PlaneValue<double>(Random(7), isFollowed: false);
        PlaneValue<double>[] outputs = name switch
        {
            "gradient" => tape.Gradient(x) is var (gx, gy) ? [gx, gy] : [],
            "filter" => [tape.Filter(x, [0.1, 0.25, 0.3, 0.25, 0.1])],
            "smaller" => [tape.Resize(x, new PlaneSize(9, 10), 1.5)],
            "larger" => [tape.Resize(x, new PlaneSize(40, 33), 0.5)],
            "warp" => [tape.Warp(x, u, u)],
            _ => [Divergence(tape, x, x2)],
        };
        double forward = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            Plane<double> y = Random(20 + i, outputs[i].Size);
            forward += Inner(y, outputs[i].Values);
            tape.Sink(outputs[i]).Add(y, 1);
        }

        tape.Backward();
        Assert.Equal(forward, Inner(tape.Sink(x), x.Values) + Inner(tape.Sink(x2), x2.Values), 1e-10 * Math.Max(1, Math.Abs(forward)));
    }

    private static PlaneValue<double> Divergence(PlaneTape<double> tape, PlaneValue<double> px, PlaneValue<double> py)
    {
        PlaneValue<double> y = tape.New(px.Size);
        for (int row = 0; row < Size.Height; row++)
        {
            TotalVariation<double>.Divergence(px.Values, py.Values, row, y.Values.Row(row));
        }

        tape.Record(() => TotalVariation<double>.DivergenceAdjoint(tape.Sink(y), 1, tape.Sink(px), tape.Sink(py)));
        return y;
    }

    private static double Difference(OpticalFlowOptions options, double[] first, double[] second, double[] changed, int i, double[] du, double[] dv)
    {
        // Small enough that no pixel switches between the three cases of the TV-L1 threshold step.
        const double Step = 3e-7;
        double value = changed[i];
        changed[i] = value + Step;
        double above = Loss();
        changed[i] = value - Step;
        double below = Loss();
        changed[i] = value;
        return (above - below) / (2 * Step);

        double Loss()
        {
            double[] u = new double[du.Length], v = new double[dv.Length];
            FlowPair<double>.Flow(options, Size, first, second, u, v);
            return u.Zip(du, (a, b) => a * b).Sum() + v.Zip(dv, (a, b) => a * b).Sum();
        }
    }

    private static double[] Weights(int count, int seed)
    {
        double[] weights = new double[count];
        for (int i = 0; i < count; i++)
        {
            weights[i] = Math.Sin((i * 12.9898) + (seed * 78.233));
        }

        return weights;
    }

    private static Plane<double> Random(int seed) => Random(seed, Size);

    private static Plane<double> Random(int seed, PlaneSize size)
    {
        var plane = new Plane<double>(size);
        double[] values = Weights(size.Height * size.Width, seed);
        for (int y = 0; y < size.Height; y++)
        {
            values.AsSpan(y * size.Width, size.Width).CopyTo(new Span<double>(plane.Row(y), size.Width));
        }

        return plane;
    }

    private static double Inner(Plane<double> a, Plane<double> b)
    {
        double sum = 0;
        for (int y = 0; y < a.Size.Height; y++)
        {
            for (int x = 0; x < a.Size.Width; x++)
            {
                sum += a.Row(y)[x] * b.Row(y)[x];
            }
        }

        return sum;
    }
}
