using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Tests.Networks;

/// <summary>The network of the logits of one that returns probabilities, and the way back.</summary>
public sealed class NetworkLogitsTests
{
    private static readonly Network Logits =
        Network.Build(InputSpec.Features(4), x => x.Linear(3, name: "fc")).Initialize(RandomStream.FromSeed(1)).WithClassNames(["x", "y", "z"]);

    private static readonly Network Probabilities = Network.Build(InputSpec.Features(4), x => x.Linear(3, name: "fc").Softmax(name: "p"))
        .WithParameters(Logits.Parameters).WithClassNames(Logits.ClassNames);

    private static readonly Tensor Inputs = ForwardTests.Random([5, 4], 3);

    [Fact]
    public void Without_the_softmax_the_outputs_are_logits_with_the_same_names()
    {
        Network found = Probabilities.WithoutFinalSoftmax();
        Assert.Equal(Logits.Forward(Inputs).ToArray<float>(), found.Forward(Inputs).ToArray<float>());
        Assert.Equal(Logits.ClassNames, found.ClassNames);
        Assert.Equal(Probabilities.Outputs[0].Name, found.Outputs[0].Name);
        Assert.Equal(["fc"], found.Nodes.Select(node => node.Name));
    }

    [Fact]
    public void The_softmax_of_another_network_is_put_back()
    {
        Network found = Probabilities.WithoutFinalSoftmax().WithFinalSoftmaxOf(Probabilities);
        Assert.Equal(Probabilities.ToJson(), found.ToJson());
        Assert.Equal(Probabilities.Forward(Inputs).ToArray<float>(), found.Forward(Inputs).ToArray<float>());
        Assert.Equal(Probabilities.ClassNames, found.ClassNames);
        Assert.Same(Probabilities, Probabilities.WithFinalSoftmaxOf(Probabilities));
        Assert.Same(Logits, Logits.WithFinalSoftmaxOf(Logits));
    }

    [Fact]
    public void Other_outputs_stay()
    {
        Network both = Probabilities.WithOutputs(new NetworkOutput("first", "p"), new NetworkOutput("second", "p")), found = both.WithoutFinalSoftmax();
        Assert.Equal([new NetworkOutput("first", "fc"), new NetworkOutput("second", "p")], found.Outputs);
        Assert.Equal(both.Outputs, found.WithFinalSoftmaxOf(both).Outputs);
    }

    /// <summary>Convolutional classifiers often have the softmax before the last reshape.</summary>
    [Fact]
    public void A_softmax_before_the_last_reshape_is_left_out_and_put_back()
    {
        Network map = Network.Build(InputSpec.Image(4, 1, 1), x => x.Conv2d(3, kernel: 1, name: "fc").Softmax(1, name: "p").Reshape([3, 1], name: "row").Flatten(name: "flat"))
            .Initialize(RandomStream.FromSeed(1)).WithClassNames(Logits.ClassNames), found = map.WithoutFinalSoftmax(), again = found.WithFinalSoftmaxOf(map);
        Tensor x = Inputs.Reshape([5, 4, 1, 1]);
        Assert.Equal(["fc", "row", "flat"], found.Nodes.Select(node => node.Name));
        Assert.Equal(map.ClassNames, found.ClassNames);
        float[] expected = map.Forward(x).ToArray<float>();
        Assert.All(found.Forward(x).Softmax().ToArray<float>().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
        Assert.All(again.Forward(x).ToArray<float>().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
        Network both = map.WithOutputs(map.Outputs[0], new NetworkOutput("map", "p"));
        Assert.Same(both, both.WithoutFinalSoftmax());
    }

    [Fact]
    public void Several_softmaxes_are_left_out_and_put_back()
    {
        Network twice = Network.Build(InputSpec.Features(4), x => x.Linear(3, name: "fc").Softmax(name: "p").Softmax(name: "q"))
            .WithParameters(Logits.Parameters).WithClassNames(Logits.ClassNames), found = twice.WithoutFinalSoftmax();
        Assert.Equal(Logits.Forward(Inputs).ToArray<float>(), found.Forward(Inputs).ToArray<float>());
        Assert.Equal(Logits.ClassNames, found.ClassNames);
        Assert.Equal(twice.ToJson(), found.WithFinalSoftmaxOf(twice).ToJson());

        Network both = twice.WithOutputs(new NetworkOutput("first", "q"), new NetworkOutput("second", "p"));
        Assert.Equal([new NetworkOutput("first", "fc"), new NetworkOutput("second", "p")], both.WithoutFinalSoftmax().Outputs);
        Assert.Equal(both.Outputs, both.WithoutFinalSoftmax().WithFinalSoftmaxOf(both).Outputs);

        Network map = Network.Build(InputSpec.Image(4, 1, 1), x => x.Conv2d(3, kernel: 1, name: "fc").Softmax(1, name: "p").Flatten(name: "flat").Softmax(name: "q"))
            .Initialize(RandomStream.FromSeed(1)), flat = map.WithoutFinalSoftmax();
        Tensor x = Inputs.Reshape([5, 4, 1, 1]);
        Assert.Equal(["fc", "flat"], flat.Nodes.Select(node => node.Name));
        Assert.All(
            flat.WithFinalSoftmaxOf(map).Forward(x).ToArray<float>().Zip(map.Forward(x).ToArray<float>()),
            pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
    }

    /// <summary>A softmax over the pixels of each class is none over the classes.</summary>
    [Fact]
    public void Networks_of_logits_are_returned_as_they_are()
    {
        Network log = Network.Build(InputSpec.Features(4), x => x.Linear(3).LogSoftmax()),
            map = Network.Build(InputSpec.Image(3, 2, 2), x => x.Softmax(1)), inside = Network.Build(InputSpec.Features(4), x => x.Softmax().Linear(3)),
            pixels = Network.Build(InputSpec.Image(3, 2, 2), x => x.Softmax(2).Flatten());
        Assert.All((Network[])[Logits, log, map, inside, pixels], network => Assert.Same(network, network.WithoutFinalSoftmax()));
    }
}
