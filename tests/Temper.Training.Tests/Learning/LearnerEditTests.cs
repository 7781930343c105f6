using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests.Learning;

/// <summary>The state that belongs to a parameter follows it through edits.</summary>
public sealed class LearnerEditTests
{
    private static readonly LearnerOptions Options = new()
    {
        Optimizer = new Sgd { LearningRate = 0.1f, Momentum = 0.9f }, Average = new WeightAverage { Decay = 0.9f, WarmUp = false },
    };

    private static readonly Network Mlp = Network.Build(InputSpec.Features(4), x => x.Linear(3, name: "a").Relu("r").Linear(2, name: "b"))
        .Initialize(RandomStream.FromSeed(1));

    private static Tensor X { get; } = Tensor.From(Samples.Gaussian(24, 1), [6, 4]);

    [Fact]
    public void An_edit_that_changes_no_function_changes_no_step()
    {
        using Learner plain = Trained(), edited = Trained();
        edited.Edit(net => net.Insert(new Relu(), after: "r", name: "again").Rename("b", "head"));
        // A rename must be declared as a move; otherwise the state of the head is reset.
        Step(plain);
        Step(edited);
        Assert.Equal(plain.Network.Parameters["a.weight"].Value.ToArray<float>(), edited.Network.Parameters["a.weight"].Value.ToArray<float>());
        Assert.NotEqual(plain.Network.Parameters["b.weight"].Value.ToArray<float>(), edited.Network.Parameters["head.weight"].Value.ToArray<float>());

        using Learner told = Trained();
        told.Edit(net => new NetworkEdit(net.Rename("b", "head"), [Moved("b.weight", "head.weight", 0, [0, 1]), Moved("b.bias", "head.bias", 0, [0, 1])]));
        Step(told);
        Assert.Equal(plain.Network.Parameters["b.weight"].Value.ToArray<float>(), told.Network.Parameters["head.weight"].Value.ToArray<float>());
        Assert.Equal(
            plain.AverageSnapshot().Parameters["b.weight"].Value.ToArray<float>(), told.AverageSnapshot().Parameters["head.weight"].Value.ToArray<float>());
    }

    [Fact]
    public void A_layer_drawn_anew_behind_another_edit_starts_with_a_new_state()
    {
        using Learner once = Trained(), twice = Trained();
        static Network Head(Network net) => net.ReplaceHead(5, RandomStream.FromSeed(3));
        once.Edit(net => net.WithChannels("a", [0, 2]).Then(narrow => Head(narrow)));
        twice.Edit(net => net.WithChannels("a", [0, 2]));
        twice.Edit(net => Head(net));
        Step(once);
        Step(twice);
        Assert.Equal(SmallRun.BytesOf(twice.Network), SmallRun.BytesOf(once.Network));
    }

    [Fact]
    public void The_average_of_a_weight_that_an_edit_masks_is_zero_like_the_weight()
    {
        using Learner learner = Trained();
        learner.Edit(net => net.WithMask("a.weight", Tensor.From([1f, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1], [3, 4])));
        Assert.Equal([0f, 0, 0, 0], learner.AverageSnapshot().Parameters["a.weight"].Value.ToArray<float>()[4..8]);
        Step(learner);
        Assert.Equal([0f, 0, 0, 0], learner.AverageSnapshot().Parameters["a.weight"].Value.ToArray<float>()[4..8]);
    }

    /// <summary>
    /// Rows 2 and 0 are kept with a new row between them: slots move, new slots start at zero, and new averages start
    /// at the parameter's value.
    /// </summary>
    [Fact]
    public void Moves_gather_along_several_axes()
    {
        float[] values = [.. Enumerable.Range(0, 6).Select(i => (float)i)];
        Network before = Network.Build(InputSpec.Features(2), x => x.Linear(3, bias: false, name: "a"));
        Network after = Network.Build(InputSpec.Features(3), x => x.Linear(3, bias: false, name: "a"));
        var edit = new NetworkEdit(after, [Moved("a.weight", "a.weight", 0, [2, -1, 0]), Moved("a.weight", "a.weight", 1, [1, 0, -1])]);
        Assert.NotNull(edit.SourceOf("a.weight", before));
        Assert.Equal([5, 4, 0, 0, 0, 0, 1, 0, 0], edit.Moved("a.weight", values, [3, 2], []));
        float[] added = [.. Enumerable.Range(10, 9).Select(i => (float)i)];
        Assert.Equal([5, 4, 12, 13, 14, 15, 1, 0, 18], edit.Moved("a.weight", values, [3, 2], added));
    }

    [Theory]
    [InlineData("a.wieght", "a.weight", new[] { 0, 1, 2 })]
    [InlineData("a.weight", "c.weight", new[] { 0, 1, 2 })]
    [InlineData("a.weight", "a.weight", new[] { 0, 1 })]
    public void A_move_that_would_lose_state_is_refused(string from, string to, int[] kept)
    {
        using Learner learner = Trained();
        Assert.Contains("NetworkEdit", Assert.Throws<ArgumentException>(
            () => learner.Edit(net => new NetworkEdit(net, [Moved(from, to, 0, kept)]))).Message, StringComparison.Ordinal);
        Step(learner);
    }

    [Fact]
    public void A_move_that_does_not_fit_is_refused_and_changes_nothing()
    {
        using Learner learner = Trained();
        byte[] before = SmallRun.BytesOf(learner.Network);
        Assert.Throws<ArgumentException>(() => learner.Edit(net => new NetworkEdit(net, [Moved("a.weight", "a.weight", 0, [0, 1, 9])])));
        Assert.Equal(before, SmallRun.BytesOf(learner.Network));
        Step(learner);
    }

    [Fact]
    public void A_value_that_two_parameters_share_after_an_edit_is_not_written_twice()
    {
        Network tied = Network.Build([InputSpec.Features(4)], x =>
        {
            Value first = x[0].Linear(4, bias: false, name: "a");
            return [("y", first.ApplyShared(new Linear(4) { HasBias = false }, "a", "b"))];
        }).Initialize(RandomStream.FromSeed(2));
        using var learner = new Learner(tied, Options);
        learner.Edit(net => net.SplitParameters("b"));
        Step(learner);
        Assert.NotEqual(
            learner.Network.Parameters["a.weight"].Value.ToArray<float>(), learner.Network.Parameters["b.weight"].Value.ToArray<float>());
    }

    /// <summary>
    /// Removes a channel during training that is silenced by masks. The rest trains as if the channel were still there.
    /// </summary>
    [Fact]
    public void Training_goes_on_as_before_without_a_silent_channel()
    {
        Network masked = Mlp.WithMask("a.weight", Tensor.From([1f, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1], [3, 4]))
            .WithMask("a.bias", Tensor.From([1f, 0, 1], [3])).WithMask("b.weight", Tensor.From([1f, 0, 1, 0, 0, 1], [2, 3]));
        using Learner wide = Trained(masked), narrow = Trained(masked);
        narrow.Edit(net => net.WithChannels("a", [0, 2]));
        Assert.Equal([1, 1, 0, 1], narrow.Network.Parameters["b.weight"].Mask!.ToArray<float>());
        for (int i = 0; i < 3; i++)
        {
            Step(wide);
            Step(narrow);
        }

        AssertClose(wide.Network.WithChannels("a", [0, 2]).Network, narrow.Network);
        AssertClose(wide.AverageSnapshot().WithChannels("a", [0, 2]).Network, narrow.AverageSnapshot());
    }

    /// <summary>Two edits combined into one preserve the state of every parameter that either of them moves.</summary>
    [Fact]
    public void An_edit_behind_another_keeps_the_moves_of_both()
    {
        using Learner once = Trained(), twice = Trained();
        once.Edit(net => net.WithChannels("a", [0, 2]).Then(narrow => narrow.WithChannels("a", [1]))
            .Then(net => new NetworkEdit(net.Rename("b", "head"), [Moved("b.weight", "head.weight", 0, [0, 1]), Moved("b.bias", "head.bias", 0, [0, 1])])));
        twice.Edit(net => net.WithChannels("a", [2]));
        twice.Edit(net => new NetworkEdit(net.Rename("b", "head"), [Moved("b.weight", "head.weight", 0, [0, 1]), Moved("b.bias", "head.bias", 0, [0, 1])]));
        Step(once);
        Step(twice);
        Assert.Equal(SmallRun.BytesOf(twice.Network), SmallRun.BytesOf(once.Network));
        Assert.Equal(SmallRun.BytesOf(twice.AverageSnapshot()), SmallRun.BytesOf(once.AverageSnapshot()));
    }

    private static void AssertClose(Network expected, Network got) => Assert.All(got.Parameters, parameter => Assert.All(
        parameter.Value.ToArray<float>().Zip(expected.Parameters[parameter.Name].Value.ToArray<float>()), pair => Assert.Equal(pair.Second, pair.First, 1e-6f)));

    private static ParameterMove Moved(string from, string to, int axis, int[] kept) => new(from, to, axis, kept);

    private static Learner Trained() => Trained(Mlp);

    private static Learner Trained(Network network)
    {
        var learner = new Learner(network, Options);
        for (int i = 0; i < 3; i++)
        {
            Step(learner);
        }

        return learner;
    }

    private static void Step(Learner learner)
    {
        using Gradients gradients = learner.Gradients((net, pass) => net.Forward(X, pass).Pow(2).Mean());
        learner.Apply(gradients);
    }
}
