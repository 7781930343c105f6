using Temper.Compression.Pipeline;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Data.Synthetic;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Compression.Tests.Pipeline;

/// <summary>Compression search on a network that trains in a second.</summary>
public sealed class PipelineTests
{
    internal static readonly Dataset Train = SyntheticShapes.Draw(400, 4, 12, channels: 1, RandomStream.FromSeed(1));

    internal static readonly Dataset Validation = SyntheticShapes.Draw(200, 4, 12, channels: 1, RandomStream.FromSeed(2));

    internal static readonly Lazy<Network> Trained = new(() => Trainer.Fit(
        Network.Build(InputSpec.Image(channels: 1, height: 12, width: 12, min: 0, max: 1), x => x
            .Conv2d(8, kernel: 3, padding: 1, bias: false, name: "conv1").BatchNorm("bn1").Relu().MaxPool2d(2)
            .Conv2d(16, kernel: 3, padding: 1, name: "conv2").Relu().MaxPool2d(2).Flatten().Linear(32, name: "fc1").Relu().Linear(4, name: "fc2"))
            .Initialize(RandomStream.FromSeed(3)),
        Train,
        Validation,
        new TrainingOptions { Seed = 4, Epochs = 6, BatchSize = 20, Optimizer = new Adam { LearningRate = 3e-3f } }).Network);

    internal static readonly CompressionOptions Options = new()
    {
        Seed = 5, MaxAccuracyDrop = 5, RegularizeEpochs = 2, TuneEpochs = 2, Trials = 3, Goal = CompressionGoal.Macs,
        Training = new TrainingOptions { Seed = 5, BatchSize = 20, Optimizer = new Adam { LearningRate = 2e-3f } },
    };

    [Theory]
    [InlineData(CompressionStructure.Element)]
    [InlineData(CompressionStructure.Blocks)]
    [InlineData(CompressionStructure.Channels)]
    public void A_smaller_network_within_the_bound_is_found(CompressionStructure structure)
    {
        CompressionResult result = Compress(Options with { Structure = structure });
        Assert.True(result.IsWithinBound);
        NetworkFigures after = result.Chosen!.Figures;
        Assert.True(after.Macs < 0.7 * result.Before.Macs, $"{after.Macs} of {result.Before.Macs} operations are left");
        Assert.True(after.Accuracy >= result.Before.Accuracy - 0.05 - 1e-9);

        // Shrinking changed no prediction: the accuracy is that of the trial.
        Assert.Equal(after.Accuracy, Evaluator.Evaluate(result.Network, Validation).Accuracy, 1e-9);
        Assert.Equal(result.Trials.Where(trial => trial.IsWithinBound).Min(trial => trial.Figures.Macs), after.Macs);
    }

    /// <summary>
    /// A scale-invariant regularizer gets weight decay if the training has none, unless the options set it; L1 and
    /// fine-tuning do not.
    /// </summary>
    [Theory]
    [InlineData(CompressionMethod.Hoyer, 0f, null, 1e-4f)]
    [InlineData(CompressionMethod.Hoyer, 0.01f, null, 0.01f)]
    [InlineData(CompressionMethod.Hoyer, 0f, 0f, 0f)]
    [InlineData(CompressionMethod.Hoyer, 0.01f, 0.02f, 0.02f)]
    [InlineData(CompressionMethod.L1, 0f, 0.02f, 0f)]
    public void Hoyer_regularizers_train_with_weight_decay(
        CompressionMethod method, float own, float? given, float expected)
    {
        var run = new RecordedRun(_ => 1);
        CompressionOptions options = Options with
        {
            Structure = CompressionStructure.Element, Method = method, Trials = 1, RegularizeEpochs = 1, TuneEpochs = 1,
            Training = Options.Training! with { Optimizer = new Adam { WeightDecay = own } }, HoyerWeightDecay = given,
        };
        CompressionPipeline.Run(Trained.Value, options, run);
        Assert.Equal(expected, run.Decays["regularize-element"]);
        Assert.Equal(own, run.Decays["tune-element-1"]);
    }

    /// <summary>
    /// The kept fraction is that of the layers that may be pruned. Ignored layers, here three quarters of the weights,
    /// do not count.
    /// </summary>
    [Fact]
    public void Ignored_layers_do_not_use_up_the_fraction_that_is_kept()
    {
        CompressionResult result = Compress(Options with
        {
            Structure = CompressionStructure.Element, MaxAccuracyDrop = 100, FirstKept = 0.25, RegularizeEpochs = 0, TuneEpochs = 0,
            Trials = 1, Ignore = ["fc1"],
        });
        LayerSparsity[] layers = [.. SparsityReport.Of(result.Trials[0].Network).Layers];
        Assert.Equal(1, layers.Single(layer => layer.Name is "fc1.weight").Density);
        LayerSparsity[] others = [.. layers.Where(layer => layer.Name is not "fc1.weight")];
        Assert.Equal(0.25, others.Sum(layer => layer.Nonzero) / (double)others.Sum(layer => layer.Total), 0.02);
    }

    [Fact]
    public void The_same_seed_gives_the_same_network()
    {
        CompressionOptions options = Options with { Structure = CompressionStructure.Channels, Trials = 1 };
        Network first = Compress(options).Network, second = Compress(options).Network;
        Assert.Equal(first.ToJson(), second.ToJson());
        Assert.All(first.Parameters, parameter => Assert.Equal(parameter.Value.ToArray<float>(), second.Parameters[parameter.Name].Value.ToArray<float>()));
    }

    /// <summary>A compression that is stopped in its first training resumes to the network of one in memory.</summary>
    [Fact]
    public void A_compression_in_a_run_folder_resumes_to_the_same_network()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        CompressionOptions options = Options with
        {
            Structure = CompressionStructure.Element, RegularizeEpochs = 1, TuneEpochs = 1, Trials = 1,
        };
        CompressionOptions stopping = options with { Training = options.Training! with { Callbacks = [new Stopper(stop)] } };
        RunFolder run = RunFolder.Create(folder.Path, new RunName("compress", "shapes", 1), TimeProvider.System);
        Untimed Stages(CancellationToken cancel = default) =>
            new(new MethodRun((Train, Validation), new StagedRun(RunFolder.Open(run.FullPath), TimeProvider.System), cancel: cancel));
        Assert.Throws<OperationCanceledException>(() => CompressionPipeline.Run(Trained.Value, stopping, Stages(stop.Token)));
        Network whole = CompressionPipeline.Run(Trained.Value, options, new Untimed(new MethodRun((Train, Validation)))).Network,
            resumed = CompressionPipeline.Run(Trained.Value, options, Stages()).Network;
        Assert.Equal(whole.ToJson(), resumed.ToJson());
        Assert.All(whole.Parameters, parameter => Assert.Equal(parameter.Value.ToArray<float>(), resumed.Parameters[parameter.Name].Value.ToArray<float>()));
    }

    [Fact]
    public void What_cannot_stay_within_the_bound_is_said()
    {
        CompressionResult result = Compress(Options with
        {
            Structure = CompressionStructure.Element, MaxAccuracyDrop = 0, FirstKept = 0.002, RegularizeEpochs = 0, TuneEpochs = 0, Trials = 1,
        });
        Assert.False(result.IsWithinBound);
        Assert.Same(result.Trials[0].Network, result.Network);
        Assert.Contains("No trial stayed within the bound", Assert.Single(result.Remarks), StringComparison.Ordinal);
    }

    /// <summary>
    /// A first guess that is far too small grows fourfold per trial; the search does not jump to half of the network.
    /// </summary>
    [Fact]
    public void Until_a_trial_holds_the_part_grows_fourfold()
    {
        CompressionResult result = Compress(Options with
        {
            Structure = CompressionStructure.Element, MaxAccuracyDrop = 1, FirstKept = 0.002, RegularizeEpochs = 0, TuneEpochs = 0, Trials = 3,
        });
        Assert.All(result.Trials, trial => Assert.False(trial.IsWithinBound));
        Assert.Equal([0.002, 0.008, 0.032], result.Trials.Select(trial => trial.Kept));
    }

    [Theory]
    [InlineData(CompressionGoal.Milliseconds)]
    [InlineData(CompressionGoal.Macs)]
    public void A_network_that_is_not_faster_is_not_returned(CompressionGoal goal)
    {
        CompressionOptions options = Options with { Goal = goal, Structure = CompressionStructure.Channels, Trials = 1, RegularizeEpochs = 0, TuneEpochs = 1 };
        CompressionResult result = CompressionPipeline.Run(Trained.Value, options, new RecordedRun(name => name is "before" ? 1 : 2));
        Assert.Same(Trained.Value, result.Network);
        Assert.Null(result.Chosen);
        string remark = Assert.Single(result.Remarks);
        Assert.Contains("is slower on this processor", remark, StringComparison.Ordinal);

        // The advice is only given where it can be followed.
        Assert.Equal(options.Goal is not CompressionGoal.Milliseconds, remark.Contains("allow slower networks", StringComparison.Ordinal));
    }

    [Fact]
    public void A_slower_network_is_returned_only_on_request_and_never_if_time_is_the_goal()
    {
        CompressionOptions options = Options with
        {
            Structure = CompressionStructure.Channels, Goal = CompressionGoal.Macs, Trials = 1, RegularizeEpochs = 0, TuneEpochs = 1, AllowsSlower = true,
        };
        CompressionResult result = CompressionPipeline.Run(Trained.Value, options, new RecordedRun(name => name is "before" ? 1 : 2));
        Assert.NotNull(result.Chosen);
        Assert.True(result.Network.Cost().Macs < Trained.Value.Cost().Macs);
        Assert.Throws<ArgumentException>(() => CompressionPipeline.Run(
            Trained.Value, options with { Goal = CompressionGoal.Milliseconds }, new RecordedRun(_ => 1)));
    }

    [Fact]
    public void Ignored_layers_stay_as_they_are()
    {
        CompressionResult result = Compress(Options with { Structure = CompressionStructure.Channels, Ignore = ["conv*"], Trials = 1, RegularizeEpochs = 0, TuneEpochs = 1 });
        Assert.Equal([8, 1, 3, 3], result.Network.Parameters["conv1.weight"].Value.Shape);
        Assert.True(result.Network.Parameters["fc1.weight"].Value.Shape[0] < 32);
    }

    [Theory]
    [InlineData(CompressionMethod.L1, CompressionStructure.Channels)]
    [InlineData(CompressionMethod.Magnitude, CompressionStructure.Element)]
    [InlineData(CompressionMethod.Gradual, CompressionStructure.Element)]
    [InlineData(CompressionMethod.Gradual, CompressionStructure.Channels)]
    public void Baselines_take_the_same_way_with_the_same_budget(CompressionMethod method, CompressionStructure structure)
    {
        var run = new RecordedRun(_ => 1);
        CompressionResult result = CompressionPipeline.Run(
            Trained.Value, Options with { Structure = structure, Method = method, MaxAccuracyDrop = 30, TuneEpochs = 4, Trials = 1, FirstKept = 0.4 }, run);
        CompressionTrial trial = Assert.Single(result.Trials);
        Assert.Equal(6, run.Epochs);
        double left = structure == CompressionStructure.Channels ? (double)trial.Figures.Macs / result.Before.Macs : (double)trial.Figures.Weights / result.Before.Weights;
        Assert.InRange(left, 0.2, 0.41);
        Assert.True(trial.IsWithinBound);
    }

    [Fact]
    public void Each_layer_alone_has_its_sensitivity()
    {
        IReadOnlyList<LayerSensitivity> rows = LayerSensitivity.Of(Trained.Value, Validation, [0, 0.5, 1]);
        Assert.Equal(["conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight"], rows.Select(row => row.Layer));
        double before = Evaluator.Evaluate(Trained.Value, Validation).Accuracy;
        Assert.All(rows, row => Assert.Equal(before, row.Accuracy[0], 1e-9));
        Assert.All(rows, row => Assert.InRange(row.Accuracy[1], 0, 0.5));
        Assert.Equal(4 * 9 * 2, rows[0].Weights);
    }

    [Theory]
    [InlineData(0.995, 5000, 0.92, 10000, true)]
    [InlineData(0.992, 6000, 0.991, 10000, false)]
    [InlineData(0.96, 50, 0.92, 100, false)]
    [InlineData(1, 6000, 0.9999, 10000, false)]
    [InlineData(0.9, 0, 0.5, 10, false)]
    public void Held_out_samples_that_look_memorized_are_told(double heldOut, int count, double test, int testCount, bool isTold) =>
        Assert.Equal(isTold, HeldOutCheck.Warning(heldOut, count, test, testCount)?.Contains("half of the test samples", StringComparison.Ordinal) == true);

    [Theory]
    [InlineData(2, 0.54, true)]
    [InlineData(2, 0.56, false)]
    [InlineData(10, 0.14, true)]
    [InlineData(10, 0.16, false)]
    public void Networks_at_chance_level_are_refused(int classes, double accuracy, bool isRefused)
    {
        var set = new TensorDataset("drawn", Tensor.Zeros([20, 4]), Tensor.From(new long[20], [20]), [.. Enumerable.Range(0, classes).Select(i => $"{i}")]);
        Exception? error = Record.Exception(() => CompressionChecks.RequireBetterThanChance(accuracy, set));
        Assert.Equal(isRefused, error is ArgumentException);
    }

    [Fact]
    public void Networks_that_cannot_be_compressed_are_refused_before_anything_starts()
    {
        Network untrained = Trained.Value.Initialize(RandomStream.FromSeed(9));
        AssertRefused(untrained, "at chance");
        AssertRefused(Network.Build(InputSpec.Image(1, 12, 12), x => x.GlobalAvgPool2d().Flatten()), "no weights to prune");
        Parameter weight = Trained.Value.Parameters["fc2.weight"];
        AssertRefused(Trained.Value.WithParameters([weight with { Value = Tensor.Full(weight.Value.Shape, float.NaN) }]), "'fc2.weight' is not finite");
        const string only = "compress: only classifiers with one input and one output [N, classes] can be compressed";
        AssertRefused(
            Network.Build([InputSpec.Image(1, 12, 12)], x => [("y", x[0].Conv2d(6, kernel: 3, padding: 1))]).Initialize(RandomStream.FromSeed(1)),
            $"{only} (got output y [N, 6, 12, 12])");
        AssertRefused(
            Network.Build([InputSpec.Features(3)], x => [("a", x[0].Linear(4)), ("b", x[0].Linear(2))]).Initialize(RandomStream.FromSeed(1)),
            $"{only} (got outputs a [N, 4], b [N, 2])");
        AssertRefused(
            Network.Build([InputSpec.Features(3) with { Name = "x" }, InputSpec.Features(3) with { Name = "z" }], x => [("y", (x[0] + x[1]).Linear(4))])
                .Initialize(RandomStream.FromSeed(1)),
            $"{only} (got 2 inputs: x, z)");
        Assert.Throws<ArgumentOutOfRangeException>(() => Compress(Options with { MaxAccuracyDrop = -1 }));
        Assert.Contains("expected 800 or more", Assert.Throws<ArgumentException>(
            () => CompressionPipeline.Calibrate(Trained.Value, Train, 400, Options, new RecordedRun(_ => 1))).Message, StringComparison.Ordinal);
    }

    private static void AssertRefused(Network network, string part)
    {
        string message = Assert.Throws<ArgumentException>(
            () => CompressionPipeline.Run(network, Options, new RecordedRun(_ => 1))).Message;
        Assert.Contains(part, message, StringComparison.Ordinal);

        // A program that uses the library has no flags and no other commands.
        Assert.DoesNotContain("--", message, StringComparison.Ordinal);
        Assert.DoesNotContain("temper ", message, StringComparison.Ordinal);
    }

    private static CompressionResult Compress(CompressionOptions options) =>
        CompressionPipeline.Run(Trained.Value, options, new RecordedRun(_ => 1));

    /// <summary>Records a fixed time instead of a measured one.</summary>
    private sealed class Untimed(IMethodRun run) : IMethodRun
    {
        Dataset IMethodRun.Train => run.Train;

        Dataset IMethodRun.Validation => run.Validation;

        public TimeProvider Time => run.Time;

        public TrainingResult Fit(string stage, Network network, TrainingOptions options) => run.Fit(stage, network, options);

        public string Choose(string stage, string name, Func<string> choose) =>
            run.Choose(stage, name, name is "milliseconds" ? () => "1" : choose);
    }

    private sealed class Stopper(CancellationTokenSource stop) : ITrainingCallback
    {
        public void OnStep(StepProgress progress)
        {
            if (progress.Step >= 3)
            {
                stop.Cancel();
            }
        }

        public void OnEpoch(EpochResult epoch)
        {
        }
    }
}
