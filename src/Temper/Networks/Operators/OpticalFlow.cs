using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Optical flow between successive frames of clips <c>[N, T, C, H, W]</c> with pixels from 0 to 1. The result is
/// <c>[N, 2 (T - 1), H, W]</c>, in pixels.
/// </summary>
/// <param name="Options">Method and its settings.</param>
public sealed record OpticalFlow(OpticalFlowOptions Options) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "OpticalFlow";

    /// <inheritdoc/>
    public override bool IsDifferentiable => Options.IsDifferentiable;

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        OpticalFlowOperation.CheckShape(inputs[0], node);
        Options.Check();
        return [inputs[0][0], 2 * (inputs[0][1] - 1), inputs[0][3], inputs[0][4]];
    }

    /// <summary>Estimates ten MACs per pixel, iteration and warp, summed over the scales.</summary>
    /// <inheritdoc/>
    public override long Macs(IReadOnlyList<Shape> inputs, Shape output)
    {
        double share = 0, area = 1;
        for (int scale = 0; scale < Options.Scales; scale++, area *= Options.ScaleStep * Options.ScaleStep)
        {
            share += area;
        }

        return (long)(output.Count / 2 * share * 10 * Options.Warps * Options.Iterations);
    }

    internal static OpticalFlow From(OperatorAttributes attributes)
    {
        FlowMethod method = attributes.Choice<FlowMethod>("method");
        OpticalFlowOptions usual = OpticalFlowOptions.Of(method);
        return new OpticalFlow(usual with
        {
            Scales = attributes.Int("scales", usual.Scales),
            Warps = attributes.Int("warps", usual.Warps),
            Iterations = attributes.Int("iterations", usual.Iterations),
            ScaleStep = attributes.Double("scale_step", usual.ScaleStep),
            Lambda = attributes.Double("lambda", usual.Lambda),
            Theta = attributes.Double("theta", usual.Theta),
            Tau = attributes.Double("tau", usual.Tau),
            Alpha = attributes.Double("alpha", usual.Alpha),
            Window = attributes.Double("window", usual.Window),
            Damping = attributes.Double("damping", usual.Damping),
            Bound = attributes.Double("bound", usual.Bound),
            Rounds = attributes.Int("rounds", 0) != 0,
        });
    }

    internal override Tensor Forward(in NodeContext context) => context.X.OpticalFlow(Options);

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty
        .With("method", Options.Method.ToString())
        .With("scales", Options.Scales).With("warps", Options.Warps).With("iterations", Options.Iterations)
        .With("scale_step", Options.ScaleStep)
        .With("lambda", Options.Lambda).With("theta", Options.Theta).With("tau", Options.Tau)
        .With("alpha", Options.Alpha).With("window", Options.Window).With("damping", Options.Damping)
        .With("bound", Options.Bound).With("rounds", Options.Rounds);
}

public sealed partial class Value
{
    /// <summary>
    /// Adds optical flow between successive frames of clips <c>[N, T, C, H, W]</c> with pixels from 0 to 1.
    /// </summary>
    /// <param name="options">Method and its settings; null: TV-L1 with its defaults.</param>
    /// <param name="name">Name of the node.</param>
    /// <returns><c>[N, 2 (T - 1), H, W]</c>, in pixels.</returns>
    public Value OpticalFlow(OpticalFlowOptions? options = null, string? name = null) =>
        Apply(new OpticalFlow(options ?? new OpticalFlowOptions()), name);
}
