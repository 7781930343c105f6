using System.Numerics;
using Temper.Kernels.Flow;

namespace Temper.Tensors.Flow;

/// <summary>
/// Horn-Schunck optical flow (1981): minimizes the squared gradient of the flow plus alpha^-2 times the squared
/// residual, by Jacobi iterations.
/// </summary>
internal sealed class HornSchunckSolver<T>(int iterations, double alpha) : FlowSolver<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T _alphaSquare = T.CreateChecked(alpha * alpha);

    internal override PlaneValue<T>[] Solve(PlaneTape<T> tape, WarpStep<T> step, PlaneValue<T>[] state)
    {
        PlaneValue<T> residual = Residual(tape, step, state);
        var image = new Linearized<T>(step.ImageGradient.X.Values, step.ImageGradient.Y.Values, residual.Values);
        for (int i = 0; i < iterations; i++)
        {
            (PlaneValue<T> u, PlaneValue<T> v) = (state[0], state[1]);
            PlaneValue<T> toU = tape.New(u.Size), toV = tape.New(u.Size);
            HornSchunck<T>.Step(image, u.Values, v.Values, toU.Values, toV.Values, _alphaSquare);
            tape.Record(() => HornSchunck<T>.StepAdjoint(
                image, u.Values, v.Values, tape.Sink(toU), tape.Sink(toV),
                new Linearized<T>(
                    tape.Sink(step.ImageGradient.X), tape.Sink(step.ImageGradient.Y), tape.Sink(residual)),
                tape.Sink(u), tape.Sink(v), _alphaSquare));
            tape.Drop(state);
            state = [toU, toV];
        }

        tape.Drop(residual);
        return state;
    }
}
