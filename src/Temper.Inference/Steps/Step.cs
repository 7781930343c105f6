namespace Temper.Inference;

/// <summary>Executes a layer or a layout change: a kernel with its packed weights. Shared by sessions.</summary>
internal abstract class Step
{
    /// <summary>Name of the kernel, as used in plans.</summary>
    internal abstract string Kernel { get; }

    /// <summary>Layout of the inputs, the same for all of them.</summary>
    internal required ValueLayout Reads { get; init; }

    /// <summary>Layout of the result.</summary>
    internal required ValueLayout Writes { get; init; }

    /// <summary>
    /// Whether the step allocates the memory of its result itself, unless the caller owns the result.
    /// </summary>
    internal virtual bool BringsMemory => false;

    /// <summary>Size of the packed weights, in floats.</summary>
    internal virtual long WeightFloats => 0;

    /// <summary>
    /// Runs the step. Allocates nothing in steady state, except for the small objects that tensor operations create.
    /// </summary>
    internal abstract void Run(in StepCall call);
}

/// <summary>Number of samples, rows or images of a value.</summary>
/// <param name="Each">Number per sample, or in total if not batched.</param>
/// <param name="IsBatched">Whether the number is multiplied by the batch size.</param>
internal readonly record struct Rows(int Each, bool IsBatched)
{
    internal int Of(int batch) => IsBatched ? Each * batch : Each;
}
