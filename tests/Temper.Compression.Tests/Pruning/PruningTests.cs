using Temper.Compression.DeepHoyer;
using Temper.Compression.Pruning;
using Temper.Data.Synthetic;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Compression.Tests.Pruning;

public sealed class PruningTests
{
    private static readonly Network Dense = Network.Build(InputSpec.Image(channels: 1, height: 12, width: 12), x => x
        .Conv2d(8, kernel: 3).BatchNorm().Relu().MaxPool2d(2).Flatten().Linear(20).Relu().Linear(4)).Initialize(RandomStream.FromSeed(1));

    public static TheoryData<string, float> Rules => new() { { "std", 0 }, { "std", 0.25f }, { "std", 1 }, { "abs", 0 }, { "abs", 0.05f }, { "abs", 100 } };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Prune_drops_the_weights_that_a_plain_loop_drops(string kind, float number)
    {
        Network lean = Dense.Prune(RuleOf(kind, number));
        foreach (Parameter before in Dense.Parameters)
        {
            Parameter after = lean.Parameters[before.Name];
            if (before.Role is not (ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight))
            {
                Assert.Same(before, after);
                continue;
            }

            float[] w = before.Value.ToArray<float>(), mask = after.Mask!.ToArray<float>(), found = after.Value.ToArray<float>();
            double mean = w.Average(x => (double)x);
            double deviation = Math.Sqrt(w.Average(x => (x - mean) * (x - mean)));
            double threshold = kind is "std" ? number * deviation : number;
            for (int i = 0; i < w.Length; i++)
            {
                bool stays = Math.Abs(w[i]) >= threshold && w[i] != 0;
                Assert.Equal((stays ? w[i] : 0, stays ? 1f : 0f), (found[i], mask[i]));
            }
        }
    }

    [Fact]
    public void The_deviation_is_exact_for_weights_far_from_zero()
    {
        // Mean 1000, standard deviation 0.01: a sum of squares in single precision would lose it. The threshold lies
        // between the two weights.
        float[] w = [.. Enumerable.Range(0, 10_000).Select(i => 1000 + (i % 2 == 0 ? 0.01f : -0.01f))];
        double mean = w.Average(x => (double)x), deviation = Math.Sqrt(w.Average(x => (x - mean) * (x - mean)));
        Network pruned = PruningRuleTests.OneLayer(w, [1, w.Length]).Prune(PruningRule.StandardDeviations((float)(mean / deviation)));
        Assert.Equal(w.Select(x => x > 1000 ? 1f : 0f), pruned.Parameters[0].Mask!.ToArray<float>());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Numbers_below_zero_are_refused(float number)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => PruningRule.StandardDeviations(number));
        Assert.Throws<ArgumentOutOfRangeException>(() => PruningRule.Absolute(number));
    }

    [Fact]
    public void Prune_leaves_the_network_that_came_in_as_it_was()
    {
        Network network = Dense.Copy();
        string before = Values(network);
        network.Prune(PruningRule.StandardDeviations(1));
        Assert.Equal(before, Values(network));
        Assert.All(network.Parameters, p => Assert.Null(p.Mask));
    }

    [Fact]
    public void What_was_pruned_stays_pruned_when_pruned_again()
    {
        Network once = Dense.Prune(PruningRule.StandardDeviations(1));
        Assert.Equal(Values(once), Values(once.Prune(PruningRule.Absolute(0))));
        Assert.True(SparsityReport.Of(once.Prune(PruningRule.StandardDeviations(2))).Nonzero < SparsityReport.Of(once).Nonzero);
    }

    [Fact]
    public void SparsityReport_counts_weights_layer_by_layer()
    {
        Network lean = Dense.Prune(PruningRule.StandardDeviations(0.8f));
        SparsityReport report = SparsityReport.Of(lean);
        Assert.Equal(["conv1.weight", "fc1.weight", "fc2.weight"], report.Layers.Select(l => l.Name));
        Assert.All(report.Layers, layer =>
        {
            float[] w = lean.Parameters[layer.Name].Value.ToArray<float>();
            Assert.Equal((w.Length, w.Count(x => x != 0)), (layer.Total, layer.Nonzero));
            Assert.Equal(layer.Nonzero / (double)layer.Total, layer.Density);
        });
        Assert.Equal((72 + (200 * 20) + 80, 8 + 16 + 20 + 4), (report.Total, report.OtherCount));
        Assert.Equal(report.Layers.Sum(l => l.Nonzero), report.Nonzero);
        Assert.Equal(report.Total / (double)report.Nonzero, report.Ratio);
        Assert.Equal(1, SparsityReport.Of(Dense).Ratio);
        Assert.Equal(double.PositiveInfinity, SparsityReport.Of(Dense.Prune(PruningRule.Absolute(1e9f))).Ratio);
    }

    public static TheoryData<string> Optimizers => ["sgd", "adam", "adamw", "rmsprop", "adadelta"];

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Masked_weights_stay_zero_through_fine_tuning(string name)
    {
        Optimizer optimizer = name switch
        {
            "sgd" => new Sgd { LearningRate = 0.05f, Momentum = 0.9f, Nesterov = true, WeightDecay = 1e-2f },
            "adam" => new Adam { LearningRate = 1e-2f, WeightDecay = 1e-2f },
            "adamw" => new AdamW { LearningRate = 1e-2f },
            "rmsprop" => new RmsProp { Momentum = 0.5f, WeightDecay = 1e-2f },
            _ => new Adadelta { WeightDecay = 1e-2f },
        };
        Network lean = Dense.Prune(PruningRule.StandardDeviations(1));
        Network tuned = FineTune(lean, optimizer);
        Assert.NotEqual(Values(lean), Values(tuned));
        foreach (Parameter parameter in tuned.Parameters.Where(p => p.Mask is not null))
        {
            float[] w = parameter.Value.ToArray<float>(), mask = lean.Parameters[parameter.Name].Mask!.ToArray<float>();
            Assert.Equal(mask, parameter.Mask!.ToArray<float>());
            Assert.All(w.Zip(mask).Where(pair => pair.Second == 0), pair => Assert.Equal(0, BitConverter.SingleToInt32Bits(pair.First)));
            Assert.Contains(w.Zip(lean.Parameters[parameter.Name].Value.ToArray<float>()), pair => pair.First != pair.Second);
        }
    }

    [Fact]
    public void A_pruned_network_that_was_saved_and_loaded_goes_on_the_same()
    {
        string folder = Directory.CreateTempSubdirectory("temper-test").FullName;
        try
        {
            Network lean = Dense.Prune(PruningRule.StandardDeviations(1));
            string path = Path.Combine(folder, "lean.safetensors");
            ModelFile.Save(lean, path);
            Network loaded = ModelFile.Load(path);
            Assert.Equal(Values(lean), Values(loaded));

            // A file may omit masks; zero weights carry the same information.
            Network masked = loaded.MaskZeros();
            Assert.All(lean.Parameters, p => Assert.Equal(p.Mask?.ToArray<float>(), masked.Parameters[p.Name].Mask?.ToArray<float>()));
            Assert.Equal(Values(FineTune(lean, new Sgd())), Values(FineTune(masked, new Sgd())));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Training_with_Hoyer_Square_prunes_more_at_the_same_rule()
    {
        Network dense = FineTune(Dense, new Adam { LearningRate = 3e-3f });
        Network sparse = FineTune(Dense, new Adam { LearningRate = 3e-3f }, new HoyerSquare { Strength = 1e-3f });
        PruningRule rule = PruningRule.StandardDeviations(0.1f);
        Assert.True(SparsityReport.Of(sparse.Prune(rule)).Nonzero < 0.8 * SparsityReport.Of(dense.Prune(rule)).Nonzero);
    }

    private static Network FineTune(Network network, Optimizer optimizer, params IRegularizer[] terms)
    {
        var train = SyntheticShapes.Draw(400, 4, 12, channels: 1, RandomStream.FromSeed(2));
        TrainingResult run = Trainer.Fit(network, train, train.Take(40), new TrainingOptions
        {
            Seed = 3, Epochs = 2, BatchSize = 16, Optimizer = optimizer, Regularizers = terms,
        });
        Assert.Equal(50, run.Steps);
        return run.Last;
    }

    private static PruningRule RuleOf(string kind, float number) => kind is "std" ? PruningRule.StandardDeviations(number) : PruningRule.Absolute(number);

    private static string Values(Network network) =>
        string.Join("|", network.Parameters.Select(p => $"{p.Name}:{string.Join(",", p.Value.ToArray<float>().Select(BitConverter.SingleToInt32Bits))}"));
}
