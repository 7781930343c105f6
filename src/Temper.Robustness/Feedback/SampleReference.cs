using System.Numerics.Tensors;
using Temper.Data;
using Temper.Robustness.Attacks;
using Temper.Tensors;
using Tensor = Temper.Tensors.Tensor;

namespace Temper.Robustness.Feedback;

/// <summary>
/// Reference samples, usually the training samples. Their class means and the nearest samples of other classes are
/// goals of directions; distances to these samples also decide whether the label of an example is certain.
/// </summary>
public sealed class SampleReference
{
    private const int Chunk = 2048;

    private readonly Dataset _samples;
    private readonly int[] _labels;
    private readonly float[]?[] _means;

    /// <summary>Creates a reference; reads all samples once to compute the class means.</summary>
    /// <param name="samples">Samples with class labels.</param>
    /// <exception cref="ArgumentException">
    /// The targets are not class labels, or there are fewer than two classes.
    /// </exception>
    public SampleReference(Dataset samples)
    {
        if (samples.TargetShape is not null)
        {
            throw new ArgumentException($"SampleReference: needs class labels (got targets of {samples.TargetShape} in "
                + $"{samples.Name})", nameof(samples));
        }

        _samples = samples;
        _labels = [.. Enumerable.Range(0, samples.Count).Select(i => (int)samples.Label(i))];
        if (_labels.Distinct().Take(2).Count() < 2)
        {
            throw new ArgumentException($"SampleReference: needs samples of at least two classes (got {samples.Count} "
                + $"samples of one class in {samples.Name})", nameof(samples));
        }

        _means = Means();
    }

    /// <summary>Finds the nearest sample and the nearest class mean of other classes.</summary>
    /// <param name="inputs">Samples to compare with the reference.</param>
    /// <param name="labels">True class of each input.</param>
    /// <returns>One result per input, independent of the other inputs except for ties.</returns>
    internal OtherClasses[] Find(IReadOnlyList<float[]> inputs, IReadOnlyList<int> labels)
    {
        int size = _samples.SampleShape.Count;
        int[] nearest = Nearest(inputs, labels, size);
        return [.. inputs.Select((x, i) =>
        {
            float[] sample = new float[size];
            _samples.CopySample(nearest[i], sample);
            float[] mean = _means.Where((_, k) => k != labels[i])
                .OfType<float[]>().MinBy(mean => Perturbations.Distance(Norm.L2, mean, x))!;
            return new OtherClasses(sample, mean, Perturbations.Distance(Norm.L2, sample, x));
        })];
    }

    /// <summary>
    /// Computes |a - b|² = |a|² - 2 a b + |b|² in chunks, so that the reference may exceed the memory.
    /// </summary>
    private int[] Nearest(IReadOnlyList<float[]> inputs, IReadOnlyList<int> labels, int size)
    {
        int count = inputs.Count;
        int[] nearest = new int[count];
        double[] smallest = [.. Enumerable.Repeat(double.PositiveInfinity, count)];
        if (count == 0)
        {
            return nearest;
        }

        float[] rows = new float[checked(count * size)];
        for (int i = 0; i < count; i++)
        {
            inputs[i].CopyTo(rows, i * size);
        }

        using var scope = new TensorScope();
        Tensor turned = scope.Keep(Tensor.From(rows, [count, size]).Transpose());
        for (int start = 0; start < _samples.Count; start += Chunk)
        {
            scope.Reset();
            turned = scope.Keep(turned);
            int part = Math.Min(Chunk, _samples.Count - start);
            Tensor values = _samples.Read(start, part).Inputs.Reshape([part, size]);
            ReadOnlySpan<float> products = values.MatMul(turned).ToArray<float>(), all = values.AsSpan<float>();
            for (int row = 0; row < part; row++)
            {
                double squares = TensorPrimitives.SumOfSquares(all.Slice(row * size, size));
                for (int i = 0; i < count; i++)
                {
                    double distance = squares - (2.0 * products[(row * count) + i]);
                    if (distance < smallest[i] && _labels[start + row] != labels[i])
                    {
                        (smallest[i], nearest[i]) = (distance, start + row);
                    }
                }
            }
        }

        return nearest;
    }

    private float[]?[] Means()
    {
        int classes = _labels.Max() + 1, size = _samples.SampleShape.Count;
        double[][] sums = [.. Enumerable.Range(0, classes).Select(_ => new double[size])];
        int[] counts = new int[classes];
        float[] sample = new float[size];
        for (int i = 0; i < _samples.Count; i++)
        {
            _samples.CopySample(i, sample);
            double[] sum = sums[_labels[i]];
            for (int j = 0; j < size; j++)
            {
                sum[j] += sample[j];
            }

            counts[_labels[i]]++;
        }

        return [.. sums.Select(
            (sum, k) => counts[k] == 0 ? null : Array.ConvertAll(sum, value => (float)(value / counts[k])))];
    }
}
