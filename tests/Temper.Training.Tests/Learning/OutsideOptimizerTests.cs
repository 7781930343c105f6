using System.Globalization;
using Temper.Formats;
using Temper.Optimization;
using Temper.Outside;
using Temper.Testing;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests.Learning;

/// <summary>An optimizer that is written with public members only.</summary>
public sealed class OutsideOptimizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static TrainingOptions Options => SmallRun.Options with { Epochs = 2, Schedule = new StepSchedule(), Optimizer = new Lion { LearningRate = 1e-3f, WeightDecay = 0.1f } };

    public void Dispose() => _folder.Dispose();

    /// <summary>The first step: w (1 - rate decay) - rate sign(g); the mean becomes (1 - beta2) g with the clipped gradient.</summary>
    [Fact]
    public void A_step_has_decay_clipping_and_mask_applied_around_its_formula()
    {
        float[] weights = [1, -2, 3], gradient = [0.5f, 4, -1];
        var lion = new Lion { LearningRate = 0.1f, WeightDecay = 0.5f };
        OptimizerState state = lion.CreateState(3);
        lion.Step(new ParameterUpdate { Value = weights, Gradient = gradient, Mask = [1, 1, 0], RateFactor = 2, GradientScale = 0.25f }, state);
        Equal([0.9f - 0.2f, -1.8f - 0.2f, 0], weights);
        Equal([0.00125f, 0.01f, -0.0025f], state.Slots[0].Values);
        Assert.Equal(1, state.Steps);
    }

    [Fact]
    public void Weight_decay_that_is_not_decoupled_is_added_to_the_gradient()
    {
        float[] weights = [2];
        new Plain { LearningRate = 0.5f, WeightDecay = 0.1f }.Step(
            new ParameterUpdate { Value = weights, Gradient = [1] }, new Plain().CreateState(1));
        Assert.Equal(2 - (0.5f * 1.2f), weights[0], 1e-6f);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void A_mask_of_another_length_is_refused_before_a_weight_changes(int length)
    {
        float[] weights = [1, 2, 3];
        var lion = new Lion();
        Assert.Throws<ArgumentException>(() => lion.Step(
            new ParameterUpdate { Value = weights, Gradient = [1, 1, 1], Mask = new float[length] }, lion.CreateState(3)));
        Assert.Equal([1f, 2, 3], weights);
    }

    [Fact]
    public void A_run_that_is_resumed_gives_the_same_bytes()
    {
        TrainingResult whole = SmallRun.Fit(Options);
        SmallRun.Fit(Options with { Epochs = 1, CheckpointFolder = _folder["run"] });
        TrainingResult resumed = SmallRun.Resume(Options with { CheckpointFolder = _folder["run"] });
        Assert.Equal(SmallRun.BytesOf(whole.Last), SmallRun.BytesOf(resumed.Last));
    }

    [Fact]
    public void A_resume_compares_the_options_in_any_culture()
    {
        SmallRun.Fit(Options with { Epochs = 1, CheckpointFolder = _folder["run"] });
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = new NumberFormatInfo { NumberDecimalSeparator = "," } };
            var error = Assert.Throws<ModelFormatException>(() => SmallRun.Resume(
                Options with { CheckpointFolder = _folder["run"], Optimizer = new Lion { LearningRate = 1e-3f, WeightDecay = 0.1f, Beta1 = 0.8f } }));
            Assert.Contains("Beta1 = 0.8", error.Message, StringComparison.Ordinal);
            Assert.True(SmallRun.Resume(Options with { CheckpointFolder = _folder["run"] }).IsComplete);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static void Equal(float[] expected, float[] found) =>
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));

    private sealed record Plain : CustomOptimizer
    {
        public override string Name => "plain";

        protected override IReadOnlyList<string> StateNames => [];

        protected override void Update(Span<float> weights, ReadOnlySpan<float> gradient, float rate, OptimizerState state) => weights[0] -= rate * gradient[0];
    }
}
