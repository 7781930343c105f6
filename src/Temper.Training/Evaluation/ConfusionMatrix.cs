using System.Globalization;
using System.Text;

namespace Temper.Training.Evaluation;

/// <summary>
/// Confusion matrix: numbers of samples by actual and predicted class. Samples for which no class is predicted, because
/// an output of the network is not a number, count as wrong.
/// </summary>
public sealed class ConfusionMatrix
{
    /// <summary>
    /// The counts in row-major order, and then, by actual class, those of samples without a predicted class.
    /// </summary>
    private readonly long[] _counts;

    /// <summary>Creates a matrix of zeros.</summary>
    /// <param name="classes">Number of classes; 1 or more.</param>
    public ConfusionMatrix(int classes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        Classes = classes;
        _counts = new long[checked(classes * (classes + 1))];
    }

    internal ConfusionMatrix(int classes, long[] counts)
    {
        (Classes, _counts) = (classes, counts);
        Count = counts.Sum();
    }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    internal IReadOnlyList<long> Counts => _counts;

    /// <summary>Number of samples.</summary>
    public long Count { get; private set; }

    /// <summary>Number of samples for which no class is predicted.</summary>
    internal long Unanswered => _counts.Skip(Classes * Classes).Sum();

    /// <summary>Number of correctly classified samples.</summary>
    public long Correct
    {
        get
        {
            long sum = 0;
            for (int i = 0; i < Classes; i++)
            {
                sum += this[i, i];
            }

            return sum;
        }
    }

    /// <summary>Accuracy, 0 to 1; NaN without samples.</summary>
    public double Accuracy => (double)Correct / Count;

    /// <summary>
    /// Number of samples of class <paramref name="actual"/> that were predicted as class <paramref name="predicted"/>.
    /// </summary>
    /// <param name="actual">Actual class (row).</param>
    /// <param name="predicted">Predicted class (column).</param>
    public long this[int actual, int predicted] => _counts[Index(actual, predicted)];

    /// <summary>Counts one sample.</summary>
    /// <param name="actual">Actual class of the sample.</param>
    /// <param name="predicted">Predicted class of the sample.</param>
    /// <exception cref="ArgumentOutOfRangeException">A class is out of range.</exception>
    public void Add(int actual, int predicted)
    {
        _counts[Index(actual, predicted)]++;
        Count++;
    }

    /// <summary>Counts one sample for which no class is predicted.</summary>
    /// <param name="actual">Actual class of the sample.</param>
    internal void AddUnanswered(int actual)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)actual, (uint)Classes, nameof(actual));
        _counts[(Classes * Classes) + actual]++;
        Count++;
    }

    /// <summary>Recall of a class, 0 to 1; NaN for a class without samples.</summary>
    /// <param name="actual">The class.</param>
    public double Recall(int actual)
    {
        long row = 0;
        for (int i = 0; i < Classes; i++)
        {
            row += this[actual, i];
        }

        row += _counts[(Classes * Classes) + actual];
        return (double)this[actual, actual] / row;
    }

    /// <summary>Precision of a class, 0 to 1; NaN if the class was never predicted.</summary>
    /// <param name="predicted">The class.</param>
    public double Precision(int predicted)
    {
        long column = 0;
        for (int i = 0; i < Classes; i++)
        {
            column += this[i, predicted];
        }

        return (double)this[predicted, predicted] / column;
    }

    /// <summary>
    /// Formats the counts as text: one row per actual class, one column per predicted class, and a last column if there
    /// are samples without a predicted class.
    /// </summary>
    public override string ToString()
    {
        int width = Math.Max(3, _counts.Max().ToString(CultureInfo.InvariantCulture).Length + 1);
        var text = new StringBuilder();
        for (int i = 0; i < Classes; i++)
        {
            for (int j = 0; j < Classes; j++)
            {
                text.Append(this[i, j].ToString(CultureInfo.InvariantCulture).PadLeft(width));
            }

            if (Unanswered > 0)
            {
                long without = _counts[(Classes * Classes) + i];
                text.Append(without.ToString(CultureInfo.InvariantCulture).PadLeft(width));
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private int Index(int actual, int predicted)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)actual, (uint)Classes, nameof(actual));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)predicted, (uint)Classes, nameof(predicted));
        return (actual * Classes) + predicted;
    }
}
