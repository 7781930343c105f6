using Temper.Kernels;
using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>
/// One application of a differentiable operation: shape check, value and gradient side by side. A new operation is one
/// class and one public method that applies it.
/// </summary>
/// <param name="inputs">
/// The tensors that the value depends on, in the order in which <see cref="Backward"/> counts them.
/// </param>
internal abstract class Operation(params Tensor[] inputs)
{
    /// <summary>The tensors that the value depends on.</summary>
    internal Tensor[] Inputs { get; } = inputs;

    /// <summary>
    /// Tensors that the gradient reads and that none flows to: indices, masks, targets. They are kept as inputs are.
    /// </summary>
    internal virtual Tensor[] Constants => [];

    /// <summary>How kernels are chosen, for the value and for the gradient.</summary>
    internal KernelChoice Choice { get; } = OperationKernels.Current;

    /// <summary>The name that users know, for errors.</summary>
    internal virtual string Name => GetType().Name;

    /// <summary>True when a tape follows an input: what only the gradient needs is kept only then.</summary>
    protected bool IsRecorded { get; private set; }

    /// <summary>Checks shapes, then computes the value. Nothing is written before all checks have passed.</summary>
    protected abstract Tensor Forward();

    /// <summary>Adds the vector-Jacobian product to every input that wants it.</summary>
    /// <param name="output">What <see cref="Forward"/> returned.</param>
    /// <param name="gradient">The cotangent: same shape as <paramref name="output"/>, any layout.</param>
    /// <param name="inputs">Where the products go; asks which inputs want one.</param>
    internal abstract void Backward(Tensor output, Tensor gradient, InputGradients inputs);

    /// <summary>
    /// Whether a sample of the value depends on the other samples of the batch, as with batch statistics.
    /// </summary>
    internal virtual bool MixesSamples => false;

    /// <summary>Adds, for each sample (axis 0), the squared length of its part of an input's gradient.</summary>
    /// <param name="output">What <see cref="Forward"/> returned.</param>
    /// <param name="gradient">The cotangent, as many samples on axis 0 as there are squares.</param>
    /// <param name="input">Index of the input: a parameter.</param>
    /// <param name="squares">One a sample; added to.</param>
    /// <returns>False, and nothing added, where the operation knows no faster way than its gradient.</returns>
    internal virtual bool TryAddSampleSquares(Tensor output, Tensor gradient, int input, Span<double> squares) => false;

    /// <summary>Computes the value, and records this application on every open tape that follows an input.</summary>
    internal Tensor Apply()
    {
        GradientTape.CheckSection(this);
        GradientTape? outermost = null;
        for (GradientTape? tape = GradientTape.Innermost; tape is not null; tape = tape.Parent)
        {
            if (tape.Follows(this))
            {
                outermost = tape;
            }
        }

        if (outermost is null)
        {
            return Forward();
        }

        // The outermost tape that records it lives longest, so it owns what the gradient needs, whoever made that.
        IsRecorded = true;
        Keep(Inputs, outermost.Scope);
        Keep(Constants, outermost.Scope);
        Tensor output;
        using (MemoryScope.Enter(outermost.Scope))
        {
            output = Forward();
        }

        for (GradientTape? tape = GradientTape.Innermost; tape is not null; tape = tape.Parent)
        {
            if (tape.Follows(this))
            {
                tape.Record(this, output);
            }
        }

        return output;
    }

    private static void Keep(Tensor[] tensors, MemoryScope scope)
    {
        foreach (Tensor tensor in tensors)
        {
            tensor.KeepFor(scope);
        }
    }
}
