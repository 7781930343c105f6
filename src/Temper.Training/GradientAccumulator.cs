namespace Temper.Training;

/// <summary>Adds up the gradients of several batches that make one optimizer step.</summary>
/// <param name="batches">Batches per step; 1: gradients pass through.</param>
internal sealed class GradientAccumulator(int batches)
{
    private Gradients? _sum;
    private float _weight;
    private int _count;

    /// <summary>
    /// Returns the mean of the accumulated gradients, weighted by batch size; null while batches are still missing.
    /// </summary>
    /// <param name="gradients">Gradients of one batch; this object takes ownership.</param>
    /// <param name="weight">Number of samples of the batch divided by that of a full batch.</param>
    /// <param name="isLast">Whether the epoch has no more batches.</param>
    internal Gradients? Add(Gradients gradients, float weight, bool isLast)
    {
        if (batches == 1)
        {
            return gradients;
        }

        if (_sum is null)
        {
            gradients.Scale(weight);
            (_sum, _weight, _count) = (gradients, weight, 1);
        }
        else
        {
            _sum.Add(gradients, weight);
            gradients.Dispose();
            (_weight, _count) = (_weight + weight, _count + 1);
        }

        if (_count < batches && !isLast)
        {
            return null;
        }

        Gradients mean = _sum;
        mean.Scale(1 / _weight);
        _sum = null;
        return mean;
    }

    /// <summary>Drops gradients that wait for more batches.</summary>
    internal void Clear()
    {
        _sum?.Dispose();
        _sum = null;
    }
}
