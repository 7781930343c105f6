namespace Temper.Testing.References;

/// <summary>Reference implementations of normalizations, softmax and losses, directly from their formulas.</summary>
public static class ReferenceLayers
{
    /// <summary>Channels are axis 1; uses the given statistics.</summary>
    public static Grid BatchNorm(Grid x, Grid scale, Grid shift, double[] mean, double[] variance, double epsilon) => Grid.Of(x.Lengths, at =>
        (scale[at[1]] * (x[at] - mean[at[1]]) / Math.Sqrt(variance[at[1]] + epsilon)) + shift[at[1]]);

    /// <summary>Channels are axis 1; uses the statistics of the batch.</summary>
    public static Grid BatchNormTraining(Grid x, Grid scale, Grid shift, double epsilon)
    {
        double[][] channels = [.. Enumerable.Range(0, x.Lengths[1]).Select(c => Grid.Indices(x.Lengths).Where(at => at[1] == c).Select(at => x[at]).ToArray())];
        return BatchNorm(
            x, scale, shift, [.. channels.Select(ReferenceArithmetic.Mean)], [.. channels.Select(c => ReferenceArithmetic.Variance(c, 0))], epsilon);
    }

    public static Grid LayerNorm(Grid x, Grid scale, Grid shift, double epsilon) => Grid.Of(x.Lengths, at =>
    {
        double[] row = RowOf(x, at, x.Rank - 1);
        return (scale[at[^1]] * (x[at] - row.Average()) / Math.Sqrt(ReferenceArithmetic.Variance(row, 0) + epsilon)) + shift[at[^1]];
    });

    /// <summary>Normalizes by the statistics over all values of a sample in a group of channels.</summary>
    public static Grid GroupNorm(Grid x, int groups, Grid scale, Grid shift, double epsilon) => Grid.Of(x.Lengths, at =>
    {
        int channels = x.Lengths[1] / groups;
        double[] group = [.. Grid.Indices(x.Lengths).Where(i => i[0] == at[0] && i[1] / channels == at[1] / channels).Select(i => x[i])];
        return (scale[at[1]] * (x[at] - group.Average()) / Math.Sqrt(ReferenceArithmetic.Variance(group, 0) + epsilon)) + shift[at[1]];
    });

    public static Grid LogSoftmax(Grid x, int axis) => Grid.Of(x.Lengths, at => x[at] - Math.Log(RowOf(x, at, axis).Sum(Math.Exp)));

    /// <summary>
    /// Computes (1 - s) w_y (-log p_y) + s / K Σ w_c (-log p_c) for each row; the mean divides by Σ w_y, as
    /// torch.nn.functional.cross_entropy does.
    /// </summary>
    public static Grid CrossEntropy(Grid x, long[] labels, double smoothing, double[]? weights, string reduction)
    {
        Grid log = LogSoftmax(x, 1);
        int classes = x.Lengths[1];
        double[] w = weights ?? [.. Enumerable.Repeat(1.0, classes)];
        double[] losses = [.. labels.Select((label, row) =>
        {
            double all = Enumerable.Range(0, classes).Sum(c => -w[c] * log[row, c]);
            return (-(1 - smoothing) * w[label] * log[row, (int)label]) + (smoothing / classes * all);
        })];
        return Reduced(losses, [losses.Length], reduction, labels.Sum(label => w[label]));
    }

    /// <summary>
    /// Computes -Σ w_c t_c log p_c with targets t = (1 - s) target + s / K; the mean divides by the number of rows.
    /// </summary>
    public static Grid SoftCrossEntropy(Grid x, Grid targets, double smoothing, double[]? weights, string reduction)
    {
        Grid log = LogSoftmax(x, 1);
        int classes = x.Lengths[1];
        double[] losses = [.. Enumerable.Range(0, x.Lengths[0]).Select(row => Enumerable.Range(0, classes).Sum(c =>
            -(weights?[c] ?? 1) * (((1 - smoothing) * targets[row, c]) + (smoothing / classes)) * log[row, c]))];
        return Reduced(losses, [losses.Length], reduction, losses.Length);
    }

    /// <summary>Applies a loss to each pair of elements, then a reduction: mean, sum or none.</summary>
    public static Grid Loss(Grid x, Grid target, Func<double, double, double> f, string reduction)
    {
        Grid losses = ReferenceArithmetic.Pairs(x, target, f);
        return Reduced(losses.Values, losses.Lengths, reduction, losses.Values.Length);
    }

    public static Grid Reduced(double[] losses, int[] lengths, string reduction, double divisor) => reduction switch
    {
        "Mean" => Grid.Scalar(losses.Sum() / divisor),
        "Sum" => Grid.Scalar(losses.Sum()),
        _ => new Grid(lengths, losses),
    };

    private static double[] RowOf(Grid x, int[] at, int axis) => [.. Enumerable.Range(0, x.Lengths[axis]).Select(i =>
    {
        int[] place = [.. at];
        place[axis] = i;
        return x[place];
    })];
}
