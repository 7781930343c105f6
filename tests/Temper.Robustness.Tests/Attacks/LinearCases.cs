using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Tests.Attacks;

/// <summary>A linear network and samples whose exact distances to the boundary are known.</summary>
/// <param name="Network">Network with logits W x + b.</param>
/// <param name="W">Weights <c>[K, D]</c>.</param>
/// <param name="B">Biases <c>[K]</c>.</param>
/// <param name="Inputs">Samples <c>[N, ...]</c>.</param>
/// <param name="Labels">Predicted classes, used as labels.</param>
internal sealed record LinearCase(Network Network, float[] W, float[] B, Tensor Inputs, long[] Labels)
{
    internal const int Samples = 12;

    private int Classes => B.Length;

    private int Size => W.Length / B.Length;

    internal Criterion Untargeted => Criterion.Misclassified(Labels);

    internal long[] Targets => [.. Labels.Select(label => (label + 1) % Classes)];

    internal static LinearCase Make(int classes, string shape, bool isAtBounds, int seed)
    {
        int[] lengths = [.. shape.Split('x').Select(int.Parse)];
        RandomCursor random = RandomStream.FromSeed((ulong)seed).Split($"{classes} {shape} {isAtBounds}").Cursor();
        int size = lengths.Aggregate(1, (a, b) => a * b);
        float[] w = [.. Enumerable.Range(0, classes * size).Select(_ => random.NextGaussian())];
        float[] x = [.. Enumerable.Range(0, Samples * size).Select(_ => isAtBounds && random.NextBoolean(0.6f) ? (random.NextBoolean() ? 1f : 0) : random.NextSingle(0.2f, 0.8f))];

        // Biases make all logits equal at the center of the box, so that boundaries run through the box.
        float[] b = [.. Enumerable.Range(0, classes).Select(k => -0.5f * w.AsSpan(k * size, size).ToArray().Sum())];
        Network network = Network.Build(InputSpec.Image(1, 1, 1) with { SampleShape = Shape.Create(lengths) }, v => (lengths.Length > 1 ? v.Flatten() : v).Linear(classes, name: "fc"))
            .Initialize(RandomStream.FromSeed(1));
        network = network.WithParameters([
            network.Parameters["fc.weight"] with { Value = Tensor.From(w, [classes, size]) },
            network.Parameters["fc.bias"] with { Value = Tensor.From(b, [classes]) },
        ]);
        var made = new LinearCase(network, w, b, Tensor.From(x, [Samples, .. lengths]), new long[Samples]);
        for (int i = 0; i < Samples; i++)
        {
            double[] z = [.. Enumerable.Range(0, classes).Select(k => made.Logit(k, x.AsSpan(i * size, size)))];
            made.Labels[i] = Array.IndexOf(z, z.Max());
        }

        return made;
    }

    /// <summary>
    /// Returns the exact distance of a sample: that to the nearest half-space of another class, within the box.
    /// </summary>
    internal double Exact(int sample, Norm norm) => Enumerable.Range(0, Classes).Where(k => k != Labels[sample])
        .Min(k => Exact(Inputs.AsSpan<float>().Slice(sample * Size, Size).ToArray(), k, (int)Labels[sample], norm));

    /// <summary>
    /// Returns by how much cross-entropy could grow, to first order, along a straight line within the L-infinity ball
    /// and the bounds: from a point, and as a scale from the clean sample if it had the same gradient.
    /// </summary>
    internal (double Gain, double Scale) LinearGain(int sample, float[] at, double radius)
    {
        float[] clean = Inputs.AsSpan<float>().Slice(sample * Size, Size).ToArray();
        double[] z = [.. Enumerable.Range(0, Classes).Select(k => Logit(k, at))];
        double most = z.Max(), sum = z.Sum(value => Math.Exp(value - most)), gain = 0, scale = 0;
        int label = (int)Labels[sample];
        for (int i = 0; i < Size; i++)
        {
            double slope = Enumerable.Range(0, Classes).Sum(k => (Math.Exp(z[k] - most) / sum) * ((double)W[(k * Size) + i] - W[(label * Size) + i]));
            double low = Math.Max(clean[i] - radius, 0), high = Math.Min(clean[i] + radius, 1);
            gain += Math.Max(slope * (high - at[i]), slope * (low - at[i]));
            scale += Math.Max(slope * (high - clean[i]), slope * (low - clean[i]));
        }

        return (gain, scale);
    }

    /// <summary>Returns the exact distance to class k, by bisection for the multiplier in double precision.</summary>
    private double Exact(float[] x, int k, int label, Norm norm)
    {
        double[] v = [.. Enumerable.Range(0, Size).Select(i => (double)W[(k * Size) + i] - W[(label * Size) + i])];
        double rise = Logit(label, x) - Logit(k, x), low = 0, high = 1e9;
        if (Gain(high) < rise)
        {
            return double.PositiveInfinity;
        }

        for (int round = 0; round < 200; round++)
        {
            double middle = (low + high) / 2;
            (low, high) = Gain(middle) < rise ? (middle, high) : (low, middle);
        }

        return norm == Norm.Linf ? Step(high).Max(Math.Abs) : Math.Sqrt(Step(high).Sum(d => d * d));

        double Gain(double t) => Step(t).Zip(v).Sum(pair => pair.First * pair.Second);
        double[] Step(double t) => [.. v.Select((direction, i) => Math.Clamp(t * (norm == Norm.Linf ? Math.Sign(direction) : direction), -(double)x[i], 1.0 - x[i]))];
    }

    /// <summary>
    /// Returns the exact 2-norm distance to the region where the target class wins, by Dykstra's alternating
    /// projections.
    /// </summary>
    internal double ExactTargeted(int sample)
    {
        int target = (int)Targets[sample];
        double[] x = new double[Size], y = new double[Size], v = new double[Size];
        float[] clean = Inputs.AsSpan<float>().Slice(sample * Size, Size).ToArray();
        double[][] memory = [.. Enumerable.Range(0, Classes + 1).Select(_ => new double[Size])];
        Array.Copy(clean, x, Size);
        for (int round = 0; round < 5000; round++)
        {
            for (int k = 0; k <= Classes; k++)
            {
                if (k == target)
                {
                    continue;
                }

                double lacking = k == Classes ? 0 : B[k] - B[target], squares = 0;
                for (int i = 0; i < Size; i++)
                {
                    y[i] = x[i] + memory[k][i];
                    v[i] = k == Classes ? 0 : (double)W[(target * Size) + i] - W[(k * Size) + i];
                    lacking -= v[i] * y[i];
                    squares += v[i] * v[i];
                }

                double factor = lacking > 0 && squares > 0 ? lacking / squares : 0;
                for (int i = 0; i < Size; i++)
                {
                    x[i] = k == Classes ? Math.Clamp(y[i], 0, 1) : y[i] + (factor * v[i]);
                    memory[k][i] = y[i] - x[i];
                }
            }
        }

        bool isReached = Enumerable.Range(0, Classes).All(k => k == target || LogitOf(target, x) >= LogitOf(k, x) - 1e-4);
        return isReached ? Math.Sqrt(x.Select((value, i) => (value - clean[i]) * (value - clean[i])).Sum()) : double.PositiveInfinity;
    }

    private double Logit(int k, ReadOnlySpan<float> x)
    {
        double sum = B[k];
        for (int i = 0; i < x.Length; i++)
        {
            sum += (double)W[(k * Size) + i] * x[i];
        }

        return sum;
    }

    private double LogitOf(int k, double[] x) => B[k] + x.Select((value, i) => (double)W[(k * Size) + i] * value).Sum();
}
