using System.Numerics;
using Temper.Kernels.Flow;

namespace Temper.Tensors.Flow;

/// <summary>
/// TV-L1 optical flow (Zach, Pock, Bischof 2007): minimizes the total variation of the flow plus lambda |residual|. The
/// iterations are unrolled, so that the flow is differentiable.
/// </summary>
internal sealed class TvL1Solver<T>(int iterations, double lambda, double theta, double tau) : FlowSolver<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T _limit = T.CreateChecked(lambda * theta), _theta = T.CreateChecked(theta),
        _step = T.CreateChecked(tau / theta);

    /// <summary><c>u</c>, <c>v</c> and two dual variables for each.</summary>
    internal override int StateCount => 6;

    internal override PlaneValue<T>[] Solve(PlaneTape<T> tape, WarpStep<T> step, PlaneValue<T>[] state)
    {
        PlaneValue<T> residual = Residual(tape, step, state);
        for (int i = 0; i < iterations; i++)
        {
            PlaneValue<T>[] flow = Primal(tape, step.ImageGradient, residual, state);
            PlaneValue<T>[] dualU = Dual(tape, flow[0], state[2], state[3]),
                dualV = Dual(tape, flow[1], state[4], state[5]);
            tape.Drop(state);
            state = [.. flow, .. dualU, .. dualV];
        }

        tape.Drop(residual);
        return state;
    }

    private PlaneValue<T>[] Primal(
        PlaneTape<T> tape, (PlaneValue<T> X, PlaneValue<T> Y) gradient, PlaneValue<T> residual, PlaneValue<T>[] state)
    {
        PlaneValue<T> u = tape.New(residual.Size), v = tape.New(residual.Size);
        var image = new Linearized<T>(gradient.X.Values, gradient.Y.Values, residual.Values);
        FlowState<T> from = State(state, value => value.Values);
        TotalVariation<T>.Primal(image, from, u.Values, v.Values, _limit, _theta);
        tape.Record(() => TotalVariation<T>.PrimalAdjoint(
            image, from, tape.Sink(u), tape.Sink(v),
            new Linearized<T>(tape.Sink(gradient.X), tape.Sink(gradient.Y), tape.Sink(residual)),
            State(state, tape.Sink), _limit, _theta));
        return [u, v];
    }

    private PlaneValue<T>[] Dual(PlaneTape<T> tape, PlaneValue<T> u, PlaneValue<T> px, PlaneValue<T> py)
    {
        PlaneValue<T> toX = tape.New(u.Size), toY = tape.New(u.Size);
        TotalVariation<T>.Dual(u.Values, px.Values, py.Values, toX.Values, toY.Values, _step);
        tape.Record(() => TotalVariation<T>.DualAdjoint(
            u.Values, toX.Values, toY.Values, tape.Sink(toX), tape.Sink(toY), tape.Sink(u), tape.Sink(px),
            tape.Sink(py), _step));
        return [toX, toY];
    }

    private static FlowState<T> State(PlaneValue<T>[] state, Func<PlaneValue<T>, Plane<T>> plane) =>
        new(plane(state[0]), plane(state[1]), plane(state[2]), plane(state[3]), plane(state[4]), plane(state[5]));
}
