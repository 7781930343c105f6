using System.Numerics;
using Temper.Kernels.Flow;

namespace Temper.Tensors.Flow;

/// <summary>Input of a solver for one warp: the second image, linearized around the current flow.</summary>
internal sealed record WarpStep<T>(
    (PlaneValue<T> X, PlaneValue<T> Y) ImageGradient, PlaneValue<T> Warped, PlaneValue<T> First)
    where T : unmanaged, IFloatingPointIeee754<T>;

/// <summary>A solver that improves the flow between the first image and the warped second image.</summary>
internal abstract class FlowSolver<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>
    /// Number of state planes passed from one warp to the next at one pyramid scale. The first two are the flow
    /// <c>(u, v)</c>. The others start as zeros at each scale.
    /// </summary>
    internal virtual int StateCount => 2;

    /// <summary>Returns the state after one warp, and drops the planes it replaces.</summary>
    internal abstract PlaneValue<T>[] Solve(PlaneTape<T> tape, WarpStep<T> step, PlaneValue<T>[] state);

    /// <summary>Computes the residual, linearized around the current flow, as a function of the full flow.</summary>
    private protected static PlaneValue<T> Residual(PlaneTape<T> tape, WarpStep<T> step, PlaneValue<T>[] state) =>
        tape.Residual(step.Warped, step.First, step.ImageGradient, state[0], state[1]);
}

/// <summary>
/// Coarse-to-fine optical flow. At each scale of an image pyramid, the second image is warped by the current flow and a
/// solver improves the flow; this is repeated for the given number of warps. The flow is then upsampled to the next
/// finer scale.
/// </summary>
/// <remarks>Each warp is a recomputed section, so the backward pass needs the memory of one warp only.</remarks>
internal sealed class WarpedFlow<T>(FlowSolver<T> solver, int scales, int warps, double scaleStep)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>
    /// Smallest height or width of a pyramid level, in pixels; smaller images have too little structure.
    /// </summary>
    private const int SmallestSide = 8;

    internal (PlaneValue<T> U, PlaneValue<T> V) Between(PlaneTape<T> tape, PlaneValue<T> first, PlaneValue<T> second)
    {
        List<PlaneValue<T>> firsts = Pyramid(tape, first), seconds = Pyramid(tape, second);
        PlaneValue<T>[] flow = [tape.Zeros(firsts[^1].Size), tape.Zeros(firsts[^1].Size)];
        for (int scale = firsts.Count - 1; scale >= 0; scale--)
        {
            PlaneValue<T>[] state = [.. flow, .. Enumerable.Range(2, solver.StateCount - 2).Select(_ =>
                tape.Zeros(flow[0].Size))];
            for (int warp = 0; warp < warps; warp++)
            {
                state = tape.Section([firsts[scale], seconds[scale], .. state], Warp);
            }

            tape.Drop(state.AsSpan(2));
            flow = state[..2];
            if (scale > 0)
            {
                PlaneSize finer = firsts[scale - 1].Size;
                flow = [Enlarge(tape, state[0], finer, finer.Width / (double)state[0].Size.Width), Enlarge(
                    tape, state[1], finer, finer.Height / (double)state[1].Size.Height)];
            }
        }

        return (flow[0], flow[1]);
    }

    private PlaneValue<T>[] Warp(PlaneTape<T> tape, PlaneValue<T>[] inputs)
    {
        (PlaneValue<T> first, PlaneValue<T> second) = (inputs[0], inputs[1]);
        PlaneValue<T>[] state = inputs[2..];
        (PlaneValue<T> gx, PlaneValue<T> gy) = tape.Gradient(second);
        PlaneValue<T> gradientX = tape.Warp(gx, state[0], state[1]), gradientY = tape.Warp(gy, state[0], state[1]),
            warped = tape.Warp(second, state[0], state[1]);
        tape.Drop(gx, gy);
        PlaneValue<T>[] result = solver.Solve(tape, new WarpStep<T>((gradientX, gradientY), warped, first), state);
        tape.Drop(gradientX, gradientY, warped);
        return result;
    }

    private List<PlaneValue<T>> Pyramid(PlaneTape<T> tape, PlaneValue<T> image)
    {
        List<PlaneValue<T>> levels = [image];
        while (levels.Count < scales)
        {
            PlaneSize size = levels[^1].Size,
                next = new((int)Math.Round(size.Height * scaleStep), (int)Math.Round(size.Width * scaleStep));
            if (Math.Min(next.Height, next.Width) < SmallestSide)
            {
                break;
            }

            levels.Add(tape.Resize(levels[^1], next));
        }

        return levels;
    }

    private static PlaneValue<T> Enlarge(PlaneTape<T> tape, PlaneValue<T> flow, PlaneSize size, double factor)
    {
        PlaneValue<T> result = tape.Resize(flow, size, factor);
        tape.Drop(flow);
        return result;
    }
}
