using Temper.Cli.Models;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training.Evaluation;

namespace Temper.Cli.Tests.Models;

/// <summary>A network that returns probabilities is measured by its logits.</summary>
public sealed class FinalSoftmaxTests
{
    private static readonly Network Logits =
        Network.Build(InputSpec.Features(4), x => x.Linear(3, name: "fc")).Initialize(RandomStream.FromSeed(1));

    private static readonly Network Probabilities =
        Network.Build(InputSpec.Features(4), x => x.Linear(3, name: "fc").Softmax()).WithParameters(Logits.Parameters);

    [Fact]
    public void The_loss_is_that_of_the_logits()
    {
        float[] x = new float[20 * 4];
        RandomStream.FromSeed(2).Fill(x);
        var data = new TensorDataset("rows", Tensor.From(x, [20, 4]), Tensor.From([.. Enumerable.Range(0, 20).Select(i => (long)(i % 3))], [20]));
        EvaluationResult expected = Evaluator.Evaluate(Logits, data), found = Evaluator.Evaluate(FinalSoftmax.Removed(Probabilities), data);
        Assert.Equal(expected.Loss, found.Loss);
        Assert.Equal(expected.Accuracy, found.Accuracy);
        Assert.Equal(expected.Answers, found.Answers);
        Assert.True(Math.Abs(expected.Loss - Evaluator.Evaluate(Probabilities, data).Loss) > 1e-3);
    }

    [Fact]
    public void Other_networks_stay_as_they_are()
    {
        Assert.True(FinalSoftmax.IsIn(Probabilities));
        Assert.False(FinalSoftmax.IsIn(Logits));
        Assert.Same(Logits, FinalSoftmax.Removed(Logits));
        Network map = Network.Build(InputSpec.Image(3, 2, 2), x => x.Softmax(1)), inside = Network.Build(InputSpec.Features(4), x => x.Softmax().Linear(3));
        Assert.Same(map, FinalSoftmax.Removed(map));
        Assert.Same(inside, FinalSoftmax.Removed(inside));
    }
}
