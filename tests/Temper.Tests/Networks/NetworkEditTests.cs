using FsCheck;
using FsCheck.Fluent;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Testing.Edits;

namespace Temper.Tests.Networks;

public sealed class NetworkEditTests
{
    private const int Cases = 60;

    [Fact]
    public void Insert_then_remove_gives_the_same_results() => ForRandomNetworks((network, random) =>
    {
        string[] values = [.. network.Nodes.Select(node => node.Name), "input"];
        string after = values[random.NextInt32(values.Length)];
        Network longer = network.Insert(new Tanh(), after, "inserted");
        AssertConsistent(longer);
        Assert.Equal(network.Nodes.Count + 1, longer.Nodes.Count);
        AssertSame(network, longer.Remove("inserted"));
    });

    [Fact]
    public void Rename_then_back_gives_the_same_results_and_names() => ForRandomNetworks((network, random) =>
    {
        string name = network.Nodes[random.NextInt32(network.Nodes.Count)].Name;
        Network renamed = network.Rename(name, "renamed.node");
        AssertConsistent(renamed);
        AssertSame(network, renamed);
        Network back = renamed.Rename("renamed.node", name);
        Assert.Equal(network.ToJson(), back.ToJson());
        AssertSame(network, back);
    });

    [Fact]
    public void Replace_with_the_same_operator_changes_nothing() => ForRandomNetworks((network, random) =>
    {
        Node node = network.Nodes[random.NextInt32(network.Nodes.Count)];
        Network same = network.Replace(node.Name, node.Operator);
        Assert.Equal(network.ToJson(), same.ToJson());
        AssertSame(network, same);
    });

    [Fact]
    public void SplitParameters_keeps_results_and_ends_sharing() => ForRandomNetworks((network, _) =>
    {
        foreach (Node node in network.Nodes.Where(node => node.Parameters.Any(name => !name.StartsWith($"{node.Name}.", StringComparison.Ordinal))))
        {
            Network split = network.SplitParameters(node.Name);
            AssertConsistent(split);
            AssertSame(network, split);
            Assert.Equal(network.Parameters.Count + node.Parameters.Count, split.Parameters.Count);
        }
    });

    [Fact]
    public void ReplaceHead_keeps_all_other_parameters() => ForRandomNetworks((network, random) =>
    {
        Network changed = network.ReplaceHead(5, RandomStream.FromSeed(9));
        AssertConsistent(changed);
        Assert.Equal([1, 5], changed.Graph.ShapeOf(changed.Outputs[0].Value));
        foreach (Parameter parameter in network.Parameters.Where(parameter => !parameter.Name.StartsWith("head.", StringComparison.Ordinal)))
        {
            Assert.Same(parameter.Value, changed.Parameters[parameter.Name].Value);
        }
    });

    [Fact]
    public void SplitParameters_of_a_node_that_shares_only_some_keeps_its_own()
    {
        Network network = Network.Build(InputSpec.Features(6), x => x.Linear(6, bias: false, name: "a").ApplyShared(new Linear(6) { HasBias = false }, "a", "b"))
            .Initialize(RandomStream.FromSeed(1));
        Network biased = network.Replace("b", new Linear(6), RandomStream.FromSeed(2));
        Assert.Equal(["a.weight", "b.bias"], biased.Nodes[1].Parameters);
        Network split = biased.SplitParameters("b");
        Assert.Equal(["b.weight", "b.bias"], split.Nodes[1].Parameters);
        AssertSame(biased, split);
    }

    /// <summary>Files from elsewhere name parameters as they like, even after another role.</summary>
    [Fact]
    public void Replace_matches_parameters_by_role_and_not_by_name()
    {
        Network network = OutsideNames.Of(Network.Build(InputSpec.Image(2, 5, 5), x => x.Conv2d(3, kernel: 3, name: "a").BatchNorm("n").Relu().Flatten().Linear(4, bias: false, name: "b"))
            .Initialize(RandomStream.FromSeed(1)));
        Network changed = network.Replace("a", ((Conv2d)network.Nodes[0].Operator) with { HasInt8Weight = true });
        Assert.Equal(network.Nodes[0].Parameters, changed.Nodes[0].Parameters);
        Assert.All(network.Parameters, parameter => Assert.Same(parameter.Value, changed.Parameters[parameter.Name].Value));
        Network biased = network.Replace("b", new Linear(4), RandomStream.FromSeed(2));
        Assert.Equal([network.Nodes[^1].Parameters[0], "b.bias"], biased.Nodes[^1].Parameters);
        Assert.All(network.Parameters, parameter => Assert.Same(parameter.Value, biased.Parameters[parameter.Name].Value));
    }

    /// <summary>The scales of 8-bit weights belong to the old weights.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void ReplaceHead_of_8_bit_weights_gives_float32_weights(int classes)
    {
        Network network = Network.Build(InputSpec.Features(4), x => x.Linear(3, name: "head")).Initialize(RandomStream.FromSeed(1));
        network = network.Replace("head", new Linear(3) { HasInt8Weight = true }, RandomStream.FromSeed(2));
        Network changed = network.ReplaceHead(classes, RandomStream.FromSeed(3));
        AssertConsistent(changed);
        Assert.Empty(changed.Buffers);
        Assert.False(Assert.IsType<Linear>(changed.Nodes[0].Operator).HasInt8Weight);
        Assert.Equal([1, classes], changed.Graph.ShapeOf("head"));
    }

    [Fact]
    public void Edit_that_would_lose_or_invent_weights_is_refused_by_their_names()
    {
        Network network = Network.Build(InputSpec.Features(4), x => x.Linear(6, name: "a").Relu().Linear(3, name: "b")).Initialize(RandomStream.FromSeed(1));
        RandomStream stream = RandomStream.FromSeed(2);
        Assert.Contains("a.weight", Assert.Throws<ArgumentException>(() => network.Replace("a", new Linear(5))).Message);
        Assert.Contains("b.weight", Assert.Throws<ArgumentException>(() => network.Replace("a", new Linear(5), stream)).Message);
        Assert.Contains("new.weight", Assert.Throws<ArgumentException>(() => network.Insert(new Linear(6), "a", "new")).Message);
        Assert.Contains("b.weight", Assert.Throws<ArgumentException>(() => network.ReplaceHead(7)).Message);
        Network head = network.WithMask("a.weight", Tensor.Zeros([6, 4])).Replace("b", new Linear(7), stream);
        Assert.NotNull(head.Parameters["a.weight"].Mask);
        Assert.Contains(head.Parameters["b.weight"].Value.ToArray<float>(), value => value != 0);
        Assert.Equal(["b"], network.UsersOf(network.Nodes[1].Name).Select(node => node.Name));
    }

    [Fact]
    public void Remove_of_a_node_that_changes_the_shape_is_refused()
    {
        Network network = NetworkZoo.LeNet5();
        var error = Assert.Throws<ShapeMismatchException>(() => network.Remove("pool1"));
        Assert.Contains("pool1", error.Message);
        Assert.Contains("'nothing'", Assert.Throws<ArgumentException>(() => network.Remove("nothing")).Message);
    }

    [Fact]
    public void Insert_that_breaks_a_later_node_names_it()
    {
        Network network = NetworkZoo.LeNet5Caffe();
        var error = Assert.Throws<ShapeMismatchException>(() => network.Insert(new Flatten(), "pool1", "flat"));
        Assert.Contains("conv2", error.Message);
        Assert.Contains("'conv1'", Assert.Throws<ArgumentException>(() => network.Insert(new Relu(), "pool1", "conv1")).Message);
    }

    [Fact]
    public void Insert_of_preprocessing_changes_what_the_network_takes_in()
    {
        Network network = Network.Build(InputSpec.Image(3, 2, 2, 0, 255), x => x.Flatten().Linear(2)).Initialize(RandomStream.FromSeed(1));
        Network scaled = network.Insert(new Normalize { Scale = 1 / 255f, Mean = [0.5f, 0.4f, 0.3f], Deviation = [0.2f, 0.3f, 0.5f] }, "input", "normalize");
        Tensor x = ForwardTests.Random([2, 3, 2, 2], 4);
        float[] by_hand = x.ToArray<float>();
        for (int i = 0; i < by_hand.Length; i++)
        {
            int c = i / 4 % 3;
            by_hand[i] = ((by_hand[i] / 255f) - new[] { 0.5f, 0.4f, 0.3f }[c]) / new[] { 0.2f, 0.3f, 0.5f }[c];
        }

        ForwardTests.AssertClose(network.Forward(Tensor.From(by_hand, x.Shape)), scaled.Forward(x), 1e-5f);
    }

    [Fact]
    public void Folded_normalization_gives_the_same_results_and_leaves_none_behind_a_layer_of_its_own() => ForRandomNetworks((network, _) =>
    {
        // Nontrivial statistics: those of a fresh network are 0 and 1.
        Network moved = network.WithBuffers(network.Buffers.Where(buffer => buffer.Value.DType == DType.Float32)
            .Select((buffer, i) => KeyValuePair.Create(buffer.Key, ForwardTests.Random(buffer.Value.Shape, (ulong)i).Abs() + 0.5f)));
        Network folded = moved.FoldNormalization();
        AssertConsistent(folded);
        AssertSame(moved, folded);
        Assert.DoesNotContain(folded.Nodes, node => node.Operator is BatchNorm
            && folded.Nodes.Any(layer => string.Equals(layer.Name, node.Inputs[0], StringComparison.Ordinal) && layer.Operator is Conv2d && folded.Nodes.Count(other => other.Inputs.Contains(layer.Name)) == 1));
    });

    /// <summary>
    /// The reference is the formula in tensor operations, each rounded to float32. Results must be equal byte for byte,
    /// because the three users of the formula (folded graphs, plans, compiled networks) must agree.
    /// </summary>
    [Fact]
    public void Folded_weights_are_the_formula_of_the_normalization()
    {
        foreach (bool hasBias in new[] { false, true })
        {
            Network network = Network.Build(InputSpec.Image(3, 4, 4), x => x.Conv2d(5, 3, bias: hasBias, name: "conv").BatchNorm("bn")).Initialize(RandomStream.FromSeed(1));
            network = network.WithBuffers(new Dictionary<string, Tensor> { ["bn.running_mean"] = ForwardTests.Random([5], 1), ["bn.running_var"] = ForwardTests.Random([5], 2).Abs() })
                .WithParameters([network.Parameters["bn.weight"] with { Value = ForwardTests.Random([5], 3) }, network.Parameters["bn.bias"] with { Value = ForwardTests.Random([5], 4) }]);
            Tensor gain = network.Parameters["bn.weight"].Value / (network.Buffers["bn.running_var"] + 1e-5f).Sqrt();
            Tensor bias = hasBias ? network.Parameters["conv.bias"].Value : Tensor.Zeros([5]);
            Tensor offset = (gain * (bias - network.Buffers["bn.running_mean"])) + network.Parameters["bn.bias"].Value;
            Network folded = network.FoldNormalization();
            Assert.Equal(offset.ToArray<float>(), folded.Parameters["conv.bias"].Value.ToArray<float>());
            Assert.Equal((network.Parameters["conv.weight"].Value * gain.Reshape([5, 1, 1, 1])).ToArray<float>(), folded.Parameters["conv.weight"].Value.ToArray<float>());
            Tensor x = ForwardTests.Random([2, 3, 4, 4], 5);
            Assert.Equal(network.Forward(x).ToArray<float>(), folded.Forward(x).ToArray<float>());
        }
    }

    /// <summary>
    /// Files may name the parameters of a node freely, so the default name of a layer's bias can belong to another
    /// node.
    /// </summary>
    [Fact]
    public void Edits_do_not_share_a_parameter_by_accident()
    {
        Node Layer(string name, string input, params string[] parameters) =>
            new() { Name = name, Operator = new Linear(4) { HasBias = parameters.Length > 1 }, Inputs = [input], Parameters = parameters };
        Node norm = GraphCheck.Complete(new BatchNorm(), "bn", ["a"], [[1, 4]]);
        Network network = Network.FromGraph(new NetworkGraph(
            [InputSpec.Features(4)], [Layer("a", "input", "w"), norm, Layer("b", "bn", "v", "a.bias")], [new NetworkOutput("y", "b")])).Initialize(RandomStream.FromSeed(1));
        Assert.Contains("'a.bias'", Assert.Throws<ArgumentException>(() => network.Replace("a", new Linear(4), RandomStream.FromSeed(2))).Message);
        AssertSame(network, network.FoldNormalization());
        Assert.DoesNotContain(network.Rename("a", "c").FoldNormalization().Nodes, node => node.Operator is BatchNorm);
    }

    /// <summary>
    /// A network of any structure computes the same after an ONNX round trip and can be edited again.
    /// </summary>
    [Fact]
    public void Onnx_round_trip_gives_the_same_results() => ForRandomNetworks((network, _) =>
    {
        var stream = new MemoryStream();
        OnnxFile.Write(network, stream, new OnnxExportOptions { SparseInitializers = true });
        stream.Position = 0;
        Network again = OnnxFile.Read(stream, "x.onnx").Network;
        AssertConsistent(again);
        AssertSame(network, again);
        Assert.Equal(network.Parameters.ElementCount, again.Parameters.ElementCount);
        Assert.Equal((network.Inputs[0].Minimum, network.Inputs[0].Maximum), (again.Inputs[0].Minimum, again.Inputs[0].Maximum));
    });

    [Fact]
    public void Prepended_preprocessing_is_part_of_the_network()
    {
        Network network = Network.Build(InputSpec.Features(12), x => x.Linear(2)).Initialize(RandomStream.FromSeed(3));
        Network longer = network.Prepend(InputSpec.Image(3, 2, 2), x => x.Normalize([0.5f, 0.4f, 0.3f], [0.2f, 0.3f, 0.5f], 2).Permute([0, 2, 3, 1]));
        AssertConsistent(longer);
        Tensor pictures = ForwardTests.Random([4, 3, 2, 2], 5);
        Tensor byHand = ((pictures * 2f) - Tensor.From<float>([0.5f, 0.4f, 0.3f], [1, 3, 1, 1])) / Tensor.From<float>([0.2f, 0.3f, 0.5f], [1, 3, 1, 1]);
        ForwardTests.AssertClose(network.Forward(byHand.Permute(0, 2, 3, 1).Flatten()), longer.Forward(pictures), 1e-5f);
        Assert.Throws<ShapeMismatchException>(() => network.Prepend(InputSpec.Image(3, 3, 3), x => x));
    }

    [Fact]
    public void Network_of_a_fixed_batch_takes_multiples_of_it_in_as_many_runs()
    {
        Network free = Network.Build(InputSpec.Features(3), x => x.Linear(2)).Initialize(RandomStream.FromSeed(3));
        var stream = new MemoryStream();
        OnnxFile.Write(free, stream);
        stream.Position = 0;
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal) { ["input"] = Tensor.Zeros([4, 3]) };
        Network batched = OnnxFile.Read(stream, "x.onnx", new OnnxImportOptions { Values = values }).Network;
        Assert.Equal(Shape.Create(4, 3), batched.Inputs[0].SampleShape);
        Assert.Equal(new BatchState { Kind = BatchKind.Fixed, Size = 4 }, batched.Batch);
        foreach (int samples in new[] { 4, 8, 12 })
        {
            Tensor x = ForwardTests.Random([samples, 3], 7);
            ForwardTests.AssertClose(free.Forward(x), FixedBatch.Run(batched, [x])[0], 1e-6f);
        }

        foreach (int samples in new[] { 1, 3, 5, 9 })
        {
            Assert.Contains("4 at a time", Assert.Throws<ShapeMismatchException>(() => FixedBatch.Run(batched, [Tensor.Zeros([samples, 3])])).Message);
        }
    }

    /// <summary>
    /// Checks a property on networks of random structure, and that the network is unchanged afterwards.
    /// </summary>
    private static void ForRandomNetworks(Action<Network, RandomCursor> property) =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            Network network = RandomNetworks.Make((ulong)seed);
            (string json, float[] values) = (network.ToJson(), Values(network));
            AssertConsistent(network);
            property(network, RandomStream.FromSeed((ulong)seed).Split("edit").Cursor());
            Assert.Equal(json, network.ToJson());
            Assert.Equal(values, Values(network));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));

    /// <summary>Checks that the output has the inferred shape and that the graph can be written and read.</summary>
    private static void AssertConsistent(Network network)
    {
        Tensor y = network.Forward(ForwardTests.Random([2, .. network.Inputs[0].SampleShape.AsSpan()], 3));
        Assert.Equal(network.Graph.ShapeOf(network.Outputs[0].Value).With(0, 2), y.Shape);
        Assert.Equal(network.Parameters.ElementCount, network.Cost().Parameters);
        NetworkJsonReader.Read(System.Text.Encoding.UTF8.GetBytes(network.ToJson()));
    }

    private static void AssertSame(Network expected, Network actual)
    {
        Tensor x = ForwardTests.Random([2, .. expected.Inputs[0].SampleShape.AsSpan()], 3);
        ForwardTests.AssertClose(ForwardTests.NodeByNode(expected, x, Pass.Evaluation), actual.Forward(x), 1e-4f);
    }

    private static float[] Values(Network network) => [.. network.Parameters.SelectMany(parameter => parameter.Value.ToArray<float>())];

    [Fact]
    public void A_changed_copy_of_a_normalization_that_has_run_uses_its_own_values()
    {
        Network network = Network.Build(InputSpec.Image(1, 1, 2), x => x.Normalize([0.5f], [0.5f], name: "normalize"));
        Tensor x = Tensor.From([0f, 1f], [1, 1, 1, 2]);
        Assert.Equal([-1f, 1f], network.Forward(x).ToArray<float>());
        Normalize changed = (Normalize)network.Nodes[0].Operator with { Mean = [0], Deviation = [0.25f], Scale = 2 };
        Assert.Equal([0f, 8f], network.Replace("normalize", changed).Forward(x).ToArray<float>());
    }
}
