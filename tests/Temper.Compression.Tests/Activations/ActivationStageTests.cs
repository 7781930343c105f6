using System.Globalization;
using Temper.Compression.Activations;
using Temper.Compression.Pipeline;
using Temper.Compression.Quantization;
using Temper.Compression.Tests.Pipeline;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Formats.Onnx;
using Temper.Inference;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Compression.Tests.Activations;

/// <summary>Winners as a compression stage, on networks that train in a second.</summary>
public sealed class ActivationStageTests
{
    private static Dataset Train => PipelineTests.Train;

    private static Dataset Validation => PipelineTests.Validation;

    private static Lazy<Network> Trained => PipelineTests.Trained;

    private static readonly CompressionOptions Options = new()
    {
        Seed = 5, MaxAccuracyDrop = 5, RegularizeEpochs = 1, TuneEpochs = 1, Trials = 3, Goal = CompressionGoal.Macs, Structure = CompressionStructure.None,
        Training = new TrainingOptions { Seed = 5, BatchSize = 20, Optimizer = new Adam { LearningRate = 2e-3f } },
    };

    [Fact]
    public void Winners_leave_fewer_operations_within_the_bound()
    {
        var lines = new List<string>();
        CompressionResult result = Compress(Options with { Activations = CompressionActivations.Winners }, lines: lines);
        Assert.True(result.IsWithinBound);
        CompressionTrial chosen = result.Chosen!;
        Assert.Equal(CompressionActivations.Winners, chosen.Activations);
        Assert.True(chosen.Figures.ActiveMacs < 0.9 * result.Before.ActiveMacs, string.Join("\n", lines));
        Assert.Equal(chosen.Figures.Accuracy, Evaluator.Evaluate(result.Network, Validation).Accuracy, 1e-9);
        Assert.Equal(ActivationCount.Of(result.Network, Validation, 500).MacsZeroInputsCounted, chosen.Figures.ActiveMacs!.Value, 1e-6);
        Assert.Contains(result.Trials, trial => trial.Label.EndsWith("thresholds", StringComparison.Ordinal));
        AssertTravels(result.Network);
    }

    /// <summary>
    /// The sensitivities show no loss at all, but fine-tuned networks with fewer than five winners in a fully connected
    /// layer lose everything: lower budgets choose the same fractions again, so the search has to go back by itself. In
    /// this network that saves less than 1 % of the operations, so the original network is kept.
    /// </summary>
    [Fact]
    public void A_loss_that_sensitivities_do_not_show_is_found_by_bisection()
    {
        var run = new UnseenLoss(leastWinners: 5);
        CompressionResult result = CompressionPipeline.Run(
            Trained.Value, Options with { Activations = CompressionActivations.Winners, Trials = 4 }, run);
        Assert.Null(result.Chosen);
        Assert.InRange(run.FewestWithoutLoss, 5, 16);
    }

    [Fact]
    public void A_stage_more_never_worsens_the_goal()
    {
        CompressionOptions weights = Options with { Structure = CompressionStructure.Element, Trials = 2 };
        CompressionResult joint = Compress(weights with { Activations = CompressionActivations.Joint });
        double weightsAlone = joint.Trials.Where(trial => trial is { Activations: CompressionActivations.None, IsWithinBound: true }).Min(trial => trial.Figures.ActiveMacs!.Value);
        Assert.True(joint.Chosen!.Figures.ActiveMacs <= weightsAlone);
        Assert.Equal(
            Compress(weights).Trials.Select(trial => trial.Figures.Macs),
            joint.Trials.Where(trial => trial.Activations == CompressionActivations.None).Select(trial => trial.Figures.Macs));
    }

    /// <summary>
    /// Weights, then winners, then 8 bits. Each network is measured directly, independent of the figures that the
    /// stages report.
    /// </summary>
    [Theory]
    [InlineData(CompressionGoal.Macs)]
    [InlineData(CompressionGoal.Bytes)]
    public void Weights_then_winners_then_8_bit_never_worsen_the_goal(CompressionGoal goal)
    {
        CompressionOptions weights = Options with { Structure = CompressionStructure.Element, Goal = goal, Trials = 2 }, both = weights with { Activations = CompressionActivations.Winners };
        CompressionResult one = Compress(weights), two = Compress(both);
        CompressionResult three = QuantizationStage.Run(
            Trained.Value, two, (Train, Validation), both with { Goal = CompressionGoal.Bytes }, new QuantizationOptions { Samples = 100, TuneEpochs = 1 }, new Run());
        double[] found = [Figure(Trained.Value), Figure(one.Network), Figure(two.Network), Figure(three.Network)];
        Assert.True(three.Quantization!.IsTaken);
        Assert.All(found.Zip(found.Skip(1)), pair => Assert.True(pair.Second <= 1.02 * pair.First, string.Join(", ", found)));
        Assert.True(found[^1] < 0.9 * found[0], string.Join(", ", found));
        Assert.All(new[] { one, two, three }, result => Assert.True(Evaluator.Evaluate(result.Network, Validation).Accuracy >= result.Before.Accuracy - 0.05 - 1e-9));

        double Figure(Network network) => goal == CompressionGoal.Bytes ? NetworkSize.Bytes(network) : ActivationCount.Of(network, Validation, 500).MacsZeroInputsCounted;
    }

    [Fact]
    public void Joint_thins_weights_and_numbers_of_networks_without_zeros_of_their_own()
    {
        Network tanh = FitTanh();
        var lines = new List<string>();
        CompressionResult result = Compress(Options with { Activations = CompressionActivations.Joint, MaxAccuracyDrop = 10 }, tanh, lines);
        Assert.True(result.IsWithinBound);
        Assert.True(result.Chosen!.Figures.Weights < result.Before.Weights);
        Assert.True(ActivationCount.Of(result.Network, Validation).Activations < 0.95, string.Join("\n", lines));
        Assert.Equal(1, ActivationCount.Of(tanh, Validation).Activations, 0.01);
    }

    [Fact]
    public void The_same_seed_gives_the_same_network()
    {
        CompressionOptions options = Options with { Activations = CompressionActivations.Joint, Trials = 1 };
        Network first = Compress(options).Network, second = Compress(options).Network;
        Assert.Equal(first.ToJson(), second.ToJson());
        Assert.All(first.Parameters, parameter => Assert.Equal(parameter.Value.ToArray<float>(), second.Parameters[parameter.Name].Value.ToArray<float>()));
    }

    [Fact]
    public void Thresholds_let_about_as_many_win()
    {
        Network network = Trained.Value.Insert(new Winners(9), Trained.Value.Nodes.First(node => node.Operator is Relu && Trained.Value.Graph.ShapeOf(node.Name).Rank == 2).Name, "w");
        Network calibrated = WinnerThresholds.Calibrate(network, Validation);
        Assert.True(((Winners)calibrated.Nodes.First(node => string.Equals(node.Name, "w", StringComparison.Ordinal)).Operator).Threshold > 0);
        double ranked = ActivationCount.Of(network, Validation).Layers[^1].Density, limited = ActivationCount.Of(calibrated, Validation).Layers[^1].Density;
        Assert.InRange(limited / ranked, 0.75, 1.25);
        AssertTravels(calibrated);
    }

    [Fact]
    public void What_cannot_be_done_is_said()
    {
        Assert.Contains("nothing is trained", Assert.Throws<ArgumentException>(() => CompressionPipeline.Calibrate(
            Trained.Value, Train, 64, Options with { Activations = CompressionActivations.Winners }, new Run())).Message, StringComparison.Ordinal);
        CompressionResult nowhere = Compress(Options with { Activations = CompressionActivations.Winners, Ignore = ["conv*", "fc*"] });
        Assert.Contains(nowhere.Remarks, remark => remark.Contains("cannot be inserted", StringComparison.Ordinal));
        Assert.Same(Trained.Value, nowhere.Network);
    }

    /// <summary>Checks that the saved, exported and compiled network returns the same values.</summary>
    private static void AssertTravels(Network network)
    {
        Tensor x = Validation.Read(0, 20).Inputs;
        float[] expected = network.Forward(x).ToArray<float>();
        var onnx = new MemoryStream();
        OnnxFile.Write(network, onnx, new OnnxExportOptions());
        onnx.Position = 0;
        Network read = OnnxFile.Read(onnx, "x.onnx", new OnnxImportOptions()).Network;
        Assert.Equal(network.Nodes.Count(node => node.Operator is Winners), read.Nodes.Count(node => node.Operator is Winners));
        AssertNear(expected, read.Forward(x).ToArray<float>());
        using var folder = new TemporaryFolder();
        ModelFile.Save(network, folder.Path, new SaveOptions { Sparse = true });
        AssertNear(expected, ModelFile.Load(folder.Path).Forward(x).ToArray<float>());
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        AssertNear(expected, session.Run([x])[0].ToArray<float>());
    }

    private static void AssertNear(float[] expected, float[] found)
    {
        float largest = expected.Max(MathF.Abs);
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-4f * largest));
    }

    /// <summary>The network of the pipeline's tests with tanh.</summary>
    private static Network FitTanh() => Trainer.Fit(
        Network.Build(InputSpec.Image(channels: 1, height: 12, width: 12, min: 0, max: 1), x => x
            .Conv2d(8, kernel: 3, padding: 1, bias: false, name: "conv1").BatchNorm("bn1").Tanh().MaxPool2d(2)
            .Conv2d(16, kernel: 3, padding: 1, name: "conv2").Tanh().MaxPool2d(2).Flatten().Linear(32, name: "fc1").Tanh().Linear(4, name: "fc2"))
            .Initialize(RandomStream.FromSeed(3)),
        Train,
        Validation,
        new TrainingOptions { Seed = 4, Epochs = 6, BatchSize = 20, Optimizer = new Adam { LearningRate = 3e-3f } }).Network;

    private static CompressionResult Compress(CompressionOptions options, Network? network = null, List<string>? lines = null) =>
        CompressionPipeline.Run(network ?? Trained.Value, options, new Run(lines));

    /// <summary>Trains in memory; times are fixed, so that results do not depend on the machine.</summary>
    private sealed class Run(List<string>? lines = null) : IMethodRun
    {
        Dataset IMethodRun.Train => Train;

        Dataset IMethodRun.Validation => Validation;

        public TimeProvider Time => TimeProvider.System;

        public TrainingResult Fit(string stage, Network network, TrainingOptions options) => Trainer.Fit(network, Train, Validation, options);

        public string Choose(string stage, string name, Func<string> choose) =>
            name is "milliseconds" or "time beside float32" ? 1.ToString(CultureInfo.InvariantCulture) : name is "slow layers" ? "" : choose();

        public void Note(string line) => lines?.Add(line);
    }

    /// <summary>Reports a loss of accuracy only for fine-tuned networks with few winners.</summary>
    private sealed class UnseenLoss(int leastWinners) : IMethodRun
    {
        private readonly IMethodRun _run = new Run();
        private bool _isTuned;

        /// <summary>Fewest winners of a fine-tuned network that loses nothing.</summary>
        internal int FewestWithoutLoss { get; private set; } = int.MaxValue;

        public Dataset Train => _run.Train;

        public Dataset Validation => _run.Validation;

        public TimeProvider Time => _run.Time;

        private static int FewestWinners(Network network) => network.Nodes.Select(node => node.Operator).OfType<Winners>()
            .Where(winners => winners.Unit == WinnerUnit.Elements).Select(winners => winners.Count).DefaultIfEmpty(int.MaxValue).Min();

        public TrainingResult Fit(string stage, Network network, TrainingOptions options)
        {
            _isTuned = true;
            return _run.Fit(stage, network, options);
        }

        public string Choose(string stage, string name, Func<string> choose) => _run.Choose(stage, name, choose);

        public EvaluationResult Evaluate(Network network, Dataset samples, CancellationToken cancel)
        {
            int fewest = _isTuned ? FewestWinners(network) : int.MaxValue;
            FewestWithoutLoss = fewest < leastWinners ? FewestWithoutLoss : Math.Min(fewest, FewestWithoutLoss);
            return Evaluator.Evaluate(fewest < leastWinners ? Untrained(network) : Trained.Value, samples, cancel: cancel);
        }

        private static Network Untrained(Network network) => network.Initialize(RandomStream.FromSeed(9));
    }
}
