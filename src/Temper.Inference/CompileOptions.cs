using Temper.Tensors;

namespace Temper.Inference;

/// <summary>How a network is compiled.</summary>
public sealed record CompileOptions
{
    /// <summary>
    /// Batch sizes to compile for at once; others are compiled when they first come. One, unless said otherwise.
    /// </summary>
    public IReadOnlyList<int> BatchSizes { get; init; } = [1];

    /// <summary>
    /// Whether each layer's kernels are timed on this machine and the fastest taken, as unless said otherwise; if not,
    /// an estimate chooses, the same on every machine with vectors of this width.
    /// </summary>
    public bool TimesKernels { get; init; } = true;

    /// <summary>
    /// Typical samples, <c>[N, ...]</c>, on which kernels are timed: those that skip zero inputs of fully connected
    /// layers or zero channels of convolutions are as fast as such samples make them. Null: noise. For networks with
    /// one float32 input.
    /// </summary>
    public Tensor? TypicalInput { get; init; }

    /// <summary>
    /// What part of a value is not zero, by the name of the node that makes it, where that is known beforehand:
    /// winners-take-all with a ratio, for instance. Kernels that look for zeros are tried where they are expected;
    /// elsewhere ReLU is expected to leave about half of the elements and all channels, or what
    /// <see cref="TypicalInput"/> shows.
    /// </summary>
    public IReadOnlyDictionary<string, ValueDensity> ExpectedDensities { get; init; } =
        new Dictionary<string, ValueDensity>(StringComparer.Ordinal);

    /// <summary>
    /// Kernels that were chosen before, on this processor and for this network; batches that it does not know are
    /// compiled as if there were none. Null: no such plan.
    /// </summary>
    public KernelPlan? Plan { get; init; }

    /// <summary>
    /// Whether a sample's result is the same bytes in any batch, at any index in it. Every layer then has one kernel
    /// for all batches, one that rounds the same way whatever the batch; it is chosen for the first of
    /// <see cref="BatchSizes"/>, so name the batch that should be fastest. Without it, each class of batch sizes has
    /// the kernels that are fastest for it, and the last bits may differ between them.
    /// </summary>
    /// <remarks>
    /// Networks that mix samples (<see cref="Networks.Network.Batch"/>) still do; weights must be finite. Kernels for
    /// convolutions with sparse weights add in an order that depends on the batch and are left out, so pruned networks
    /// lose most by it.
    /// </remarks>
    public bool BatchInvariant { get; init; }

    /// <summary>
    /// Share of the usual time that is spent on timing kernels. Tests of what does not depend on which kernel wins take
    /// less.
    /// </summary>
    internal double TimingShare { get; init; } = 1;
}
