using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Tests.Networks;

/// <summary>Tests what splicing, node removal and output selection preserve, and which requests they reject.</summary>
public sealed class NetworkSpliceTests
{
    private static readonly Network Net = Network.Build([InputSpec.Features(4), InputSpec.Features(4, name: "other")], x =>
    {
        Value a = x[0].Linear(4, name: "a").Relu("relu");
        return [("y", (a + x[1].Linear(4, name: "b")).Scope("head", sum => sum.Linear(3, name: "fc"))), ("hidden", a)];
    }).Initialize(RandomStream.FromSeed(1)).WithClassNames(["x", "y", "z"]);

    private static RandomStream Stream => RandomStream.FromSeed(2);

    private static Tensor[] Inputs => [ForwardTests.Random([2, 4], 3), ForwardTests.Random([2, 4], 4)];

    public static TheoryData<string, string[], string, Func<IReadOnlyList<Value>, Value>, string[]> Refusals { get; } = new()
    {
        { "unknown value", ["rellu"], "relu", v => v[0], ["'rellu'", "did you mean 'relu'?"] },
        { "unknown replaced value", ["relu"], "head.fd", v => v[0], ["'head.fd'", "did you mean 'head.fc'?"] },
        { "no values", [], "relu", v => v[0], ["at least one"] },
        { "shape", ["relu"], "relu", v => v[0].Linear(3, name: "n"), ["[1, 3]", "[1, 4]", "'relu'"] },
        { "dtype", ["relu"], "relu", v => v[0].Apply(new Cast(DType.Int64)), ["Int64", "Float32"] },
        { "batch axis", ["relu"], "relu", v => v[0].Builder.Add(new ConstantValue([1, 4]), "c", null, []), ["without a batch axis"] },
        { "name of a node", ["relu"], "relu", v => v[0].Relu("a"), ["'a'", "the same name"] },
        { "cycle", ["head.fc", "relu"], "relu", v => v[0].Linear(4, name: "n") + v[1], ["'head.fc' depends on 'relu'", "depend on itself"] },
        { "cycle of an old value", ["add1"], "relu", v => v[0], ["'add1' depends on 'relu'"] },
        { "unused node", ["relu"], "relu", Unused, ["'stray'"] },
        { "another network's value", ["relu"], "relu", _ => Stranger(), ["belongs to another network"] },
        { "fresh weights", ["relu"], "relu", v => v[0] + v[0].Linear(4, name: "n"), ["n.weight", "n.bias", "stream"] },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Splice_refuses_by_name(string what, string[] after, string replaces, Func<IReadOnlyList<Value>, Value> body, string[] says)
    {
        RandomStream? fresh = what.StartsWith("fresh", StringComparison.Ordinal) ? null : Stream;
        string message = Assert.ThrowsAny<ArgumentException>(() => Net.Splice(after, body, replaces, fresh)).Message;
        Assert.All(says, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]
    public void Splice_around_nodes_drops_them_with_the_parameters_that_only_they_used()
    {
        Network around = Net.Splice(["input"], v => v[0].Linear(4, name: "short"), "relu", Stream);
        Assert.Equal(["short", "b", "add1", "head.fc"], around.Nodes.Select(node => node.Name));
        Assert.Equal(["short.weight", "short.bias", "b.weight", "b.bias", "head.fc.weight", "head.fc.bias"], around.Parameters.Select(parameter => parameter.Name));
        Assert.Equal("short", around.Outputs[1].Value);
        Assert.Equal(Net.ClassNames, around.ClassNames);

        // Parameters that a new node shares with a removed node are preserved, including their values.
        Network shared = Net.Splice(["input"], v => v[0].ApplyShared(new Linear(4), "a", "again").Relu("relu2"), "relu");
        Assert.DoesNotContain(shared.Nodes, node => node.Name is "a" or "relu");
        Assert.Same(Net.Parameters["a.weight"].Value, shared.Parameters["a.weight"].Value);
        Assert.Equal(Net.Forward(Inputs, Pass.Evaluation)[0].ToArray<float>(), shared.Forward(Inputs, Pass.Evaluation)[0].ToArray<float>());

        // The name of a removed node is free, but not the name of a parameter that is still in use.
        Assert.Contains("'a.weight'", Assert.Throws<ArgumentException>(() => shared.Insert(new Linear(4), "relu2", "a", Stream)).Message);
        Assert.Contains("'a.weight' twice", Assert.Throws<ArgumentException>(() => shared.Rename("b", "a")).Message);
    }

    [Fact]
    public void Splice_of_inputs_and_outputs_gives_what_is_computed_by_hand()
    {
        Network input = Net.Splice(["other", "input"], v => (v[0] * v[1]).Tanh("gate"), "other");
        Tensor[] by_hand = [Inputs[0], (Inputs[1] * Inputs[0]).Tanh()];
        ForwardTests.AssertClose(Net.Forward(by_hand, Pass.Evaluation)[0], input.Forward(Inputs, Pass.Evaluation)[0], 1e-6f);

        Network output = Net.Splice("head.fc", x => x.Softmax());
        ForwardTests.AssertClose(Net.Forward(Inputs, Pass.Evaluation)[0].Softmax(), output.Forward(Inputs, Pass.Evaluation)[0], 1e-6f);
        Assert.Equal(["y", "hidden"], output.Outputs.Select(o => o.Name));
    }

    [Fact]
    public void Splice_draws_only_what_is_new_by_its_name()
    {
        Network masked = Net.WithMask("b.weight", Tensor.Zeros([4, 4])).WithTrainable(false, parameter => parameter.Name is "a.bias");
        Network first = masked.Splice("relu", x => x + x.Linear(4, name: "n"), Stream);
        Network second = masked.Splice("relu", x => x.Linear(4, name: "m") + x.Linear(4, name: "n"), Stream);
        Assert.Equal(first.Parameters["n.weight"].Value.ToArray<float>(), second.Parameters["n.weight"].Value.ToArray<float>());
        Assert.Contains(first.Parameters["n.weight"].Value.ToArray<float>(), value => value != 0);
        Assert.All(masked.Parameters, parameter => Assert.Same(parameter.Value, second.Parameters[parameter.Name].Value));
        Assert.NotNull(second.Parameters["b.weight"].Mask);
        Assert.False(second.Parameters["a.bias"].IsTrainable);
    }

    [Fact]
    public void Bypass_leaves_out_a_node_and_what_only_it_needed()
    {
        Network plain = Net.Bypass("add1");
        Assert.Equal(["a", "relu", "head.fc"], plain.Nodes.Select(node => node.Name));
        Assert.Equal(2, plain.Inputs.Count);
        Assert.Equal(["b", "head.fc"], Net.Bypass("add1", input: 1).WithOutputs(Net.Outputs[0]).Nodes.Select(node => node.Name));
        Assert.Equal(["a", "b", "add1", "head.fc"], Net.Bypass("relu").Nodes.Select(node => node.Name));
        Assert.Contains("Splice", Assert.Throws<ShapeMismatchException>(() => Net.Bypass("head.fc")).Message, StringComparison.Ordinal);
        Assert.Contains("expected 0 to 1", Assert.Throws<ArgumentException>(() => Net.Bypass("add1", 2)).Message, StringComparison.Ordinal);
        Assert.Contains("did you mean 'add1'?", Assert.Throws<ArgumentException>(() => Net.Bypass("ad1")).Message, StringComparison.Ordinal);
        Assert.Contains("Bypass", Assert.Throws<ArgumentException>(() => Net.Remove("add1")).Message, StringComparison.Ordinal);

        Network spread = Network.Build([InputSpec.Features(1), InputSpec.Features(3, name: "wide")], x => [("y", x[0].Add(x[1], "sum"))]);
        Assert.Contains("use input 1", Assert.Throws<ShapeMismatchException>(() => spread.Bypass("sum")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithOutputs_gives_any_values_and_drops_the_rest()
    {
        Network features = Net.WithOutputs(new NetworkOutput("features", "relu"), new NetworkOutput("raw", "input"));
        Assert.Equal(["a", "relu"], features.Nodes.Select(node => node.Name));
        Assert.Equal(["a.weight", "a.bias"], features.Parameters.Select(parameter => parameter.Name));
        Assert.Empty(features.ClassNames);
        IReadOnlyList<Tensor> outputs = features.Forward(Inputs, Pass.Evaluation);
        Assert.Equal(Net.Forward(Inputs, Pass.Evaluation)[1].ToArray<float>(), outputs[0].ToArray<float>());
        Assert.Equal(Inputs[0].ToArray<float>(), outputs[1].ToArray<float>());
        Assert.Equal(Net.ClassNames, Net.WithOutputs(Net.Outputs[0]).ClassNames);
        Assert.Contains("did you mean 'relu'?", Assert.Throws<ArgumentException>(() => Net.WithOutputs(new NetworkOutput("y", "relux"))).Message, StringComparison.Ordinal);
        Assert.Contains("'y' twice", Assert.Throws<ArgumentException>(() => Net.WithOutputs(Net.Outputs[0], Net.Outputs[0])).Message, StringComparison.Ordinal);
        Assert.Contains("at least one", Assert.Throws<ArgumentException>(() => Net.WithOutputs()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Prepend_never_invents_weights()
    {
        Network one = Net.WithOutputs(Net.Outputs[0]).Splice(["input"], v => v[0].Relu("again"), "other");
        Network single = Network.Build(InputSpec.Features(4), x => x.Linear(2, name: "a")).Initialize(Stream);
        Assert.Equal(2, one.Inputs.Count);
        Assert.Contains("preprocessing.n.weight", Assert.Throws<ArgumentException>(() => single.Prepend(InputSpec.Features(6), x => x.Linear(4, name: "n"))).Message);
        Network drawn = single.Prepend(InputSpec.Features(6), x => x.Linear(4, name: "n"), Stream);
        Assert.Contains(drawn.Parameters["preprocessing.n.weight"].Value.ToArray<float>(), value => value != 0);
        Assert.Same(single.Parameters["a.weight"].Value, drawn.Parameters["a.weight"].Value);
    }

    private static Value Unused(IReadOnlyList<Value> values)
    {
        values[0].Relu("stray");
        return values[0].Tanh();
    }

    private static Value Stranger()
    {
        Value? kept = null;
        Network.Build(InputSpec.Features(4), x => kept = x.Relu());
        return kept!;
    }
}
