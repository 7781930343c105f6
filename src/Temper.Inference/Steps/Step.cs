namespace Temper.Inference;

/// <summary>
/// How a layer, or a change of layout, is carried out: a kernel with its packed weights. Shared by sessions.
/// </summary>
internal abstract class Step
{
    /// <summary>The kernel's name, as plans have it.</summary>
    internal abstract string Kernel { get; }

    /// <summary>In which order it reads its inputs, all of them the same.</summary>
    internal required ValueLayout Reads { get; init; }

    /// <summary>In which order it writes its result.</summary>
    internal required ValueLayout Writes { get; init; }

    /// <summary>Whether its result lies in memory that it makes itself, unless the result is the caller's.</summary>
    internal virtual bool BringsMemory => false;

    /// <summary>Floats of memory that its weights take.</summary>
    internal virtual long WeightFloats => 0;

    /// <summary>
    /// Carries it out. Allocates nothing in steady state, but for what tensor operations allocate beside their numbers.
    /// </summary>
    internal abstract void Run(in StepCall call);
}

/// <summary>
/// Samples, rows or images of a value: so many for each sample of the batch, or, where it is not batched, in all.
/// </summary>
/// <param name="Each">For each sample.</param>
/// <param name="IsBatched">Whether the batch multiplies it.</param>
internal readonly record struct Rows(int Each, bool IsBatched)
{
    internal int Of(int batch) => IsBatched ? Each * batch : Each;
}
