using System.Globalization;
using Temper.Kernels;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Feedback;

/// <summary>
/// Measures the distance of samples from the decision boundary in several families of directions (after the idea of
/// arXiv:1909.05443, with formulas of Temper's own). All families but the adversarial one need only forward passes and
/// so work with any <see cref="DelegateTarget"/>.
/// </summary>
/// <example><code>
/// ProbeResult found = DecisionSpaceProbe.Run(
///     new NetworkTarget(network), images, labels, new SampleReference(train), RandomStream.FromSeed(1));
/// DecisionSpace space = DecisionSpace.Of(found);
/// </code></example>
public static class DecisionSpaceProbe
{
    /// <summary>Probes every sample that the target classifies correctly.</summary>
    /// <param name="target">Network to measure.</param>
    /// <param name="inputs">Clean samples, float32 <c>[N, ...]</c>, within the target's bounds.</param>
    /// <param name="labels">True classes, <c>[N]</c>.</param>
    /// <param name="reference">
    /// Samples of other classes, used as goals of directions; null: families that need them are skipped.
    /// </param>
    /// <param name="random">
    /// Source of random numbers. The numbers drawn for a sample depend on this stream and the sample's content only.
    /// </param>
    /// <param name="options">Options of the probe; null: defaults, with all possible families.</param>
    /// <param name="cancel">Cancels the probe.</param>
    /// <returns>
    /// One result per path, bitwise identical for every batch size, order of the samples and number of threads.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The inputs or labels do not match the target, or an option is out of range.
    /// </exception>
    /// <exception cref="NotSupportedException">A requested family cannot be measured on this target.</exception>
    /// <exception cref="InvalidDataException">Logits are not finite.</exception>
    /// <exception cref="OperationCanceledException">The probe was canceled.</exception>
    public static ProbeResult Run(
        AttackTarget target, Tensor inputs, ReadOnlySpan<long> labels, SampleReference? reference, RandomStream random,
        ProbeOptions? options = null,
        CancellationToken cancel = default)
    {
        options = (options ?? new ProbeOptions()).Validated();
        IReadOnlyList<DirectionFamily> families = options.Families
            ?? DirectionFamily.For(target, reference is not null);
        if (families.Select(family => family.ReasonAgainst(target, reference is not null)).FirstOrDefault(
            reason => reason is not null) is { } problem)
        {
            throw new NotSupportedException($"probe: {problem}; remove this family");
        }

        ProbeChecks.Check(target, inputs, labels);
        ProbedSample[] samples = Samples(target, inputs, labels, random);
        int[] predictions = Predict(target, inputs, samples);
        ProbedSample[] right = [.. samples.Where(sample => predictions[sample.Index] == sample.Label
            && sample.CleanMargin >= 0)];
        if (reference is not null)
        {
            OtherClasses[] others =
                reference.Find([.. right.Select(sample => sample.Clean)], [.. right.Select(sample => sample.Label)]);
            for (int i = 0; i < right.Length; i++)
            {
                right[i].Others = others[i];
            }
        }

        ProbedPath[] paths = new ProbeRunner(target, right, families, options).Run(cancel);
        return new ProbeResult(
            [.. samples.Select(sample => sample.Label)], predictions, families, paths, target.Classes);
    }

    private static ProbedSample[] Samples(
        AttackTarget target, Tensor inputs, ReadOnlySpan<long> labels, RandomStream random)
    {
        int size = target.SampleShape.Count;
        var samples = new ProbedSample[labels.Length];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = new ProbedSample(
                target, i, inputs.AsSpan<float>().Slice(i * size, size).ToArray(), (int)labels[i], random);
        }

        return samples;
    }

    private static int[] Predict(AttackTarget target, Tensor inputs, ProbedSample[] samples)
    {
        float[] logits = new float[samples.Length * target.Classes];
        target.Scores(inputs.AsSpan<float>(), samples.Length, logits);
        int[] predictions = new int[samples.Length];
        foreach (ProbedSample sample in samples)
        {
            (sample.CleanMargin, predictions[sample.Index]) =
                ProbeSearch.MarginOf(
                    logits.AsSpan(sample.Index * target.Classes, target.Classes), sample.Label, sample.Index);
        }

        return predictions;
    }
}

/// <summary>Checks of arguments before a probe starts.</summary>
internal static class ProbeChecks
{
    internal static void Check(AttackTarget target, Tensor inputs, ReadOnlySpan<long> labels)
    {
        bool fits = inputs.DType == DType.Float32 && inputs.Rank >= 1 && inputs.Shape[0] == labels.Length
            && Shape.Create(inputs.Shape.AsSpan()[1..]).Equals(target.SampleShape);
        if (!fits)
        {
            throw new ArgumentException(
                $"probe: wrong inputs or labels (got {inputs.DType} {inputs.Shape} and {labels.Length} labels, "
                + $"expected float32 [N, ...] of {target.SampleShape} and N labels)");
        }

        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] < 0 || labels[i] >= target.Classes)
            {
                throw new ArgumentException($"probe: invalid label of sample {i} (got {labels[i]}, "
                    + $"expected 0 to {target.Classes - 1})");
            }
        }

        ReadOnlySpan<float> values = inputs.AsSpan<float>();
        for (int i = 0; i < values.Length; i++)
        {
            if (!(values[i] >= target.Minimum && values[i] <= target.Maximum))
            {
                throw new ArgumentException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"probe: input of sample {i / target.SampleShape.Count} is outside the bounds "
                    + $"(got {values[i]}, expected {target.Minimum} to {target.Maximum}); scale the data or state "
                    + $"other input bounds"));
            }
        }
    }
}

/// <summary>
/// Runs the searches of a probe. A limited number runs concurrently, with their queries combined into batches.
/// </summary>
internal sealed class ProbeRunner(
    AttackTarget target, ProbedSample[] samples, IReadOnlyList<DirectionFamily> families, ProbeOptions options)
{
    private readonly List<Running> _active = [];
    private readonly List<Running> _group = [];
    private readonly int _size = target.SampleShape.Count;
    private float[] _x = [], _gradients = [], _logits = [];

    internal ProbedPath[] Run(CancellationToken cancel)
    {
        (ProbedSample Sample, DirectionFamily Family, int Index)[] todo =
            [.. samples.SelectMany(sample => families.SelectMany(family =>
                Enumerable.Range(0, family.Count).Select(index => (sample, family, index))))];
        int window = Math.Min(options.BatchSize, Math.Max(todo.Length, 1)), next = 0;
        (_x, _logits) = (new float[window * _size], new float[window * target.Classes]);
        _gradients = families.Any(family => family.Needs == Access.Gradients) ? new float[window * _size] : [];
        var found = new ProbedPath[todo.Length];
        while (next < todo.Length || _active.Count > 0)
        {
            cancel.ThrowIfCancellationRequested();
            for (; _active.Count < window && next < todo.Length; next++)
            {
                (ProbedSample sample, DirectionFamily family, int index) = todo[next];
                var search = new ProbeSearch(sample, target.Classes);
                _active.Add(new Running(next, family, search, family.Find(search, index, options).GetEnumerator()));
            }

            WorkerPool.Current.Run(new Advance(_active), _active.Count);
            foreach (Running running in _active.Where(running => running.Path is not null))
            {
                found[running.Place] = running.Path!;
            }

            _active.RemoveAll(running => running.Path is not null);
            Answer(Ask.Scores);
            Answer(Ask.Gradient);
        }

        return found;
    }

    private void Answer(Ask ask)
    {
        _group.Clear();
        _group.AddRange(_active.Where(running => running.Queries.Current == ask));
        if (_group.Count == 0)
        {
            return;
        }

        for (int row = 0; row < _group.Count; row++)
        {
            _group[row].Search.X.CopyTo(_x, row * _size);
        }

        // The last batches are smaller than the window; a target sees only their rows.
        ReadOnlySpan<float> x = _x.AsSpan(0, _group.Count * _size);
        Span<float> logits = _logits.AsSpan(0, _group.Count * target.Classes);
        if (ask == Ask.Scores)
        {
            target.Scores(x, _group.Count, logits);
        }
        else
        {
            target.Gradient(x, _group.Count, logits, Slope, _gradients.AsSpan(0, x.Length));
        }

        for (int row = 0; row < _group.Count; row++)
        {
            ProbeSearch search = _group[row].Search;
            _logits.AsSpan(row * target.Classes, target.Classes).CopyTo(search.Logits);
            if (ask == Ask.Gradient)
            {
                _gradients.AsSpan(row * _size, _size).CopyTo(search.GradientBuffer());
            }

            search.Take(ask);
        }
    }

    private void Slope(int row, ReadOnlySpan<float> logits, Span<float> slope) =>
        new AttackLoss(LossKind.Margin, _group[row].Search.Sample.Label).Evaluate(logits, slope);

    /// <summary>A search and its state.</summary>
    private sealed record Running(int Place, DirectionFamily Family, ProbeSearch Search, IEnumerator<Ask> Queries)
    {
        /// <summary>Result of the search; null while it runs.</summary>
        internal ProbedPath? Path { get; private set; }

        internal void Advance()
        {
            if (Queries.MoveNext())
            {
                return;
            }

            BoundaryPoint point = Search.Found!;
            double length = point.Path.Length(point.T);

            // A zero direction leads nowhere: the distance is then the largest possible one.
            length = point.Exited || length > 0 ? length : point.Path.Limit;
            point.Path.Release();
            Path = new ProbedPath(
                Search.Sample.Index, Search.Sample.Label, Family.Name, Family.IsRay ? length : point.T, length,
                point.Exited, point.IsIsland, point.Winner,
                Search.Forwards, Search.Backwards)
            {
                Point = point, LacksGradient = Search.LacksGradient,
            };
        }
    }

    /// <summary>Advances every search by one step. Searches are independent, so their order does not matter.</summary>
    private sealed class Advance(List<Running> active) : IPoolWork
    {
        public void Run(int task, int thread) => active[task].Advance();
    }
}
