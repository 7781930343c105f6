using Temper.Networks;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>A network as a target: evaluation form, gradients to the input only.</summary>
public sealed class NetworkTarget : AttackTarget
{
    /// <summary>
    /// Maximum number of samples of a pass with gradients: bounds its memory (ResNet-20's gradient takes about 4 MiB a
    /// sample).
    /// </summary>
    private const int LargestBatch = 64;

    /// <summary>
    /// Maximum number of samples of a forward pass, and most values of its input: small networks are faster with more
    /// samples.
    /// </summary>
    private const int LargestForwardBatch = 512, MaxForwardValues = LargestForwardBatch * 28 * 28;

    private readonly Network _network;
    private readonly Pass _pass = Pass.Evaluation.BatchInvariant();

    /// <summary>The batch that the network is fixed to; 0: any.</summary>
    private readonly int _fixedBatch;

    /// <summary>
    /// Makes a target of a network with one batched float32 input and logits <c>[N, K]</c> as first output.
    /// </summary>
    /// <param name="network">Not changed.</param>
    /// <param name="bounds">Smallest and largest value of an input; null: those that the network states.</param>
    /// <exception cref="ArgumentException">
    /// The network has several inputs, mixes samples, gives no logits, or states no bounds and none are given.
    /// </exception>
    public NetworkTarget(Network network, (float Minimum, float Maximum)? bounds = null)
    {
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
                $"NetworkTarget: the bounds of the input are not known (got {Minimum} to {Maximum}); state them, such "
                + "as 0 and 1 for pixels (--bounds 0,1)", nameof(bounds));
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

    /// <summary>The batch-invariant pass: a sample's bytes must not depend on the samples asked with it.</summary>
    private Tensor Forward(Tensor batch) => _network.Forward([batch], _pass)[0];

    /// <summary>
    /// Some rows as a batch that the network takes; a fixed batch is filled up with copies of the last row.
    /// </summary>
    private Tensor Batch(ReadOnlySpan<float> x, int start, int rows)
    {
        int size = SampleShape.Count, batch = _fixedBatch > 0 ? _fixedBatch : rows;

        // Rented by the scope around it: an array of its own for each batch costs more than the forward pass of a small
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

    /// <summary>Runs one sample to learn the number of classes.</summary>
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
