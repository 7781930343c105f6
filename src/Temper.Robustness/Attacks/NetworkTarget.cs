using System.Globalization;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>
/// A network as a target. It runs in evaluation mode and computes gradients with respect to the input only.
/// </summary>
public sealed class NetworkTarget : AttackTarget
{
    /// <summary>
    /// Maximum batch size of a pass with gradients. It limits memory: ResNet-20 needs about 4 MiB per sample.
    /// </summary>
    private const int LargestBatch = 64;

    /// <summary>
    /// Maximum batch size of a forward pass, and maximum number of input values. Small networks run faster in larger
    /// batches.
    /// </summary>
    private const int LargestForwardBatch = 512, MaxForwardValues = LargestForwardBatch * 28 * 28;

    private readonly Network _network;
    private readonly Pass _pass = Pass.Evaluation.BatchInvariant();

    /// <summary>The network's fixed batch size; 0: any batch size.</summary>
    private readonly int _fixedBatch;

    /// <summary>
    /// Creates a target from a network with one batched float32 input whose first output is the logits <c>[N, K]</c>.
    /// Outputs are used as they are: a network that returns probabilities seems more robust than it is, because their
    /// gradients vanish. Pass <see cref="Network.WithoutFinalSoftmax"/> of a network that may end with a softmax.
    /// </summary>
    /// <param name="network">Network to attack; not modified.</param>
    /// <param name="bounds">Smallest and largest input value; null: the bounds stated by the network.</param>
    /// <exception cref="ArgumentException">
    /// The network has several inputs, mixes the samples of a batch, does not return logits, or neither the network nor
    /// the caller states finite bounds.
    /// </exception>
    public NetworkTarget(Network network, (float Minimum, float Maximum)? bounds = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (network.Inputs is not [{ DType: DType.Float32 } input])
        {
            throw new ArgumentException("NetworkTarget: needs a network with one float32 input (got "
                + $"{network.Inputs.Count} inputs)", nameof(network));
        }

        network.Batch.RequireApart("NetworkTarget");
        _network = network;
        _fixedBatch = input.IsBatched ? 0 : Math.Max(network.Batch.Size, 1);
        SampleShape = input.IsBatched ? input.SampleShape : Shape.Create(input.SampleShape.AsSpan()[1..]);
        (Minimum, Maximum) = bounds ?? (input.Minimum, input.Maximum);
        if (!(Minimum < Maximum && float.IsFinite(Minimum) && float.IsFinite(Maximum)))
        {
            throw new ArgumentException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"NetworkTarget: the input bounds are unknown (got {Minimum} to {Maximum}); pass them, such "
                    + $"as (0f, 1f) for pixels"), nameof(bounds));
        }

        Classes = Probe();
    }

    /// <inheritdoc/>
    public override Shape SampleShape { get; }

    /// <inheritdoc/>
    public override float Minimum { get; }

    /// <inheritdoc/>
    public override float Maximum { get; }

    /// <inheritdoc/>
    public override int Classes { get; }

    /// <inheritdoc/>
    public override Access Access => Access.Gradients;

    /// <inheritdoc/>
    public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits)
    {
        int step = _fixedBatch > 0
            ? _fixedBatch
            : Math.Clamp(MaxForwardValues / SampleShape.Count, LargestBatch, LargestForwardBatch);
        using var scope = new TensorScope();
        for (int start = 0; start < count; start += step)
        {
            int rows = Math.Min(step, count - start);
            Copy(Forward(Batch(x, start, rows)), logits, start, rows, Classes);
            scope.Reset();
        }
    }

    /// <inheritdoc/>
    public override void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient)
    {
        int size = SampleShape.Count;
        for (int start = 0; start < count; start += Step)
        {
            int rows = Math.Min(Step, count - start);
            using var tape = new GradientTape();
            Tensor batch = tape.Watch(Batch(x, start, rows));
            Tensor output = Forward(batch);
            Copy(output, logits, start, rows, Classes);
            float[] byLogits = new float[output.Count];
            for (int row = 0; row < rows; row++)
            {
                derivative(start + row, logits.Slice((start + row) * Classes, Classes), byLogits.AsSpan(
                    row * Classes, Classes));
            }

            Copy(tape.Gradient(output, Tensor.From(byLogits, output.Shape), batch), gradient, start, rows, size);
        }
    }

    private int Step => _fixedBatch > 0 ? _fixedBatch : LargestBatch;

    /// <summary>
    /// Runs a batch-invariant forward pass: the result for a sample must not depend on the other samples in the batch.
    /// </summary>
    private Tensor Forward(Tensor batch) => _network.Forward([batch], _pass)[0];

    /// <summary>
    /// Copies some rows into a batch for the network; a fixed batch size is padded with copies of the last row.
    /// </summary>
    private Tensor Batch(ReadOnlySpan<float> x, int start, int rows)
    {
        int size = SampleShape.Count, batch = _fixedBatch > 0 ? _fixedBatch : rows;

        // Allocated from the surrounding scope: a new array per batch would cost more than the forward pass of a small
        // network.
        Tensor values = Tensor.Allocate([batch, .. SampleShape.AsSpan()]);
        Span<float> to = values.Writable();
        x.Slice(start * size, rows * size).CopyTo(to);
        for (int row = rows; row < batch; row++)
        {
            x.Slice((start + rows - 1) * size, size).CopyTo(to.Slice(row * size, size));
        }

        return values;
    }

    private static void Copy(Tensor from, Span<float> to, int start, int rows, int width) =>
        from.AsSpan<float>()[..(rows * width)].CopyTo(to.Slice(start * width, rows * width));

    /// <summary>Runs one sample to determine the number of classes.</summary>
    private int Probe()
    {
        float[] middle = new float[SampleShape.Count];
        Array.Fill(middle, Minimum + ((Maximum - Minimum) / 2));
        Tensor output = Forward(Batch(middle, 0, 1));
        return output.Rank == 2 && output.Shape[1] >= 2
            ? output.Shape[1]
            : throw new ArgumentException(
                $"NetworkTarget: expected logits [N, K] with two or more classes (got {output.Shape})");
    }
}
