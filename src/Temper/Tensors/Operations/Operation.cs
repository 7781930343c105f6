using Temper.Kernels;
using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>
/// One application of a differentiable operation: shape check, forward pass and backward pass. To add an operation,
/// write a subclass and a public method that calls <see cref="Apply"/>.
/// </summary>
/// <param name="inputs">
/// The tensors on which the value depends, in the order of the input indices used by <see cref="Backward"/>.
/// </param>
internal abstract class Operation(params Tensor[] inputs)
{
    /// <summary>The tensors on which the value depends.</summary>
    internal Tensor[] Inputs { get; } = inputs;

    /// <summary>
    /// Tensors that the backward pass reads but that get no gradient, such as indices, masks and targets. A tape keeps
    /// them alive like the inputs.
    /// </summary>
    internal virtual Tensor[] Constants => [];

    /// <summary>Kernel choice for the forward and the backward pass.</summary>
    internal KernelChoice Choice { get; } = OperationKernels.Current;

    /// <summary>Public name of the operation, used in error messages.</summary>
    internal virtual string Name => GetType().Name;

    /// <summary>
    /// True if a tape records one of the inputs. Only then must the operation keep values needed by the backward pass.
    /// </summary>
    protected bool IsRecorded { get; private set; }

    /// <summary>Checks the shapes, then computes the value. Nothing is written before all checks have passed.</summary>
    protected abstract Tensor Forward();

    /// <summary>Adds the vector-Jacobian product of each input that needs a gradient.</summary>
    /// <param name="output">The value returned by <see cref="Forward"/>.</param>
    /// <param name="gradient">Gradient of the output (cotangent), of the same shape; any layout.</param>
    /// <param name="inputs">Receives the products, and tells which inputs need one.</param>
    internal abstract void Backward(Tensor output, Tensor gradient, InputGradients inputs);

    /// <summary>
    /// Whether a sample of the value depends on other samples of the batch, as with batch statistics.
    /// </summary>
    internal virtual bool MixesSamples => false;

    /// <summary>Adds the squared L2 norm of each sample's gradient of one input. Samples are on axis 0.</summary>
    /// <param name="output">The value returned by <see cref="Forward"/>.</param>
    /// <param name="gradient">Gradient of the output; axis 0 has the length of <paramref name="squares"/>.</param>
    /// <param name="input">Index of the input, which is a parameter.</param>
    /// <param name="squares">Squared norms, one per sample; they are added to.</param>
    /// <returns>
    /// False, with nothing added, if the operation has no faster way than running its backward pass for each sample.
    /// </returns>
    internal virtual bool TryAddSampleSquares(Tensor output, Tensor gradient, int input, Span<double> squares) => false;

    /// <summary>Computes the value, and records the operation on every open tape that tracks an input.</summary>
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

        // The outermost recording tape lives longest, so it must own every tensor that the backward pass needs.
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
