using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests;

/// <summary>Invalid input is rejected before the first step.</summary>
public sealed class TrainingChecksTests
{
    private static readonly Network Classifier = Network.Build(InputSpec.Features(3), x => x.Linear(4)).Initialize(RandomStream.FromSeed(1));

    private static readonly TrainingOptions Options = new() { Seed = 1, Epochs = 1, BatchSize = 4, Callbacks = [new NoTraining()] };

    private static readonly Dataset Good = Set(3, 0, 1, 2, 3, 0, 1);

    [Fact]
    public void A_label_beyond_the_networks_classes_is_named_with_its_sample()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Trainer.Fit(Classifier, Set(3, 0, 1, 4, 2), Good, Options));
        Assert.Contains("training label is not a class of the network (got 4 at sample 2 of set, expected 0 to 3)", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => Trainer.Fit(Classifier, Good, Set(3, 7), Options));
        Assert.Contains("validation label is not a class of the network (got 7 at sample 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Samples_of_another_shape_are_refused_for_both_sets()
    {
        Assert.Contains("training samples", Assert.Throws<ShapeMismatchException>(() => Trainer.Fit(Classifier, Set(5, 0, 1), Good, Options)).Message, StringComparison.Ordinal);
        Assert.Contains("validation samples", Assert.Throws<ShapeMismatchException>(() => Trainer.Fit(Classifier, Good, Set(5, 0, 1), Options)).Message, StringComparison.Ordinal);
    }

    /// <summary>With several layers of zeros no weight has a gradient; a single layer can start from zero.</summary>
    [Fact]
    public void Network_without_initial_weights_is_refused()
    {
        Network zeros = Network.Build(InputSpec.Features(3), x => x.Linear(5).Relu().Linear(4));
        Assert.Contains("call network.Initialize", Assert.Throws<ArgumentException>(() => Trainer.Fit(zeros, Good, Good, Options)).Message, StringComparison.Ordinal);

        // A network that pruning has emptied is not mistaken for one without initial weights: the next check is made.
        Network pruned = zeros.WithMask("fc1.weight", Tensor.Zeros([5, 3]));
        Assert.Contains("no training samples", Assert.Throws<ArgumentException>(() => Trainer.Fit(pruned, Set(3), Good, Options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_sets_are_refused()
    {
        Assert.Contains("no training samples", Assert.Throws<ArgumentException>(() => Trainer.Fit(Classifier, Set(3), Good, Options)).Message, StringComparison.Ordinal);
        Assert.Contains("no validation samples", Assert.Throws<ArgumentException>(() => Trainer.Fit(Classifier, Good, Set(3), Options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Losses_that_do_not_fit_the_targets_are_refused()
    {
        var numbers = new TensorDataset("numbers", Tensor.Zeros([6, 3]), Tensor.Zeros([6, 2]));
        Assert.Throws<ArgumentException>(() => Trainer.Fit(Classifier, numbers, numbers, Options));
        Assert.Throws<ArgumentException>(() => Trainer.Fit(Classifier, Good, Good, Options with { Loss = new MeanSquaredErrorLoss() }));
        ShapeMismatchException error = Assert.Throws<ShapeMismatchException>(
            () => Trainer.Fit(Classifier, numbers, numbers, Options with { Loss = new MeanSquaredErrorLoss() }));
        Assert.Contains("training targets", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_network_whose_output_is_not_a_row_of_classes_is_refused()
    {
        Network picture = Network.Build(InputSpec.Image(1, 4, 4), x => x.Conv2d(4, kernel: 3)).Initialize(RandomStream.FromSeed(1));
        var pictures = new TensorDataset("pictures", Tensor.Zeros([2, 1, 4, 4]), Tensor.From([0L, 1L], [2]));
        Assert.Throws<ShapeMismatchException>(() => Trainer.Fit(picture, pictures, pictures, Options));
    }

    [Fact]
    public void A_network_that_is_frozen_is_refused()
    {
        Network frozen = Classifier.WithTrainable(isTrainable: false, _ => true);
        Assert.Contains("unfreeze some", Assert.Throws<ArgumentException>(() => Trainer.Fit(frozen, Good, Good, Options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_out_of_their_range_are_refused()
    {
        TrainingOptions[] wrong =
        [
            Options with { Epochs = 0 },
            Options with { BatchSize = 0 },
            Options with { Accumulation = 0 },
            Options with { Optimizer = new Optimization.Sgd { LearningRate = -1 } },
            Options with { Schedule = new Optimization.StepSchedule { Every = 0 } },
            Options with { Clipping = new Optimization.GradientClipping { MaxNorm = 0 } },
            Options with { Average = new Optimization.WeightAverage { Decay = 1 } },
            Options with { Groups = [new Optimization.ParameterGroup { RateFactor = -1 }] },
            Options with { Groups = [new Optimization.ParameterGroup { RateFactor = float.NaN }] },
            Options with { Groups = [new Optimization.ParameterGroup { WeightDecay = -0.1f }] },
            Options with { EarlyStopping = new EarlyStopping { Patience = 0 } },
            Options with { EarlyStopping = new EarlyStopping { MinimumGain = double.NaN } },
            Options with { Loss = new CrossEntropyLoss { LabelSmoothing = 1.5f } },
            Options with { Loss = new CrossEntropyLoss { ClassWeights = [1, 2] } },
        ];
        Assert.All(wrong, options => Assert.ThrowsAny<ArgumentException>(() => Trainer.Fit(Classifier, Good, Good, options)));
    }

    private static readonly Dictionary<string, TrainingOptions> Incomplete = new(StringComparer.Ordinal)
    {
        ["Optimizer"] = Options with { Optimizer = null! },
        ["Schedule"] = Options with { Schedule = null! },
        ["Loss"] = Options with { Loss = null! },
        ["Ranks"] = Options with { Ranks = null! },
        ["Regularizers"] = Options with { Regularizers = null! },
        ["Regularizers, an entry"] = Options with { Regularizers = [null!] },
        ["Groups, an entry"] = Options with { Groups = [null!] },
        ["Transforms, an entry"] = Options with { Transforms = [null!] },
        ["Edits, an entry"] = Options with { Edits = [null!] },
        ["Callbacks"] = Options with { Callbacks = null! },
        ["Callbacks, an entry"] = Options with { Callbacks = [null!] },
    };

    public static TheoryData<string> IncompleteNames => [.. Incomplete.Keys];

    [Theory]
    [MemberData(nameof(IncompleteNames))]
    public void Options_that_are_null_are_refused_by_name(string name) =>
        Assert.Throws<ArgumentNullException>(name.Split(',')[0], () => Trainer.Fit(Classifier, Good, Good, Incomplete[name]));

    /// <summary>The mean over the samples of two ranks is not the mean weighted by class.</summary>
    [Fact]
    public void Class_weights_on_several_ranks_are_refused()
    {
        TrainingOptions shared = Options with { Ranks = new FirstOfTwo() };
        var weighted = new CrossEntropyLoss { ClassWeights = [1, 2, 1, 1] };
        TrainingOptions[] wrong =
        [
            shared with { Loss = weighted },
            shared with { Objective = new SupervisedObjective(weighted) },
        ];
        Assert.All(wrong, options => Assert.Contains(
            "class weights", Assert.Throws<NotSupportedException>(() => Trainer.Fit(Classifier, Good, Good, options)).Message, StringComparison.Ordinal));
        (shared with { Objective = new SupervisedObjective(new CrossEntropyLoss()) }).Validated();
    }

    private sealed class FirstOfTwo : TrainingRanks
    {
        public override BatchPart Part => new(0, 2);
    }

    private static TensorDataset Set(int features, params long[] labels) =>
        new("set", Tensor.Zeros([labels.Length, features]), Tensor.From(labels, [labels.Length]));
}
