using System.Globalization;
using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Reduction of the losses of all rows or elements.</summary>
public enum LossReduction
{
    /// <summary>The mean; the weighted mean if there are class weights, as in PyTorch.</summary>
    Mean,

    /// <summary>The sum.</summary>
    Sum,

    /// <summary>No reduction: one loss per row or element.</summary>
    None,
}

/// <summary>Options of <see cref="Tensor.CrossEntropy(Tensor, CrossEntropyOptions?)"/>.</summary>
public sealed record CrossEntropyOptions
{
    /// <summary>
    /// Label smoothing: fraction of the target distributed evenly over all classes, 0 to 1 [default: 0].
    /// </summary>
    public float LabelSmoothing { get; init; }

    /// <summary>Weight of each class, <c>[K]</c>; null: all weights are 1.</summary>
    public IReadOnlyList<float>? ClassWeights { get; init; }

    /// <summary>Reduction of the row losses [default: mean].</summary>
    public LossReduction Reduction { get; init; }
}

public sealed partial class Tensor
{
    /// <summary>
    /// Computes the cross-entropy of logits <c>[N, K]</c> and labels: <c>-log softmax(x)[label]</c> for each row.
    /// </summary>
    /// <param name="labels">Int64 <c>[N]</c>, each 0 to K - 1; or float32 class probabilities <c>[N, K]</c>.</param>
    /// <param name="options">Label smoothing, class weights and reduction; null: the defaults.</param>
    /// <returns>A scalar, or <c>[N]</c> without reduction. The mean of an empty batch is NaN.</returns>
    /// <exception cref="ShapeMismatchException">
    /// The shapes do not match, or there is not one weight per class.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">A label or the label smoothing is out of range.</exception>
    public Tensor CrossEntropy(Tensor labels, CrossEntropyOptions? options = null) =>
        labels.DType == DType.Float32
            ? SoftCrossEntropy(labels, options ?? new())
            : new CrossEntropyOperation(this, labels, options ?? new()).Apply();

    /// <summary>Computes the negative log-likelihood of log-probabilities <c>[N, K]</c> and labels.</summary>
    /// <inheritdoc cref="CrossEntropy(Tensor, CrossEntropyOptions?)"/>
    /// <param name="labels">Int64 <c>[N]</c>, each 0 to K - 1.</param>
    /// <param name="reduction">Reduction of the row losses.</param>
    public Tensor NegativeLogLikelihood(Tensor labels, LossReduction reduction = LossReduction.Mean)
    {
        LossChecks.Rows("NegativeLogLikelihood", this, labels);
        LossChecks.Labels("NegativeLogLikelihood", labels, Shape[1]);
        return Gather(-1, labels.View([labels.Count, 1])).Reshape([labels.Count]).Negate().Reduce(reduction);
    }

    /// <summary>Computes the squared difference from a target.</summary>
    /// <param name="target">The target, of the same shape.</param>
    /// <param name="reduction">Reduction of the element losses.</param>
    /// <exception cref="ShapeMismatchException">The shapes differ.</exception>
    public Tensor MeanSquaredError(Tensor target, LossReduction reduction = LossReduction.Mean)
    {
        LossChecks.SameShape("MeanSquaredError", this, target);
        Tensor difference = this - target;
        return (difference * difference).Reduce(reduction);
    }

    /// <summary>
    /// Computes the Huber loss: <c>d² / 2</c> where <c>|d| &lt;= delta</c>, else <c>delta (|d| - delta / 2)</c>, with d
    /// the difference from the target.
    /// </summary>
    /// <param name="target">The target, of the same shape.</param>
    /// <param name="delta">Absolute difference above which the loss is linear; above 0.</param>
    /// <param name="reduction">Reduction of the element losses.</param>
    /// <exception cref="ShapeMismatchException">The shapes differ.</exception>
    public Tensor Huber(Tensor target, float delta = 1, LossReduction reduction = LossReduction.Mean)
    {
        LossChecks.SameShape("Huber", this, target);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(delta);
        return new BinaryOperation<HuberFunction>(this, target, new(delta)).Apply().Reduce(reduction);
    }

    /// <summary>
    /// Computes the binary cross-entropy of logits and targets, <c>softplus(x) - x t</c>, without overflow.
    /// </summary>
    /// <param name="target">Probabilities of the same shape, each 0 to 1; a constant.</param>
    /// <param name="reduction">Reduction of the element losses.</param>
    /// <exception cref="ShapeMismatchException">The shapes differ.</exception>
    public Tensor BinaryCrossEntropyWithLogits(Tensor target, LossReduction reduction = LossReduction.Mean)
    {
        LossChecks.SameShape("BinaryCrossEntropyWithLogits", this, target);
        return new BinaryCrossEntropyOperation(this, target).Apply().Reduce(reduction);
    }

    private Tensor Reduce(LossReduction reduction) => reduction switch
    {
        LossReduction.Mean => Mean(),
        LossReduction.Sum => Sum(),
        _ => this,
    };

    private Tensor SoftCrossEntropy(Tensor targets, CrossEntropyOptions options)
    {
        LossChecks.SameShape("CrossEntropy", this, targets);
        LossChecks.Options("CrossEntropy", this, options);
        int classes = Shape[-1];
        Tensor smoothed = options.LabelSmoothing == 0
            ? targets
            : targets.Affine(1 - options.LabelSmoothing, options.LabelSmoothing / classes);
        Tensor weighted =
            options.ClassWeights is null ? smoothed : smoothed * From<float>([.. options.ClassWeights], [classes]);
        return (weighted * LogSoftmax()).Sum([-1]).Negate().Reduce(options.Reduction);
    }
}

internal static class LossChecks
{
    internal static void Rows(string operation, Tensor x, Tensor labels)
    {
        if (x.Rank != 2 || labels.Rank != 1 || labels.Count != x.Shape[0])
        {
            throw new ShapeMismatchException(
                operation, x.Shape, labels.Shape, "expected rows [N, K] and int64 labels [N]");
        }
    }

    /// <summary>Throws if label smoothing or class weights do not fit the logits.</summary>
    internal static void Options(string operation, Tensor x, CrossEntropyOptions options)
    {
        if (!(options.LabelSmoothing is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(options), string.Create(
                CultureInfo.InvariantCulture,
                $"{operation}: label smoothing is out of range (got {options.LabelSmoothing}, expected 0 to 1)"));
        }

        if (options.ClassWeights is { } weights && weights.Count != x.Shape[-1])
        {
            throw new ShapeMismatchException(operation, x.Shape, $"[N, {weights.Count}], one class per weight");
        }
    }

    /// <summary>Throws if a label is out of range; as an index, a negative one would count from the end.</summary>
    internal static void Labels(string operation, Tensor labels, int classes)
    {
        foreach (long label in labels.To(DType.Int64).AsSpan<long>())
        {
            if ((ulong)label >= (ulong)classes)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(labels), $"{operation}: a label is out of range (got {label}, expected 0 to {classes - 1})");
            }
        }
    }

    internal static void SameShape(string operation, Tensor x, Tensor target)
    {
        if (!x.Shape.Equals(target.Shape))
        {
            throw new ShapeMismatchException(operation, x.Shape, target.Shape, "they must be equal");
        }
    }
}

/// <summary>
/// Cross-entropy. The forward pass also computes and stores the gradient; the backward pass only scales it.
/// </summary>
internal sealed class CrossEntropyOperation(Tensor x, Tensor labels, CrossEntropyOptions options) : Operation(x)
{
    private readonly float[] _weights = options.ClassWeights is null ? [] : [.. options.ClassWeights];
    private Tensor? _gradients;

    internal override string Name => "CrossEntropy";

    internal override Tensor[] Constants => [labels];

    protected override Tensor Forward()
    {
        LossChecks.Rows(Name, x, labels);
        (int rows, int classes) = (x.Shape[0], x.Shape[1]);
        LossChecks.Options(Name, x, options);
        ClassTargets targets = Targets();
        targets.Require(classes);
        Tensor losses = Tensor.Allocate([rows]);
        _gradients = Tensor.Allocate(x.Shape);
        ClassificationLoss.CrossEntropy(x.Physical(), targets, losses.Writable(), _gradients.Writable());
        if (options.Reduction == LossReduction.None)
        {
            return losses;
        }

        Tensor loss = Tensor.Allocate(Shape.Scalar);
        loss.Writable()[0] = (float)(Reductions.Sum(losses.Physical()) / Divisor());
        return loss;
    }

    /// <summary>Computes dx: the stored gradient of each row's loss, scaled by the gradient of the reduction.</summary>
    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape);
        if (options.Reduction == LossReduction.None)
        {
            Broadcasting.Apply(
                default(MultiplyKernel), _gradients!.Physical(), x.Shape.AsSpan(), gradient.Physical(), [x.Shape[0], 1],
                dx.Writable());
        }
        else
        {
            Elementwise.Apply(
                new Scale((float)(gradient.Physical()[0] / Divisor())), _gradients!.Physical(), dx.Writable());
        }

        inputs.Add(0, dx);
    }

    private double Divisor() => options.Reduction == LossReduction.Mean ? Targets().TotalWeight() : 1;

    private ClassTargets Targets() => new()
    {
        Labels = labels.Physical<long>(),
        Weights = _weights,
        Smoothing = options.LabelSmoothing,
    };
}

internal sealed class BinaryCrossEntropyOperation(Tensor x, Tensor target) : Operation(x)
{
    internal override string Name => "BinaryCrossEntropyWithLogits";

    internal override Tensor[] Constants => [target];

    protected override Tensor Forward()
    {
        Tensor y = Tensor.Allocate(x.Shape);
        ClassificationLoss.BinaryCrossEntropy(x.ToRowMajor().Physical(), target.ToRowMajor().Physical(), y.Writable());
        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape);
        ClassificationLoss.BinaryCrossEntropyGradient(
            x.ToRowMajor().Physical(), target.ToRowMajor().Physical(), dx.Writable());
        Elementwise.Apply(default(MultiplyKernel), dx.Physical(), gradient.ToRowMajor().Physical(), dx.Writable());
        inputs.Add(0, dx);
    }
}
