using Temper.Compression.Pruning;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Compression.Tests.Pruning;

/// <summary>Compares each rule with a slow loop or a count by hand.</summary>
public sealed class PruningRuleTests
{
    private static readonly Network Dense = Network.Build(InputSpec.Image(channels: 3, height: 8, width: 8), x => x
        .Conv2d(6, kernel: 3, padding: 1).Relu().MaxPool2d(2).Conv2d(5, kernel: 3).Relu().Flatten().Linear(7)).Initialize(RandomStream.FromSeed(1));

    private static readonly string[] Weights = ["conv1.weight", "conv2.weight", "fc1.weight"];

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    [InlineData(0.9)]
    [InlineData(1)]
    public void Layer_sparsity_is_met_exactly_by_the_smallest_weights(double zeros)
    {
        Network lean = Dense.Prune(PruningRule.LayerSparsity(zeros));
        foreach (string name in Weights)
        {
            float[] w = Of(Dense, name), left = Of(lean, name);
            Assert.Equal((int)Math.Round(zeros * w.Length), left.Count(x => x == 0));
            Assert.True(w.Zip(left).Where(p => p.Second == 0).Select(p => Math.Abs(p.First)).DefaultIfEmpty(0).Max()
                <= w.Zip(left).Where(p => p.Second != 0).Select(p => Math.Abs(p.First)).DefaultIfEmpty(float.MaxValue).Min());
        }
    }

    [Fact]
    public void Global_sparsity_ranks_the_weights_of_all_layers_together()
    {
        Network lean = Dense.Prune(PruningRule.GlobalSparsity(0.8));
        float[] all = [.. Weights.SelectMany(name => Of(Dense, name))], left = [.. Weights.SelectMany(name => Of(lean, name))];
        float border = all.Select(Math.Abs).Order().ElementAt((int)Math.Round(0.8 * all.Length));
        Assert.Equal(all.Select(x => Math.Abs(x) >= border ? x : 0), left);
    }

    [Fact]
    public void Scores_that_were_given_take_the_place_of_magnitudes()
    {
        Dictionary<string, Tensor> scores = Weights.ToDictionary(name => name, name => Scored(Dense.Parameters[name].Value.Shape), StringComparer.Ordinal);
        Network lean = Dense.Prune(PruningRule.GlobalSparsity(0.5) with { Scores = scores });
        float[] all = [.. Weights.SelectMany(name => scores[name].ToArray<float>())], left = [.. Weights.SelectMany(name => Of(lean, name))];
        float border = all.Order().ElementAt((int)Math.Round(0.5 * all.Length));
        Assert.Equal(all.Select(score => score >= border), left.Select(x => x != 0));
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(1, 9)]
    [InlineData(2, 3)]
    public void Blocks_stay_or_go_whole_by_their_root_mean_square(int rows, int columns)
    {
        float[] w = Samples.Gaussian(10 * 14, 3);
        Network lean = OneLayer(w, [10, 14]).Prune(PruningRule.Absolute(1) with { Block = new WeightBlockShape(rows, columns) });
        float[] left = Of(lean, "fc1.weight");
        for (int i = 0; i < w.Length; i++)
        {
            int row = i / 14 / rows, column = i % 14 / columns;
            double[] block = [.. w.Where((_, j) => j / 14 / rows == row && j % 14 / columns == column).Select(x => (double)x * x)];
            Assert.Equal(Math.Sqrt(block.Average()) >= 1 ? w[i] : 0, left[i]);
        }
    }

    [Theory]
    [InlineData(2, 4, 1)]
    [InlineData(1, 3, 1)]
    [InlineData(2, 4, 4)]
    [InlineData(0, 2, 1)]
    [InlineData(2, 2, 1)]
    public void Pattern_keeps_n_of_m_inputs_at_each_kernel_position(int n, int m, int rows)
    {
        Network network = Network.Build(InputSpec.Image(10, 5, 5), x => x.Conv2d(8, kernel: 3).Flatten().Linear(8)).Initialize(RandomStream.FromSeed(2));
        Network lean = network.Prune(PruningRule.Pattern(n, m) with { Block = new WeightBlockShape(rows, 1) });
        foreach (string name in (string[])["conv1.weight", "fc1.weight"])
        {
            Shape shape = network.Parameters[name].Value.Shape;
            int inputs = shape[1], positions = shape.Count / shape[0] / inputs;
            float[] w = Of(network, name), left = Of(lean, name);
            for (int block = 0; block < shape[0] / rows; block++)
            {
                for (int k = 0; k < positions; k++)
                {
                    foreach (int[] group in Enumerable.Range(0, inputs).Chunk(m))
                    {
                        double[] scores = [.. group.Select(i => Enumerable.Range(block * rows, rows).Sum(o => Math.Pow(w[At(o, i)], 2)))];
                        int[] kept = [.. group.OrderByDescending(i => scores[i - group[0]]).Take(n)];
                        Assert.All(group, i => Assert.All(
                            Enumerable.Range(block * rows, rows), o => Assert.Equal(kept.Contains(i) ? w[At(o, i)] : 0, left[At(o, i)])));
                    }

                    int At(int o, int i) => (((o * inputs) + i) * positions) + k;
                }
            }
        }
    }

    [Theory]
    [InlineData(0.5, 1)]
    [InlineData(0.1, 1)]
    [InlineData(0.5, 4)]
    public void Target_macs_are_reached_and_not_undercut_by_more_than_a_unit(double part, int rows)
    {
        long target = (long)(part * Dense.Cost().Macs);
        Network lean = Dense.Prune(PruningRule.TargetMacs(target) with { Block = new WeightBlockShape(rows, 1) });
        Assert.InRange(lean.Cost().NonzeroMacs, target - (rows * 64) + 1, target);
        Assert.Equal(lean.Cost().NonzeroMacs, Dense.Prune(PruningRule.TargetMacs(target) with { Block = new WeightBlockShape(rows, 1) }).Cost().NonzeroMacs);
    }

    [Fact]
    public void Target_macs_out_of_reach_are_refused_and_met_ones_change_nothing()
    {
        // The convolutions have 10,368 + 1,080 multiply-accumulates, the linear layer 140.
        Assert.Equal(10368 + 1080 + 140, Dense.Cost().NonzeroMacs);
        Assert.Equal(10368, Dense.Prune(PruningRule.TargetMacs(10368), ["conv1"]).Cost().NonzeroMacs);

        // Simulated time: ten milliseconds, plus one for each thousand weights.
        int asked = 0;
        double Milliseconds(Network network)
        {
            asked++;
            return 10 + (SparsityReport.Of(network).Nonzero / 1000.0);
        }

        double all = Milliseconds(Dense), wanted = 10 + ((all - 10) / 2);
        Network fast = Dense.Prune(PruningRule.TargetMilliseconds(wanted, Milliseconds));
        Assert.InRange(Milliseconds(fast), wanted - ((all - 10) / 100), wanted);
        Assert.InRange(asked, 3, 15);
        Assert.Equal(SparsityReport.Of(Dense).Nonzero, SparsityReport.Of(Dense.Prune(PruningRule.TargetMilliseconds(all, Milliseconds))).Nonzero);
        Assert.Contains("out of reach", Assert.Throws<ArgumentException>(() => Dense.Prune(PruningRule.TargetMilliseconds(9, Milliseconds))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => PruningRule.TargetMilliseconds(0, Milliseconds));
        Assert.Contains("out of reach", Assert.Throws<ArgumentException>(() => Dense.Prune(PruningRule.TargetMacs(10367), ["conv1"])).Message, StringComparison.Ordinal);
        Assert.All(Weights, name => Assert.Equal(Of(Dense, name), Of(Dense.Prune(PruningRule.TargetMacs(1_000_000)), name)));
        Assert.Equal(0, Dense.Prune(PruningRule.TargetMacs(0)).Cost().NonzeroMacs);
    }

    public static TheoryData<string> RuleNames => ["std", "absolute", "layer", "global", "macs", "pattern"];

    [Theory]
    [MemberData(nameof(RuleNames))]
    public void Masks_stay_and_ignored_layers_are_left_alone(string name)
    {
        PruningRule rule = Named(name);
        Network once = Dense.Prune(PruningRule.LayerSparsity(0.4)), twice = once.Prune(rule, ["conv?"]);
        Assert.Same(once.Parameters["conv1.weight"], twice.Parameters["conv1.weight"]);
        Assert.Same(once.Parameters["conv2.weight"], twice.Parameters["conv2.weight"]);
        Network all = once.Prune(rule);
        Assert.All(Weights, weight => Assert.All(
            once.Parameters[weight].Mask!.ToArray<float>().Zip(all.Parameters[weight].Mask!.ToArray<float>()), p => Assert.True(p.Second <= p.First)));
        Assert.All(Weights, weight => Assert.Equal(all.Parameters[weight].Mask!.ToArray<float>(), Of(all, weight).Select(x => x != 0 ? 1f : 0)));
    }

    [Theory]
    [MemberData(nameof(RuleNames))]
    public void Equal_weights_go_in_the_same_order_each_time(string name)
    {
        Network equal = Dense.WithParameters(Weights.Select(weight => Dense.Parameters[weight] with { Value = Tensor.Full(Dense.Parameters[weight].Value.Shape, 0.5f) }));
        Network first = equal.Prune(Named(name)), second = equal.Prune(Named(name));
        Assert.All(Weights, weight => Assert.Equal(Of(first, weight), Of(second, weight)));
        if (name is "layer")
        {
            Assert.Equal(Enumerable.Range(0, 140).Select(i => i < 70 ? 0 : 0.5f), Of(first, "fc1.weight"));
        }
    }

    [Theory]
    [MemberData(nameof(RuleNames))]
    public void What_cannot_be_right_is_refused_before_anything_is_pruned(string name)
    {
        PruningRule rule = Named(name);
        Assert.Contains("'conv9'", Assert.Throws<ArgumentException>(() => Dense.Prune(rule, ["conv9"])).Message, StringComparison.Ordinal);
        Parameter conv = Dense.Parameters["conv1.weight"];
        Network broken = Dense.WithParameters([conv with { Value = Tensor.Full(conv.Value.Shape, float.NaN) }]);
        Assert.Contains("not finite", Assert.Throws<ArgumentException>(() => broken.Prune(rule)).Message, StringComparison.Ordinal);
        Assert.Contains("no scores", Assert.Throws<ArgumentException>(
            () => Dense.Prune(rule with { Scores = new Dictionary<string, Tensor>(StringComparer.Ordinal) })).Message, StringComparison.Ordinal);
        var negative = Weights.ToDictionary(weight => weight, weight => Tensor.Full(Dense.Parameters[weight].Value.Shape, -1f), StringComparer.Ordinal);
        Assert.Contains("zero or more", Assert.Throws<ArgumentException>(() => Dense.Prune(rule with { Scores = negative })).Message, StringComparison.Ordinal);
        Network empty = Network.Build(InputSpec.Features(4), x => x.Relu());
        Assert.Empty(empty.Prune(Named(name)).Parameters);
    }

    [Fact]
    public void A_default_block_is_a_single_weight()
    {
        Assert.Equal(new WeightBlockShape(1, 1), default);
        Assert.Equal(WeightBlockShape.Single, default);
        Assert.Equal("1x1", default(WeightBlockShape).ToString());
        Network lean = Dense.Prune(PruningRule.GlobalSparsity(0.5) with { Block = default });
        Assert.All(Weights, name => Assert.Equal(Of(Dense.Prune(PruningRule.GlobalSparsity(0.5)), name), Of(lean, name)));
    }

    [Fact]
    public void Numbers_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => PruningRule.LayerSparsity(1.01));
        Assert.Throws<ArgumentOutOfRangeException>(() => PruningRule.GlobalSparsity(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => PruningRule.TargetMacs(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PruningRule.Pattern(3, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => PruningRule.Pattern(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WeightBlockShape(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WeightBlockShape(1, -1));
        Assert.Throws<ArgumentException>(() => Dense.Prune(PruningRule.Pattern(2, 4) with { Block = new WeightBlockShape(1, 4) }));
    }

    internal static Network OneLayer(float[] weights, Shape shape)
    {
        Network network = Network.Build(InputSpec.Features(shape[1]), x => x.Linear(shape[0]));
        return network.WithParameters([network.Parameters["fc1.weight"] with { Value = Tensor.From(weights, shape) }]);
    }

    private static Tensor Scored(Shape shape) => Tensor.From(Samples.Uniform(shape.Count, (ulong)shape.Count, low: 0.1f, high: 1), shape);

    private static PruningRule Named(string name) => name switch
    {
        "std" => PruningRule.StandardDeviations(1),
        "absolute" => PruningRule.Absolute(0.1f),
        "layer" => PruningRule.LayerSparsity(0.5),
        "global" => PruningRule.GlobalSparsity(0.5),
        "macs" => PruningRule.TargetMacs(9000 + 2000),
        _ => PruningRule.Pattern(2, 4),
    };

    private static float[] Of(Network network, string name) => network.Parameters[name].Value.ToArray<float>();

    [Fact]
    public void Pattern_chooses_among_the_inputs_of_a_transposed_convolution()
    {
        Network network = Network.Build(InputSpec.Image(8, 4, 4), x => x.ConvTranspose2d(1, kernel: 2, name: "up"))
            .Initialize(RandomStream.FromSeed(2));
        float[] left = Of(network.Prune(PruningRule.Pattern(2, 4)), "up.weight");          // [8, 1, 2, 2]
        for (int position = 0; position < 4; position++)
        {
            Assert.All(Enumerable.Range(0, 8).Chunk(4), inputs => Assert.Equal(2, inputs.Count(i => left[(i * 4) + position] != 0)));
        }
    }
}
