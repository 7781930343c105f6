namespace Temper.Kernels;

/// <summary>Target class of each row, with class weights and label smoothing.</summary>
internal readonly ref struct ClassTargets
{
    /// <summary>Class of each row, 0 to classes - 1.</summary>
    internal required ReadOnlySpan<long> Labels { get; init; }

    /// <summary>Weight of each class; empty: all 1.</summary>
    internal ReadOnlySpan<float> Weights { get; init; }

    /// <summary>Label smoothing: fraction of the target distributed over all classes, 0 to 1.</summary>
    internal float Smoothing { get; init; }

    /// <summary>Returns the weight of a row, which is the weight of its class.</summary>
    internal float WeightOf(int row) => Weights.IsEmpty ? 1 : Weights[(int)Labels[row]];

    /// <summary>Returns the sum of the rows' weights, by which a mean is divided, as in PyTorch.</summary>
    internal double TotalWeight()
    {
        double total = 0;
        for (int row = 0; row < Labels.Length; row++)
        {
            total += WeightOf(row);
        }

        return total;
    }

    /// <summary>Throws if a label is not a class.</summary>
    internal void Require(int classes)
    {
        foreach (long label in Labels)
        {
            if ((ulong)label >= (ulong)classes)
            {
                throw new ArgumentOutOfRangeException(
                    $"labels: label out of range (got {label}, expected 0 to {classes - 1})", innerException: null);
            }
        }
    }
}

/// <summary>Losses of classifiers per row of <c>[rows, classes]</c>, and their gradients.</summary>
internal static unsafe class ClassificationLoss
{
    /// <summary>
    /// Cross-entropy of logits. With target t = (1 - smoothing) w_label at the label, plus smoothing w_c / classes at
    /// every class c, the loss of a row is -Σ t_c log p_c and its gradient is p_c Σ t - t_c.
    /// </summary>
    /// <param name="logits"><c>[rows, classes]</c>.</param>
    /// <param name="targets">Labels, class weights and smoothing.</param>
    /// <param name="losses">Receives the loss of each row, without averaging.</param>
    /// <param name="gradients">
    /// Receives the gradient of each row's loss, <c>[rows, classes]</c>; may be <paramref name="logits"/>.
    /// </param>
    internal static void CrossEntropy(
        ReadOnlySpan<float> logits, in ClassTargets targets, Span<float> losses, Span<float> gradients)
    {
        int rows = losses.Length;
        Elementwise.RequireLength(targets.Labels.Length, rows);
        Elementwise.RequireLength(gradients.Length, logits.Length);
        if (logits.IsEmpty)
        {
            losses.Clear();
            return;
        }

        int classes = logits.Length / rows;
        targets.Require(classes);
        fixed (float* x = logits, loss = losses, gradient = gradients, weights = targets.Weights)
        fixed (long* labels = targets.Labels)
        {
            var body = new CrossEntropyBody
            {
                Logits = x, Labels = labels, Weights = weights, Losses = loss, Gradients = gradient,
                Rows = rows, Classes = classes, Smoothing = targets.Smoothing,
            };
            Chunks.Run(body, Chunks.Count(rows, body.RowsPerChunk));
        }
    }

    /// <summary>Negative log-likelihood: the loss of a row is -w_label x_label.</summary>
    internal static void NegativeLogLikelihood(
        ReadOnlySpan<float> logProbabilities, in ClassTargets targets, Span<float> losses)
    {
        int classes = losses.IsEmpty ? 0 : logProbabilities.Length / losses.Length;
        targets.Require(classes);
        for (int row = 0; row < losses.Length; row++)
        {
            losses[row] = -targets.WeightOf(row) * logProbabilities[(row * classes) + (int)targets.Labels[row]];
        }
    }

    /// <summary>
    /// Gradient of <see cref="NegativeLogLikelihood"/>: each row is multiplied by the gradient of its loss.
    /// </summary>
    internal static void NegativeLogLikelihoodGradient(
        in ClassTargets targets, ReadOnlySpan<float> dLosses, Span<float> dx)
    {
        int classes = dLosses.IsEmpty ? 0 : dx.Length / dLosses.Length;
        dx.Clear();
        for (int row = 0; row < dLosses.Length; row++)
        {
            dx[(row * classes) + (int)targets.Labels[row]] = -targets.WeightOf(row) * dLosses[row];
        }
    }

    /// <summary>Binary cross-entropy of logits: softplus(x) - x t, with t from 0 to 1.</summary>
    internal static void BinaryCrossEntropy(
        ReadOnlySpan<float> logits, ReadOnlySpan<float> targets, Span<float> losses) =>
        Elementwise.Apply(default(LogisticLoss), logits, targets, losses);

    /// <summary>Gradient of <see cref="BinaryCrossEntropy"/>: sigmoid(x) - t.</summary>
    internal static void BinaryCrossEntropyGradient(
        ReadOnlySpan<float> logits, ReadOnlySpan<float> targets, Span<float> gradients)
    {
        Transcendental.Sigmoid(logits, gradients);
        Elementwise.Apply(default(SubtractKernel), gradients, targets, gradients);
    }

    private readonly struct CrossEntropyBody : IChunkBody
    {
        internal float* Logits { get; init; }

        internal long* Labels { get; init; }

        internal float* Weights { get; init; }

        internal float* Losses { get; init; }

        internal float* Gradients { get; init; }

        internal int Rows { get; init; }

        internal int Classes { get; init; }

        internal float Smoothing { get; init; }

        internal int RowsPerChunk => Chunks.Rows(8 * Classes);

        public void Run(int chunk)
        {
            int end = Math.Min(Rows, (chunk + 1) * RowsPerChunk);
            for (int row = chunk * RowsPerChunk; row < end; row++)
            {
                long start = (long)row * Classes;
                Losses[row] = Row(Logits + start, Gradients + start, (int)Labels[row]);
            }
        }

        private float Row(float* x, float* gradient, int label)
        {
            float own = (1 - Smoothing) * (Weights == null ? 1 : Weights[label]);
            float spread = Smoothing / Classes;

            // Σ t and Σ t x are computed first, because the gradients may overwrite the logits.
            double total = own, dot = (double)own * x[label];
            if (Smoothing != 0)
            {
                for (int c = 0; c < Classes; c++)
                {
                    double t = spread * (Weights == null ? 1 : Weights[c]);
                    total += t;
                    dot += t * x[c];
                }
            }

            (float max, float sum) = Softmax.Exponentials(x, gradient, Classes);
            Elementwise.Serial(new Scale((float)(total / sum)), gradient, gradient, Classes);
            gradient[label] -= own;
            for (int c = 0; c < Classes && Smoothing != 0; c++)
            {
                gradient[c] -= spread * (Weights == null ? 1 : Weights[c]);
            }

            // -Σ t (x - max - log sum)
            return (float)((total * (max + Math.Log(sum))) - dot);
        }
    }
}
