using System.Buffers;
using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>
/// Batch normalization over axis 1, with an optional addition and ReLU in the same pass. Works on rows <c>[P, C]</c> of
/// channels-last memory; P is the product of all other axes.
/// </summary>
internal sealed class BatchNormOperation : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _scale;
    private readonly Tensor _shift;
    private readonly NormTail _tail;
    private Tensor? _rows;

    internal BatchNormOperation(Tensor x, Tensor scale, Tensor shift, NormTail tail)
        : base(tail.Residual is null ? [x, scale, shift] : [x, scale, shift, tail.Residual])
    {
        (_x, _scale, _shift, _tail) = (x, scale, shift, tail);
    }

    internal override string Name => "BatchNorm";

    internal override bool MixesSamples => IsTraining;

    internal required float Epsilon { get; init; }

    /// <summary>Whether the batch's own statistics are used, so that gradients flow through them.</summary>
    internal required bool IsTraining { get; init; }

    /// <summary>The statistics to use; null: they are computed from the batch.</summary>
    internal BatchStatistics? Statistics { get; set; }

    /// <summary>Sums statistics over all ranks; null: only this rank's batch is used.</summary>
    internal IStatisticsReducer? Reducer { get; init; }

    private int Channels => _scale.Count;

    protected override Tensor Forward()
    {
        Check();
        _rows = AsRows(_x);
        Statistics ??= Measure(_rows.Physical());
        if (Reducer is not null)
        {
            Statistics = Statistics.Joined(Reducer);
        }

        float[] rented = ArrayPool<float>.Shared.Rent(2 * Channels);
        Span<float> gain = rented.AsSpan(0, Channels);
        Span<float> offset = rented.AsSpan(Channels, Channels);
        ReadOnlySpan<float> scale = _scale.Physical();
        ReadOnlySpan<float> shift = _shift.Physical();
        for (int c = 0; c < Channels; c++)
        {
            gain[c] = scale[c] * InverseDeviation(c);
            offset[c] = shift[c] - (gain[c] * Statistics.Mean[c]);
        }

        Tensor y = Tensor.Allocate(_x.Shape, _rows.Layout);
        ReadOnlySpan<float> residual = _tail.Residual is null ? default : AsRows(_tail.Residual).Physical();
        Normalization.Apply(_rows.Physical(), gain, offset, residual, _tail.Relu, y.Writable());
        ArrayPool<float>.Shared.Return(rented);
        return y;
    }

    /// <summary>
    /// Computes the gradients. With x̂ = (x - mean) / σ and P rows: dshift = Σ dy, dscale = Σ dy x̂, and dx = scale / σ
    /// (dy - dshift / P - x̂ dscale / P). With given statistics the last two terms are omitted.
    /// </summary>
    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dy = AsRows(gradient);
        ReadOnlySpan<float> mask = _tail.Relu ? output.Physical() : default;
        double[] rented = ArrayPool<double>.Shared.Rent(2 * Channels);
        Span<double> sums = rented.AsSpan(0, 2 * Channels);
        if (IsTraining || inputs.Wants(1) || inputs.Wants(2))
        {
            Normalization.GradientSums(dy.Physical(), mask, _rows!.Physical(), Statistics!.Mean, sums);
            AddParameterGradients(sums, inputs);

            // The parameter gradients are summed over this rank's samples only; the input gradient needs the sums
            // over all ranks.
            Reducer?.Sum(sums);
        }

        bool wantsResidual = _tail.Residual is not null && inputs.Wants(3);
        if (inputs.Wants(0) || wantsResidual)
        {
            Tensor? dx = inputs.Wants(0) ? Tensor.Allocate(_x.Shape, _rows!.Layout) : null;
            Tensor? masked = wantsResidual && _tail.Relu ? Tensor.Allocate(_x.Shape, _rows!.Layout) : null;
            float[] factors = ArrayPool<float>.Shared.Rent(3 * Channels);
            FillFactors(sums, factors.AsSpan(0, 3 * Channels));
            Normalization.Gradient(
                dy.Physical(), mask, _rows!.Physical(), factors.AsSpan(0, 3 * Channels),
                dx is null ? default : dx.Writable(), masked is null ? default : masked.Writable());
            ArrayPool<float>.Shared.Return(factors);
            if (dx is not null)
            {
                inputs.Add(0, dx);
            }

            if (wantsResidual)
            {
                inputs.Add(3, masked ?? dy);
            }
        }

        ArrayPool<double>.Shared.Return(rented);
    }

    private void AddParameterGradients(ReadOnlySpan<double> sums, InputGradients inputs)
    {
        Tensor dscale = Tensor.Allocate(_scale.Shape);
        Tensor dshift = Tensor.Allocate(_shift.Shape);
        for (int c = 0; c < Channels; c++)
        {
            dshift.Writable()[c] = (float)sums[c];
            dscale.Writable()[c] = (float)(sums[Channels + c] * InverseDeviation(c));
        }

        inputs.Add(1, dscale);
        inputs.Add(2, dshift);
    }

    /// <summary>Computes the factors a, b and c of <c>dx = a dy + b x + c</c>, the form used by the kernel.</summary>
    private void FillFactors(ReadOnlySpan<double> sums, Span<float> factors)
    {
        double rows = IsTraining ? Statistics!.Count : double.PositiveInfinity;
        for (int c = 0; c < Channels; c++)
        {
            double inverse = InverseDeviation(c);
            double a = _scale.Physical()[c] * inverse;
            double b = IsTraining ? -a * inverse * inverse * sums[Channels + c] / rows : 0;
            factors[c] = (float)a;
            factors[Channels + c] = (float)b;
            factors[(2 * Channels) + c] = IsTraining ? (float)((-a * sums[c] / rows) - (b * Statistics!.Mean[c])) : 0;
        }
    }

    private float InverseDeviation(int channel) =>
        (float)(1 / Math.Sqrt(Statistics!.Variance[channel] + (double)Epsilon));

    private BatchStatistics Measure(ReadOnlySpan<float> rows)
    {
        float[] mean = new float[Channels];
        float[] variance = new float[Channels];
        Normalization.Statistics(rows, mean, variance);
        return new BatchStatistics(mean, variance, rows.Length / Math.Max(Channels, 1));
    }

    private static Tensor AsRows(Tensor x) => x.Rank == 4 ? x.InLayout(Layout.ChannelsLast) : x.ToRowMajor();

    private void Check()
    {
        if (_x.Rank is not (2 or 4))
        {
            throw new ShapeMismatchException(Name, _x.Shape, "[N, C, ...]");
        }

        if (_scale.Rank != 1 || !_scale.Shape.Equals(_shift.Shape) || _x.Shape[1] != Channels)
        {
            throw new ShapeMismatchException(
                Name, _x.Shape, _scale.Shape, "scale and shift must be [C], C being the length of the input's axis 1");
        }

        if (Statistics is not null && (Statistics.Mean.Length != Channels || Statistics.Variance.Length != Channels))
        {
            throw new ShapeMismatchException(Name, _x.Shape, $"{Statistics.Mean.Length} channels, the number of means");
        }

        if (_tail.Residual is not null && !_tail.Residual.Shape.Equals(_x.Shape))
        {
            throw new ShapeMismatchException(
                Name, _tail.Residual.Shape, _x.Shape, "the added tensor must have the result's shape");
        }
    }
}
