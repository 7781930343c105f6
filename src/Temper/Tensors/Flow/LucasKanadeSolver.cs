using System.Numerics;
using Temper.Kernels.Flow;

namespace Temper.Tensors.Flow;

/// <summary>
/// Lucas-Kanade optical flow (1981) at every pixel: the flow update that minimizes the squared residual in a Gaussian
/// window, with damping for windows without texture.
/// </summary>
internal sealed class LucasKanadeSolver<T>(double sigma, double damping) : FlowSolver<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T _damping = T.CreateChecked(damping);
    private readonly T[] _window = Gaussian(sigma);

    internal override PlaneValue<T>[] Solve(PlaneTape<T> tape, WarpStep<T> step, PlaneValue<T>[] state)
    {
        PlaneValue<T> difference = tape.Difference(step.Warped, step.First);
        PlaneValue<T>[] products = Products(tape, step.ImageGradient, difference),
            sums = [.. products.Select(product => tape.Filter(product, _window))];
        tape.Drop(products);
        tape.Drop(difference);
        PlaneValue<T> u = tape.New(difference.Size), v = tape.New(difference.Size);
        Moments<T> moments = All(sums, value => value.Values);
        StructureTensor<T>.Solve(moments, _damping, state[0].Values, state[1].Values, u.Values, v.Values);
        tape.Record(() => StructureTensor<T>.SolveAdjoint(
            moments, _damping, tape.Sink(u), tape.Sink(v), All(sums, tape.Sink), tape.Sink(state[0]),
            tape.Sink(state[1])));
        tape.Drop(sums);
        tape.Drop(state);
        return [u, v];
    }

    private static PlaneValue<T>[] Products(
        PlaneTape<T> tape, (PlaneValue<T> X, PlaneValue<T> Y) gradient, PlaneValue<T> difference)
    {
        PlaneValue<T>[] products = [.. Enumerable.Range(0, 5).Select(_ => tape.New(difference.Size))];
        StructureTensor<T>.Products(
            gradient.X.Values, gradient.Y.Values, difference.Values, All(products, value => value.Values));
        tape.Record(() => StructureTensor<T>.ProductsAdjoint(
            gradient.X.Values, gradient.Y.Values, difference.Values, All(products, tape.Sink), tape.Sink(gradient.X),
            tape.Sink(gradient.Y), tape.Sink(difference)));
        return products;
    }

    private static Moments<T> All(PlaneValue<T>[] planes, Func<PlaneValue<T>, Plane<T>> plane) =>
        new(plane(planes[0]), plane(planes[1]), plane(planes[2]), plane(planes[3]), plane(planes[4]));

    private static T[] Gaussian(double sigma)
    {
        int reach = Math.Max(1, (int)Math.Ceiling(2 * sigma));
        double[] positions = [.. Enumerable.Range(-reach, (2 * reach) + 1).Select(
            k => Math.Exp(-k * k / (2 * sigma * sigma)))];
        return [.. positions.Select(position => T.CreateChecked(position / positions.Sum()))];
    }
}
