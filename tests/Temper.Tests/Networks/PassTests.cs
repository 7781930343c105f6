using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Tests.Networks;

public sealed class PassTests
{
    private static readonly string[] InnerValues = ["conv1", "bn1", "relu1", "conv2", "add", "relu2", "flat"];

    [Fact]
    public void Tapped_values_equal_those_of_the_node_by_node_run()
    {
        Network network = Sample();
        Tensor x = ForwardTests.Random([3, 2, 5, 5], 2);
        foreach (bool isTraining in (bool[])[false, true])
        {
            Pass plain = New(isTraining).Tap(InnerValues), fused = New(isTraining).Tap(InnerValues);
            var byNode = new ForwardPlan(network.Graph, PlanMaker.EachNode(network.Graph), plain.Taps);
            Tensor expected = byNode.Run(network, [x], plain)[0];
            ForwardTests.AssertClose(expected, network.Forward(x, fused), 1e-5f);
            foreach (string value in InnerValues)
            {
                ForwardTests.AssertClose(plain[value], fused[value], 1e-5f);
            }
        }
    }

    [Fact]
    public void A_tapped_value_carries_gradients()
    {
        Network network = Sample();
        Tensor x = ForwardTests.Random([2, 2, 5, 5], 3);
        float[] Gradient(Func<Tensor, Tensor> penalty)
        {
            using var tape = new GradientTape();
            tape.Watch(x);
            return tape.Gradient(penalty(x), x).ToArray<float>();
        }

        float[] tapped = Gradient(value =>
        {
            Pass pass = Pass.Evaluation.Tap("relu1");
            return network.Forward(value, pass).Sum() + pass["relu1"].Sum();
        });
        Network open = Network.Build(
            [network.Inputs[0]], v => [("out", Body(v[0], out Value relu1)), ("relu1", relu1)]).WithParameters(network.Parameters).WithBuffers(network.Buffers);
        float[] expected = Gradient(value =>
        {
            IReadOnlyList<Tensor> outputs = open.Forward([value], Pass.Evaluation);
            return outputs[0].Sum() + outputs[1].Sum();
        });
        ForwardTests.AssertClose(Tensor.From(expected, x.Shape), Tensor.From(tapped, x.Shape), 1e-5f);
    }

    [Fact]
    public void Taps_share_the_statistics_of_the_pass_they_were_made_from()
    {
        Pass pass = New(isTraining: true);
        Sample().Forward(ForwardTests.Random([2, 2, 5, 5], 4), pass.Tap("relu1"));
        Assert.Equal("bn1", Assert.Single(pass.Statistics).Node.Name);
    }

    [Fact]
    public void Unknown_and_unread_taps_are_named()
    {
        Network network = Sample();
        Tensor x = Tensor.Zeros([1, 2, 5, 5]);
        Assert.Contains("'conv9'", Assert.Throws<KeyNotFoundException>(() => network.Forward(x, Pass.Evaluation.Tap("conv9"))).Message, StringComparison.Ordinal);
        Pass pass = Pass.Evaluation.Tap("conv1");
        Assert.Contains("'conv1'", Assert.Throws<InvalidOperationException>(() => pass["conv1"]).Message, StringComparison.Ordinal);
        Assert.Contains("'bn1'", Assert.Throws<KeyNotFoundException>(() => pass["bn1"]).Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// Checks that two ranks with half of a batch each reproduce the whole batch: values, gradients and statistics.
    /// </summary>
    [Fact]
    public async Task Synchronized_statistics_make_two_half_batches_one_batch()
    {
        Network network = Sample();
        Tensor x = ForwardTests.Random([4, 2, 5, 5], 5);
        (float[] y, float[] dx, float[] dscale, BatchStatistics found) = Run(network, x, reducer: null);

        using var meeting = new Meeting();
        Task<(float[] Y, float[] Dx, float[] Dscale, BatchStatistics Found)>[] ranks =
        [
            .. Enumerable.Range(0, 2).Select(rank => Task.Factory.StartNew(
                () => Run(network, x.Slice(0, 2 * rank, (2 * rank) + 2), meeting), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)),
        ];
        var halves = await Task.WhenAll(ranks);
        AssertClose(y, [.. halves[0].Y, .. halves[1].Y]);
        AssertClose(dx, [.. halves[0].Dx, .. halves[1].Dx]);
        AssertClose(dscale, [.. halves[0].Dscale.Zip(halves[1].Dscale, (a, b) => a + b)]);
        Assert.Equal(found.Count, halves[0].Found.Count);
        AssertClose(found.Mean, halves[0].Found.Mean);
        AssertClose(found.Variance, halves[1].Found.Variance);
    }

    private static (float[] Y, float[] Dx, float[] Dscale, BatchStatistics Found) Run(Network network, Tensor x, IStatisticsReducer? reducer)
    {
        Pass pass = New(isTraining: true);
        using var tape = new GradientTape();
        Tensor scale = network.Parameters["bn1.weight"].Value;
        tape.Watch(x);
        tape.Watch(scale);
        Tensor y = network.Forward(x, reducer is null ? pass : pass.Synchronize(reducer));
        GradientMap gradients = tape.Gradient((y * y).Sum(), [x, scale]);
        return (y.ToArray<float>(), gradients[x].ToArray<float>(), gradients[scale].ToArray<float>(), pass.Statistics[0].Batch);
    }

    private static Pass New(bool isTraining) => isTraining ? Pass.Training(RandomStream.FromSeed(5)) : Pass.Evaluation;

    private static void AssertClose(float[] expected, float[] actual) =>
        ForwardTests.AssertClose(Tensor.From(expected, [expected.Length]), Tensor.From(actual, [actual.Length]), 1e-4f);

    private static Network Sample() => Network.Build(InputSpec.Image(2, 5, 5), x => Body(x, out _)).Initialize(RandomStream.FromSeed(1));

    private static Value Body(Value x, out Value relu1)
    {
        relu1 = x.Conv2d(4, kernel: 3, padding: 1, name: "conv1").BatchNorm("bn1").Relu("relu1");
        Value sum = relu1.Conv2d(4, kernel: 3, padding: 1, name: "conv2").Apply(new Add(), "add", relu1);
        return sum.Relu("relu2").Flatten("flat").Linear(3, name: "fc");
    }

    /// <summary>Sums the values of two threads.</summary>
    private sealed class Meeting : IStatisticsReducer, IDisposable
    {
        private readonly Barrier _barrier = new(2);
        private readonly Lock _gate = new();
        private double[]? _sums;

        public void Sum(Span<double> values)
        {
            lock (_gate)
            {
                _sums ??= new double[values.Length];
                for (int i = 0; i < values.Length; i++)
                {
                    _sums[i] += values[i];
                }
            }

            _barrier.SignalAndWait();
            _sums.CopyTo(values);
            _barrier.SignalAndWait();
            lock (_gate)
            {
                _sums = null;
            }

            _barrier.SignalAndWait();
        }

        public void Dispose() => _barrier.Dispose();
    }
}
