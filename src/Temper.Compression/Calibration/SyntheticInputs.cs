using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Compression.Calibration;

/// <summary>
/// Synthesizes inputs from a network alone (ZeroQ, arXiv:2001.00281): noise is optimized until the mean and variance of
/// the input of every batch normalization match its running statistics.
/// </summary>
internal static class SyntheticInputs
{
    private const int Steps = 25;

    /// <summary>Number of samples optimized together; their joint statistics are matched.</summary>
    private const int BatchSize = 32;

    private const double Rate = 0.1;

    /// <summary>Synthesizes inputs.</summary>
    /// <param name="network">A network with one batched float32 input.</param>
    /// <param name="count">Number of inputs.</param>
    /// <param name="random">Random stream of the noise.</param>
    /// <param name="cancel">Cancels between steps.</param>
    /// <returns>
    /// Inputs <c>[N, ...]</c>, and whether the network has batch statistics to match. Without any, the inputs are
    /// noise.
    /// </returns>
    internal static (Tensor Inputs, bool HasStatistics) Make(
        Network network, int count, RandomStream random, CancellationToken cancel)
    {
        InputSpec input = network.Inputs is [{ DType: DType.Float32, IsBatched: true } only]
            ? only
            : throw new ArgumentException("compress: inputs can only be synthesized for a network with one batched "
                + $"float32 input (got {network.Inputs.Count} inputs); calibrate on samples instead");
        Node[] norms = [.. network.Nodes.Where(node => node.Operator is BatchNorm)];
        float[] all = new float[checked(count * input.SampleShape.Count)];
        for (int start = 0; start < count; start += BatchSize)
        {
            int rows = Math.Min(BatchSize, count - start);
            var batch = new Batch(network, input, norms, rows, random.Split(start));
            for (int step = 0; norms.Length > 0 && step < Steps; step++)
            {
                cancel.ThrowIfCancellationRequested();
                batch.Step(Rate * (1 + Math.Cos(Math.PI * step / Steps)) / 2);
            }

            batch.Values.CopyTo(all.AsSpan(start * input.SampleShape.Count));
        }

        return (Tensor.From(all, [count, .. input.SampleShape.AsSpan()]), norms.Length > 0);
    }

    /// <summary>One batch and the moments of Adam.</summary>
    private sealed class Batch
    {
        private readonly Network _network;
        private readonly Node[] _norms;
        private readonly Shape _shape;
        private readonly float _low;
        private readonly float _high;
        private readonly double[] _first;
        private readonly double[] _second;
        private int _step;

        internal Batch(Network network, InputSpec input, Node[] norms, int rows, RandomStream random)
        {
            (_network, _norms, _shape, _low, _high) =
                (network, norms, Shape.Create([rows, .. input.SampleShape.AsSpan()]), input.Minimum, input.Maximum);
            (Values, _first, _second) = (new float[_shape.Count], new double[_shape.Count], new double[_shape.Count]);
            RandomCursor cursor = random.Cursor();

            // Starts from mid-gray with noise if the input range is known, otherwise from noise of standard deviation
            // 1.
            (float middle, float scale) = IsBounded ? ((_low + _high) / 2, Range / 5) : (0, 1);
            for (int i = 0; i < Values.Length; i++)
            {
                Values[i] = Bounded(middle + (scale * cursor.NextGaussian()));
            }
        }

        internal float[] Values { get; }

        private bool IsBounded => float.IsFinite(_low) && float.IsFinite(_high);

        private float Range => IsBounded ? _high - _low : 1;

        /// <summary>
        /// Takes a step of Adam on the sum over normalizations of the mean over channels of <c>((mean - mu) / sigma)^2
        /// + (variance / sigma^2 - 1)^2</c>.
        /// </summary>
        internal void Step(double rate)
        {
            using var tape = new GradientTape();
            Tensor x = tape.Watch(Tensor.From(Values, _shape));
            Pass pass =
                Pass.Evaluation.Tap([.. _norms.Select(norm => norm.Inputs[0]).Distinct(StringComparer.Ordinal)]);
            _network.Forward(x, pass);
            (Tensor Output, Tensor Cotangent)[] slopes = [.. _norms.Select(norm =>
                (pass[norm.Inputs[0]], Slope(norm, pass[norm.Inputs[0]])))];
            ReadOnlySpan<float> gradient = tape.Gradient(slopes, [x])[x].AsSpan<float>();
            _step++;
            double corrected = rate * Range * Math.Sqrt(1 - Math.Pow(0.999, _step)) / (1 - Math.Pow(0.9, _step));
            for (int i = 0; i < Values.Length; i++)
            {
                double g = gradient[i];
                _first[i] += 0.1 * (g - _first[i]);
                _second[i] += 0.001 * ((g * g) - _second[i]);
                Values[i] = Bounded((float)(Values[i] - (corrected * _first[i] / (Math.Sqrt(_second[i]) + 1e-12))));
            }
        }

        private float Bounded(float value) => IsBounded ? Math.Clamp(value, _low, _high) : value;

        /// <summary>
        /// Computes the derivative of the loss with respect to the input of a normalization; channels are along axis 1.
        /// </summary>
        private Tensor Slope(Node norm, Tensor read)
        {
            float[] mu = _network.Buffers[norm.Buffers[0]].ToArray<float>(),
                sigma2 = _network.Buffers[norm.Buffers[1]].ToArray<float>(), a = read.ToArray<float>();
            int channels = mu.Length, inner = read.Shape.CountOf(2, read.Rank);
            BatchStatistics found = BatchStatistics.Of(read);
            for (int i = 0; i < a.Length; i++)
            {
                int c = i / inner % channels;
                double m = found.Mean[c], v = found.Variance[c], s2 = Math.Max(sigma2[c], 1e-6);
                a[i] = (float)(
                    ((2 * (m - mu[c]) / s2) + (4 * ((v / s2) - 1) * (a[i] - m) / s2)) / found.Count / channels);
            }

            return Tensor.From(a, read.Shape);
        }
    }
}
