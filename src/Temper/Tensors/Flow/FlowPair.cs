using System.Numerics;
using Temper.Kernels.Flow;

namespace Temper.Tensors.Flow;

/// <summary>Optical flow between two gray images, and its gradient, computed on one thread.</summary>
internal static class FlowPair<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>
    /// The stores for reuse. New planes cost little beside the flow of such large images that not all are kept.
    /// </summary>
    private static readonly PlaneStores<T> Stores = new(largest: 32 << 20, total: 64 << 20);

    /// <summary>Computes the flow from the first image to the second, at the pixels of the first.</summary>
    internal static void Flow(
        OpticalFlowOptions options, PlaneSize size, ReadOnlySpan<T> first, ReadOnlySpan<T> second, Span<T> u, Span<T> v)
    {
        PlaneStore<T> store = Stores.Take();
        using (var tape = new PlaneTape<T>(store, records: false))
        {
            (PlaneValue<T> flowU, PlaneValue<T> flowV) =
                Method(options).Between(tape, Image(tape, size, first), Image(tape, size, second));
            flowU.Values.Read(u);
            flowV.Values.Read(v);
        }

        Stores.Give(store);
    }

    /// <summary>Computes the gradients of both images from the gradient of the flow.</summary>
    internal static void Gradient(
        OpticalFlowOptions options, PlaneSize size, ReadOnlySpan<T> first, ReadOnlySpan<T> second, ReadOnlySpan<T> du,
        ReadOnlySpan<T> dv, Span<T> dFirst, Span<T> dSecond)
    {
        PlaneStore<T> store = Stores.Take();
        using (var tape = new PlaneTape<T>(store, records: true))
        {
            PlaneValue<T> one = Image(tape, size, first), two = Image(tape, size, second);
            (PlaneValue<T> u, PlaneValue<T> v) = Method(options).Between(tape, one, two);
            tape.Sink(u).Write(du);
            tape.Sink(v).Write(dv);
            tape.Backward();
            tape.Sink(one).Read(dFirst);
            tape.Sink(two).Read(dSecond);
        }

        Stores.Give(store);
    }

    private static WarpedFlow<T> Method(OpticalFlowOptions o)
    {
        FlowSolver<T> solver = o.Method switch
        {
            FlowMethod.TvL1 => new TvL1Solver<T>(o.Iterations, o.Lambda, o.Theta, o.Tau),
            FlowMethod.HornSchunck => new HornSchunckSolver<T>(o.Iterations, o.Alpha),
            _ => new LucasKanadeSolver<T>(o.Window, o.Damping),
        };
        return new WarpedFlow<T>(solver, o.Scales, o.Warps, o.ScaleStep);
    }

    private static PlaneValue<T> Image(PlaneTape<T> tape, PlaneSize size, ReadOnlySpan<T> pixels)
    {
        PlaneValue<T> image = tape.New(size);
        image.Values.Write(pixels);
        return image;
    }
}
