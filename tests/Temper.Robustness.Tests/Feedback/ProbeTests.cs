using Temper.Data;
using Temper.Kernels;
using Temper.Networks;
using Temper.Randomness;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;
using Temper.Robustness.Tests.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Tests.Feedback;

/// <summary>Checks probed distances against closed forms, dense scans and hand-made regions.</summary>
public sealed class ProbeTests
{
    private const int Count = 20;

    private static readonly Tensor Images = Uniform([Count, 1, 8, 8]);

    private static readonly Network Net = Balanced(Network.Build(InputSpec.Image(1, 8, 8), x => x
        .Conv2d(6, kernel: 3).Relu().MaxPool2d(2).Flatten().Linear(16).Relu().Linear(4, name: "last")).Initialize(RandomStream.FromSeed(3)));

    private static readonly long[] Labels = Net.Forward(Images).ArgMax(1).ToArray<long>();

    [Theory]
    [InlineData(2, "6")]
    [InlineData(3, "12")]
    [InlineData(10, "1x5x5")]
    public void Rays_are_exact_on_linear_networks(int classes, string shape)
    {
        LinearCase linear = LinearCase.Make(classes, shape, isAtBounds: false, seed: 5);
        ProbeResult found = DecisionSpaceProbe.Run(
            new NetworkTarget(linear.Network), linear.Inputs, linear.Labels, null, RandomStream.FromSeed(1), new ProbeOptions { Families = [new RandomDirections { Rays = 5 }] });
        Assert.Equal(5 * linear.Labels.Length, found.Paths.Count);
        int compared = 0;
        foreach (ProbedPath path in found.Paths)
        {
            // The direction is measured with a short step, which stays within the box.
            float[] clean = path.Point!.Path.Sample.Clean;
            double[] u = Difference(path.Point.Path, 0.05);
            double exact = Enumerable.Range(0, classes).Where(k => k != path.Label).Min(k => Crossing(linear, k, path.Label, clean, u));
            if (clean.Zip(u, (x, d) => x + (exact * d)).All(value => value is > 0 and < 1))
            {
                compared++;
                Assert.True(path.Exited && !path.IsIsland);
                Assert.Equal(exact, path.Distance, 3e-4 * exact);
            }
        }

        Assert.True(compared >= 5, $"{compared} rays crossed the boundary within the box");
    }

    [Fact]
    public void Adversarial_rays_meet_the_nearest_point_of_a_plane()
    {
        LinearCase linear = LinearCase.Make(2, "8", isAtBounds: false, seed: 2);
        ProbeResult found = DecisionSpaceProbe.Run(
            new NetworkTarget(linear.Network), linear.Inputs, linear.Labels, null, RandomStream.FromSeed(1), new ProbeOptions { Families = [new AdversarialDirection()] });
        int compared = 0;
        foreach (ProbedPath path in found.Paths.Where(path => path.Exited))
        {
            // No boundary point is nearer than the exact distance; it is farther only where the box bends the ray.
            double exact = linear.Exact(path.Sample, Norm.L2);
            Assert.True(path.Distance >= exact * (1 - 1e-4), $"{path.Distance} is nearer than possible ({exact})");
            compared += Math.Abs(path.Distance - exact) <= 4e-4 * exact ? 1 : 0;
        }

        Assert.True(compared >= linear.Labels.Length / 2, $"{compared} of {linear.Labels.Length} distances are exact");
    }

    /// <summary>They count with the largest distance, so that a network that hides its gradients must not pass for robust.</summary>
    [Theory]
    [InlineData(0f)]
    [InlineData(float.NaN)]
    public void Directions_without_a_gradient_are_counted_and_told(float gradient)
    {
        LinearCase linear = LinearCase.Make(2, "8", isAtBounds: false, seed: 2);
        var target = new NetworkTarget(linear.Network);
        DecisionSpace masked = Space(new SameGradient(target, gradient)), plain = Space(target);
        Assert.Equal([linear.Labels.Length, 0], masked.Families.Select(family => family.WithoutGradient));
        Assert.Equal([0, 0], plain.Families.Select(family => family.WithoutGradient));
        string text = $"no gradient (zero or NaN) for {linear.Labels.Length} of {linear.Labels.Length} adversarial directions";
        Assert.Contains(Warnings(masked), warning => warning.Text.StartsWith(text, StringComparison.Ordinal));
        Assert.Single(Warnings(plain));

        DecisionSpace Space(AttackTarget probed) => DecisionSpace.Of(DecisionSpaceProbe.Run(
            probed, linear.Inputs, linear.Labels, null, RandomStream.FromSeed(1), new ProbeOptions { Families = [new AdversarialDirection(), new RandomDirections { Rays = 1 }] }));
        static IEnumerable<Warning> Warnings(DecisionSpace space) => DecisionSpaceSection.Of(space, [])[0].Blocks.OfType<Warning>();
    }

    [Fact]
    public void Distances_are_within_one_percent_of_a_dense_scan_of_100_random_rays()
    {
        ProbeResult found = Probe(new ProbeOptions { Families = [new RandomDirections { Rays = 5 }] });
        Assert.Equal(100, found.Paths.Count);
        const int Points = 4000;
        int compared = 0;
        foreach (ProbedPath path in found.Paths)
        {
            ProbePath ray = path.Point!.Path;
            float[] points = new float[Points * 64];
            for (int i = 0; i < Points; i++)
            {
                ray.At(ray.Limit * (i + 1) / Points, points.AsSpan(i * 64, 64));
            }

            long[] winners = Net.Forward(Tensor.From(points, [Points, 1, 8, 8])).ArgMax(1).ToArray<long>();
            int first = Array.FindIndex(winners, winner => winner != path.Label);
            int left = first < 0 ? -1 : Array.FindIndex(winners, first, winner => winner == path.Label);

            // The search may skip a region that ends before the next point of its grid.
            if (left >= 0 && left - first < Points / 16)
            {
                continue;
            }

            compared++;
            Assert.Equal(first >= 0, path.Exited);
            double scanned = ray.Length(first < 0 ? ray.Limit : ray.Limit * (first + 1) / Points), step = ray.Limit / Points;
            Assert.InRange(path.Distance, (scanned * 0.99) - step, (scanned * 1.01) + 1e-6);
        }

        Assert.True(compared >= 50, $"{compared} of 100 rays leave their class for longer than a step of the grid, or never");
    }

    [Fact]
    public void An_island_before_the_boundary_is_found()
    {
        // Another class wins from 0.6 on, and on an island around 0.235, which doubling skips.
        int asked = 0;
        var target = new DelegateTarget([2], 2, (0f, 1f), (ReadOnlySpan<float> x, Span<int> classes) =>
        {
            asked += classes.Length;
            for (int i = 0; i < classes.Length; i++)
            {
                classes[i] = x[2 * i] is >= 0.6f or (>= 0.2f and <= 0.27f) ? 1 : 0;
            }
        });
        var reference = new SampleReference(new TensorDataset("two", Tensor.From([0f, 0.5f, 1f, 0.5f], [2, 2]), Tensor.From([0L, 1L], [2])));
        ProbeResult found = DecisionSpaceProbe.Run(
            target, Tensor.From([0f, 0.5f], [1, 2]), [0], reference, RandomStream.FromSeed(1), new ProbeOptions { Families = [new NearestSampleDirection()] });
        ProbedPath path = Assert.Single(found.Paths);
        Assert.True(path.IsIsland);
        Assert.InRange(path.Distance, 0.2 - 1e-6, 0.2 * 1.001);
        Assert.Equal(1, path.Winner);
        Assert.Equal(asked, found.Forwards);
        Assert.Equal(0, found.Backwards);
    }

    [Fact]
    public void Rows_are_the_same_bytes_for_any_batch_order_and_number_of_threads()
    {
        var reference = new SampleReference(new TensorDataset("images", Images, Tensor.From(Labels, [Count])));
        ProbeResult whole = Run(Images, Labels, 512), one = Run(Images, Labels, 1);
        Assert.Equal(DirectionFamily.All.Count, whole.Families.Count);
        Assert.Equal(Count * (10 + DirectionFamily.All.Count - 1), whole.Paths.Count);
        Assert.Equal(whole.Paths.Select(Bare), one.Paths.Select(Bare));
        using (var pool = new WorkerPool(1))
        {
            using WorkerPool.Usage usage = pool.Use();
            Assert.Equal(whole.Paths.Select(Bare), Run(Images, Labels, 7).Paths.Select(Bare));
        }

        int[] order = [.. Enumerable.Range(0, Count).Reverse()];
        ProbeResult turned = Run(Tensor.Concatenate([.. order.Select(i => Images.Slice(0, i, i + 1))], 0), [.. order.Select(i => Labels[i])], 13);
        Assert.Equal(
            whole.Paths.Select(Bare),
            turned.Paths.Select(path => Bare(path) with { Sample = order[path.Sample] }).OrderBy(path => path.Sample));

        ProbeResult Run(Tensor x, long[] labels, int batch) => DecisionSpaceProbe.Run(
            new NetworkTarget(Net), x, labels, reference, RandomStream.FromSeed(1), new ProbeOptions { BatchSize = batch });
        static ProbedPath Bare(ProbedPath path) => path with { Point = null };
    }

    [Fact]
    public void Every_family_starts_at_the_sample_and_stays_within_the_bounds()
    {
        var reference = new SampleReference(new TensorDataset("images", Images, Tensor.From(Labels, [Count])));
        ProbeResult found = DecisionSpaceProbe.Run(new NetworkTarget(Net), Images, Labels, reference, RandomStream.FromSeed(1));
        float[] x = new float[64];
        foreach (ProbedPath path in found.Paths)
        {
            ProbePath way = path.Point!.Path;
            way.At(0, x);
            Assert.All(x.Zip(way.Sample.Clean), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
            way.At(path.Point.T, x);
            Assert.DoesNotContain(x, value => value is < 0 or > 1);

            // The network's prediction at the point must agree with the row.
            long winner = Net.Forward(Tensor.From(x, [1, 1, 8, 8])).ArgMax(1).ToArray<long>()[0];
            Assert.Equal(path.Exited, winner != path.Label);
            Assert.Equal(path.Winner, winner);
            Assert.Equal(Perturbations.Distance(Norm.L2, x, way.Sample.Clean), path.Length);
        }
    }

    [Fact]
    public void A_black_box_is_probed_by_decisions_and_asks_for_gradients_are_refused()
    {
        var box = new DelegateTarget([1, 8, 8], 4, (0f, 1f), (ReadOnlySpan<float> x, Span<int> classes) =>
        {
            long[] winners = Net.Forward(Tensor.From(x[..(classes.Length * 64)].ToArray(), [classes.Length, 1, 8, 8])).ArgMax(1).ToArray<long>();
            for (int i = 0; i < classes.Length; i++)
            {
                classes[i] = (int)winners[i];
            }
        });
        RandomDirections[] rays = [new RandomDirections { Rays = 3 }];
        ProbeResult decided = DecisionSpaceProbe.Run(box, Images, Labels, null, RandomStream.FromSeed(1), new ProbeOptions { Families = rays });
        ProbeResult scored = Probe(new ProbeOptions { Families = rays });
        foreach ((ProbedPath a, ProbedPath b) in decided.Paths.Zip(scored.Paths))
        {
            Assert.Equal(b.Distance, a.Distance, 1e-3 * b.Distance);
        }

        Assert.DoesNotContain(DirectionFamily.For(box, hasReference: false), family => family is AdversarialDirection or NearestSampleDirection);
        Assert.Throws<NotSupportedException>(() => DecisionSpaceProbe.Run(
            box, Images, Labels, null, RandomStream.FromSeed(1), new ProbeOptions { Families = [new AdversarialDirection()] }));
        Assert.Throws<ArgumentException>(() => DirectionFamily.ByName("sideways"));
    }

    [Fact]
    public void Bad_samples_are_refused_before_the_work()
    {
        var target = new NetworkTarget(Net);
        Assert.Throws<ArgumentException>(() => DecisionSpaceProbe.Run(target, Images, Labels.AsSpan(1).ToArray(), null, RandomStream.FromSeed(1)));
        Assert.Throws<ArgumentException>(() => DecisionSpaceProbe.Run(target, Images, [.. Labels.Select(_ => 9L)], null, RandomStream.FromSeed(1)));
        Assert.Throws<ArgumentException>(() => DecisionSpaceProbe.Run(target, Images * 3f, Labels, null, RandomStream.FromSeed(1)));
        var broken = new DelegateTarget([1, 8, 8], 4, (0f, 1f), (ReadOnlySpan<float> _, int _, Span<float> logits) => logits.Fill(float.NaN));
        Assert.Throws<InvalidDataException>(() => DecisionSpaceProbe.Run(broken, Images, Labels, null, RandomStream.FromSeed(1)));
    }

    [Fact]
    public void The_nearest_sample_of_another_class_is_that_of_a_plain_loop()
    {
        Tensor x = Uniform([300, 9]);
        long[] labels = [.. Enumerable.Range(0, 300).Select(i => (long)(i % 3))];
        float[][] rows = [.. Enumerable.Range(0, 300).Select(i => x.AsSpan<float>().Slice(i * 9, 9).ToArray())];
        OtherClasses[] found = new SampleReference(new TensorDataset("rows", x, Tensor.From(labels, [300]))).Find(rows, [.. labels.Select(label => (int)label)]);
        for (int i = 0; i < 300; i++)
        {
            double nearest = Enumerable.Range(0, 300).Where(j => labels[j] != labels[i]).Min(j => Perturbations.Distance(Norm.L2, rows[i], rows[j]));
            Assert.Equal(nearest, found[i].Distance, 1e-6);
        }
    }

    private static ProbeResult Probe(ProbeOptions options) => DecisionSpaceProbe.Run(new NetworkTarget(Net), Images, Labels, null, RandomStream.FromSeed(1), options);

    private static double[] Difference(ProbePath path, double t)
    {
        float[] x = new float[path.Sample.Clean.Length];
        path.At(t, x);
        return [.. x.Zip(path.Sample.Clean, (a, b) => ((double)a - b) / t)];
    }

    /// <summary>Returns t where class k overtakes the label on x + t u; infinite if it never does.</summary>
    private static double Crossing(LinearCase linear, int k, int label, ReadOnlySpan<float> x, double[] u)
    {
        double gap = (double)linear.B[label] - linear.B[k], slope = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double w = (double)linear.W[(label * x.Length) + i] - linear.W[(k * x.Length) + i];
            (gap, slope) = (gap + (w * x[i]), slope + (w * u[i]));
        }

        return slope < 0 ? -gap / slope : double.PositiveInfinity;
    }

    /// <summary>
    /// Sets the biases so that the mean logit of every class is zero; then every class wins somewhere.
    /// </summary>
    private static Network Balanced(Network network)
    {
        float[] means = network.Forward(Images).Mean([0]).ToArray<float>();
        Parameter bias = network.Parameters["last.bias"];
        return network.WithParameters([bias with { Value = Tensor.From(bias.Value.ToArray<float>().Zip(means, (b, mean) => b - mean).ToArray(), [4]) }]);
    }

    private static Tensor Uniform(Shape shape)
    {
        float[] values = new float[shape.Count];
        RandomStream.FromSeed(8).FillUniform(values, 0.1f, 0.9f);
        return Tensor.From(values, shape);
    }

    [Fact]
    public void Target_receives_exactly_its_batch()
    {
        var target = new DelegateTarget([1, 8, 8], 4, (0f, 1f), (ReadOnlySpan<float> x, int count, Span<float> logits) =>
        {
            Assert.Equal((count * 64, count * 4), (x.Length, logits.Length));
            new NetworkTarget(Net).Scores(x, count, logits);
        });
        DecisionSpaceProbe.Run(
            target, Images, Labels, null, RandomStream.FromSeed(1), new ProbeOptions { Families = [new RandomDirections { Rays = 3 }], BatchSize = 7 });
    }

    /// <summary>A target whose gradients have the same value in all elements.</summary>
    private sealed class SameGradient(AttackTarget inner, float value) : WrappedTarget(inner)
    {
        public override void Gradient(
            ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient)
        {
            Inner.Scores(x, count, logits);
            gradient[..(count * SampleShape.Count)].Fill(value);
        }
    }
}
