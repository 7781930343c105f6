using Temper.Tensors;

namespace Temper.Data.Tables;

/// <summary>The rows of a table as samples <c>[D]</c>.</summary>
internal sealed class TableDataset(string name, Table table, TableClasses classes) : Dataset
{
    private readonly long[] _labels = classes.IndicesOf(table);

    public override string Name => name;

    public override int Count => _labels.Length;

    public override Shape SampleShape { get; } = [table.Features.Count];

    public override IReadOnlyList<string> ClassNames => classes.Names;

    public override void CopySample(int index, Span<float> sample) =>
        table.Values.AsSpan(index * sample.Length, sample.Length).CopyTo(sample);

    public override long Label(int index) => _labels[index];
}

/// <summary>Samples whose values have mean 0 and deviation 1 in the training set.</summary>
internal sealed class StandardizedDataset(Dataset source, double[] means, double[] deviations) : WrappedDataset(source)
{
    /// <summary>
    /// Standardizes both sets with the means and deviations of the training set. A value that is the same in all
    /// training samples is only shifted.
    /// </summary>
    internal static DataSets Of(DataSets sets)
    {
        int size = sets.Train.SampleShape.Count;
        double[] means = new double[size], deviations = new double[size];
        AddUp(sets.Train, means, (value, _) => value);
        AddUp(sets.Train, deviations, (value, i) => (value - means[i]) * (value - means[i]));
        for (int i = 0; i < size; i++)
        {
            deviations[i] = deviations[i] > 0 ? Math.Sqrt(deviations[i]) : 1;
        }

        return sets.Select(set => new StandardizedDataset(set, means, deviations));
    }

    public override void CopySample(int index, Span<float> sample)
    {
        Source.CopySample(index, sample);
        for (int i = 0; i < sample.Length; i++)
        {
            sample[i] = (float)((sample[i] - means[i]) / deviations[i]);
        }
    }

    /// <summary>Computes the mean of a function of each value over the samples.</summary>
    private static void AddUp(Dataset set, double[] means, Func<float, int, double> function)
    {
        float[] sample = new float[means.Length];
        for (int row = 0; row < set.Count; row++)
        {
            set.CopySample(row, sample);
            for (int i = 0; i < sample.Length; i++)
            {
                means[i] += function(sample[i], i);
            }
        }

        // Divided last: the sum of equal single-precision values is exact, so the mean of a constant is the constant.
        for (int i = 0; i < means.Length; i++)
        {
            means[i] /= Math.Max(set.Count, 1);
        }
    }
}
