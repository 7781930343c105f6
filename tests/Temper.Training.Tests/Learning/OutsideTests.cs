using Temper.Networks;
using Temper.Optimization;
using Temper.Outside;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests.Learning;

/// <summary>A regularizer and an edit that are written with public members only.</summary>
public sealed class OutsideTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_regularizer_from_outside_has_the_value_and_gradient_of_its_formula()
    {
        float[] w = [1, -2, 3, 0.5f], gradient = [1, 1, 1, 1], expected = [1.2f, 0.6f, 1.6f, 1.1f];
        var parameter = new Parameter { Name = "fc.weight", Value = Tensor.From(w, [2, 2]), Role = ParameterRole.LinearWeight };
        IRegularizer regularizer = new L2 { Strength = 0.1f };
        Assert.Equal(1.425, regularizer.AddGradient(parameter, w, gradient), 1e-6);
        Assert.All(expected.Zip(gradient), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        Assert.Equal(0, regularizer.AddGradient(parameter with { Role = ParameterRole.Bias }, w, gradient));
    }

    /// <summary>With a gradient of zero, a step changes a weight w by -rate * 2 * strength * w.</summary>
    [Fact]
    public void A_step_with_a_regularizer_from_outside_shrinks_the_weights_of_linear_layers()
    {
        Network network = Network.Build(InputSpec.Features(5), x => x.Linear(8, name: "fc1").Relu().Linear(3, name: "fc2")).Initialize(RandomStream.FromSeed(1));
        using var learner = new Learner(network, new LearnerOptions { Optimizer = new Sgd { LearningRate = 0.1f }, Regularizers = [new L2 { Strength = 0.5f }] });
        using Gradients gradients = learner.Gradients((net, pass) => net.Forward(Tensor.Ones([2, 5]), pass).Mean());
        gradients.Scale(0);
        LearnerStep step = learner.Apply(gradients);
        double squares = 0;
        foreach (Parameter before in network.Parameters)
        {
            bool isWeight = before.Name.EndsWith(".weight", StringComparison.Ordinal);
            float[] w = before.Value.ToArray<float>(), after = learner.Network.Parameters[before.Name].Value.ToArray<float>();
            squares += isWeight ? w.Sum(x => (double)x * x) : 0;
            Assert.All(w.Zip(after), pair => Assert.Equal(pair.First * (isWeight ? 0.9f : 1), pair.Second, 1e-6f));
        }

        Assert.Equal(0.5 * squares, step.Regularization, 1e-5 * squares);
    }

    [Fact]
    public void An_edit_from_outside_changes_the_network_after_each_epoch_and_remembers_its_state_when_resumed()
    {
        TrainingOptions options = SmallRun.Options with { Epochs = 2, Schedule = new StepSchedule() };
        TrainingResult whole = SmallRun.Fit(options with { Edits = [new HalvingPruning()] });
        float[] weights =
        [
            .. whole.Last.Parameters.Where(p => p.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight).SelectMany(p => p.Value.ToArray<float>()),
        ];
        Assert.Equal(weights.Length / 4.0, weights.Count(w => w != 0), 1.0);

        SmallRun.Fit(options with { Epochs = 1, CheckpointFolder = _folder["run"], Edits = [new HalvingPruning()] });
        TrainingResult resumed = SmallRun.Resume(options with { CheckpointFolder = _folder["run"], Edits = [new HalvingPruning()] });
        Assert.Equal(SmallRun.BytesOf(whole.Last), SmallRun.BytesOf(resumed.Last));
    }
}
