using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Options for compiling a network.</summary>
public sealed record CompileOptions
{
    /// <summary>Batch sizes to compile for immediately. Other sizes are compiled on first use. Default: 1.</summary>
    public IReadOnlyList<int> BatchSizes { get; init; } = [1];

    /// <summary>
    /// Whether to time the kernels of each layer on this machine and use the fastest (default). If false, kernels are
    /// selected by an estimate that is the same on every machine with this vector width.
    /// </summary>
    public bool TimesKernels { get; init; } = true;

    /// <summary>
    /// Typical samples, <c>[N, ...]</c>, to run when kernels are timed. They matter for kernels whose speed depends on
    /// zeros: those that skip zero inputs of fully connected layers or zero channels of convolutions. Null: noise. Only
    /// for networks with one float32 input.
    /// </summary>
    public Tensor? TypicalInput { get; init; }

    /// <summary>
    /// Known densities (nonzero fractions) of values, keyed by the name of the node or input, for example after
    /// winners-take-all with a given ratio. Kernels that skip zeros are only tried where zeros are expected. For other
    /// values the density is measured on <see cref="TypicalInput"/>; without that, a ReLU is assumed to zero about half
    /// of the elements and no whole channel.
    /// </summary>
    public IReadOnlyDictionary<string, ValueDensity> ExpectedDensities { get; init; } =
        new Dictionary<string, ValueDensity>(StringComparer.Ordinal);

    /// <summary>
    /// Kernels chosen earlier, on this processor and for this network. Batch sizes that the plan does not contain are
    /// compiled as if there were no plan. Null: no plan.
    /// </summary>
    public KernelPlan? Plan { get; init; }

    /// <summary>
    /// Whether a sample's result is the same bytes in any batch, at any index in it (default: false). If true, each
    /// layer has one kernel for all batch sizes, which rounds the same way in each. It is chosen for the first of <see
    /// cref="BatchSizes"/>, so put the batch size that should be fastest first. If false, each class of batch sizes has
    /// its own fastest kernels, and the last bits of a result may depend on the batch size.
    /// </summary>
    /// <remarks>
    /// This has no effect on networks whose output for one sample depends on the others (<see
    /// cref="Networks.Network.Batch"/>). Weights must be finite. Kernels for convolutions with sparse weights are
    /// excluded, because their order of summation depends on the batch; pruned networks therefore lose the most speed.
    /// </remarks>
    public bool BatchInvariant { get; init; }

    /// <summary>
    /// Fraction of the usual time to spend on timing kernels. Tests that do not depend on the chosen kernels use less.
    /// </summary>
    internal double TimingShare { get; init; } = 1;
}
