using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Testing.Edits;

/// <summary>The kinds of edits of the property test.</summary>
public static class EditRows
{
    /// <summary>All kinds, one row each.</summary>
    public static IReadOnlyList<EditRow> All { get; } =
    [
        new("splice that changes nothing", Identity),
        new("splice around a node with its parameters", Around),
        new("splice behind a value", Behind),
        new("splice between two values", Between),
        new("splice with new weights", Widened),
        new("insert", (network, random) => Pick(Floats(network), random) is not { } value ? null
            : new EditCase { Apply = (net, _) => net.Insert(new Tanh(), value, "edit.tanh"), Outputs = Replaced(value, (_, x) => x.Tanh()) }),
        new("bypass", Bypassed),
        new("rename with its moves", Renamed),
        new("prepend", Prepended),
        new("other outputs", Chosen),
        new("tap as an output", Tapped),
        new("channels removed", Narrowed),
    ];

    private static EditCase? Identity(Network network, RandomCursor random) => Pick(Floats(network), random) is not { } value ? null
        : new EditCase { Apply = (net, _) => net.Splice(value, x => x.LeakyRelu(1, "edit.same")) };

    private static EditCase? Around(Network network, RandomCursor random)
    {
        Node[] nodes = [.. network.Nodes.Where(node => node.Inputs.Count == 1 && node.Operator is not Dropout)];
        if (nodes.Length == 0)
        {
            return null;
        }

        Node node = nodes[random.NextInt32(nodes.Length)];
        bool shares = node.Parameters.Count + node.Buffers.Count > 0;
        return new EditCase
        {
            Apply = (net, _) => net.Splice(
                node.Inputs, v => shares ? v[0].ApplyShared(node.Operator, node.Name, "edit.again") : v[0].Apply(node.Operator, "edit.again"), node.Name),
        };
    }

    private static EditCase? Behind(Network network, RandomCursor random) => Pick(Floats(network), random) is not { } value ? null : new EditCase
    {
        Apply = (net, _) => net.Splice([value], v => v[0].Scope("edit", x => x + (x.Tanh() * x.Sigmoid())), value),
        Outputs = Replaced(value, (_, x) => x + (x.Tanh() * x.Sigmoid())),
    };

    /// <summary>Gates a value x with an earlier value e of its shape: tanh(x sigmoid(e)).</summary>
    private static EditCase? Between(Network network, RandomCursor random)
    {
        string[] values = [.. Floats(network)];
        (string First, string Second)[] pairs =
        [
            .. from first in Enumerable.Range(0, values.Length)
               from second in Enumerable.Range(first + 1, values.Length - first - 1)
               where network.Graph.InfoOf(values[first]).Equals(network.Graph.InfoOf(values[second]))
               select (values[first], values[second]),
        ];
        if (pairs.Length == 0)
        {
            return null;
        }

        (string earlier, string value) = pairs[random.NextInt32(pairs.Length)];
        return new EditCase
        {
            Apply = (net, _) => net.Splice([value, earlier], v => (v[0] * v[1].Sigmoid()).Tanh("edit.gate"), value),
            Outputs = Replaced(value, (known, x) => (x * known[earlier].Sigmoid()).Tanh()),
        };
    }

    /// <summary>Adds a residual branch with new weights: a convolution or a linear layer.</summary>
    private static EditCase? Widened(Network network, RandomCursor random)
    {
        string[] values = [.. Floats(network).Where(name => network.Graph.InfoOf(name) is { IsBatched: true, Shape.Rank: 2 or 4 })];
        if (values.Length == 0)
        {
            return null;
        }

        string value = values[random.NextInt32(values.Length)];
        bool isImage = network.Graph.ShapeOf(value).Rank == 4;
        return new EditCase
        {
            Apply = (net, fresh) => net.Splice(
                [value],
                v => v[0] + (isImage ? v[0].Conv2d(v[0].Shape[1], kernel: 1, name: "edit.new") : v[0].Linear(v[0].Shape[1], name: "edit.new")),
                value,
                fresh),
            Outputs = (before, inputs, after) =>
            {
                (Tensor weight, Tensor bias) = (after.Parameters["edit.new.weight"].Value, after.Parameters["edit.new.bias"].Value);
                return ReferenceRun.Outputs(before, inputs, value, (_, x) => x + (isImage ? x.Conv2d(weight, bias, new Conv2dOptions()) : x.Linear(weight, bias)));
            },
            Fresh = ["edit.new.weight", "edit.new.bias"],
        };
    }

    private static EditCase? Bypassed(Network network, RandomCursor random)
    {
        (Node Node, int Input)[] places =
        [
            .. from node in network.Nodes
               from input in Enumerable.Range(0, node.Inputs.Count)
               where network.Graph.InfoOf(node.Inputs[input]).Equals(network.Graph.InfoOf(node.Name))
               select (node, input),
        ];
        if (places.Length == 0)
        {
            return null;
        }

        (Node bypassed, int taken) = places[random.NextInt32(places.Length)];
        return new EditCase
        {
            Apply = (net, _) => net.Bypass(bypassed.Name, taken),
            Outputs = Replaced(bypassed.Name, (known, _) => known[bypassed.Inputs[taken]]),
            KeepsAll = false,
        };
    }

    private static EditCase Renamed(Network network, RandomCursor random)
    {
        Node node = network.Nodes[random.NextInt32(network.Nodes.Count)];
        string New(string full) => "edit.renamed" + full[node.Name.Length..];
        ParameterMove[] moves =
        [
            .. from name in node.Parameters
               let shape = network.Parameters[name].Value.Shape
               where name.StartsWith($"{node.Name}.", StringComparison.Ordinal)
               select new ParameterMove(name, New(name), 0, [.. Enumerable.Range(0, shape.Rank == 0 ? 1 : shape[0])]),
        ];
        return new EditCase { Apply = (net, _) => new NetworkEdit(net.Rename(node.Name, "edit.renamed"), moves) };
    }

    private static EditCase? Prepended(Network network, RandomCursor random) => network.Inputs is not [{ IsBatched: true } input] ? null : new EditCase
    {
        Apply = (net, _) => net.Prepend(input with { Name = random.NextInt32(2) == 0 ? input.Name : "pictures" }, x => x.Tanh()),
        Outputs = (before, inputs, _) => ReferenceRun.Outputs(before, [inputs[0].Tanh()]),
    };

    private static EditCase Chosen(Network network, RandomCursor random)
    {
        string[] values = [.. network.Inputs.Select(input => input.Name), .. network.Nodes.Select(node => node.Name)];
        NetworkOutput[] outputs = [.. Enumerable.Range(0, 1 + random.NextInt32(3)).Select(i => new NetworkOutput($"y{i}", values[random.NextInt32(values.Length)]))];
        return new EditCase
        {
            Apply = (net, _) => net.WithOutputs(outputs),
            Outputs = (before, inputs, _) =>
            {
                IReadOnlyDictionary<string, Tensor> known = ReferenceRun.Values(before, inputs);
                return [.. outputs.Select(output => known[output.Value])];
            },
            KeepsAll = false,
        };
    }

    private static EditCase Tapped(Network network, RandomCursor random)
    {
        string value = network.Nodes[random.NextInt32(network.Nodes.Count)].Name;
        return new EditCase
        {
            Apply = (net, _) => net.WithOutputs([.. net.Outputs, new NetworkOutput("tapped", value)]),
            Outputs = (before, inputs, _) =>
            {
                Pass pass = Pass.Evaluation.Tap(value);
                IReadOnlyList<Tensor> outputs = before.Forward(inputs, pass);
                return [.. outputs, pass[value]];
            },
        };
    }

    /// <summary>
    /// Removes channels. The expected outputs are those of the network with zeros in every parameter that produces or
    /// consumes the channels.
    /// </summary>
    private static EditCase? Narrowed(Network network, RandomCursor random)
    {
        ChannelGroup[] groups = [.. network.ChannelGroups().Where(_ => random.NextInt32(3) == 0)];
        try
        {
            _ = network.WithoutChannels(groups);
        }
        catch (ArgumentException error) when (error.Message.Contains("would remain", StringComparison.Ordinal))
        {
            return null;
        }

        return groups.Length == 0 ? null : new EditCase
        {
            Apply = (net, _) => net.WithoutChannels(groups),
            Outputs = (before, inputs, _) => ReferenceRun.Outputs(SilentChannels.In(before, groups), inputs),
        };
    }

    private static Func<Network, IReadOnlyList<Tensor>, Network, IReadOnlyList<Tensor>> Replaced(
        string value, Func<IReadOnlyDictionary<string, Tensor>, Tensor, Tensor> by) => (before, inputs, _) => ReferenceRun.Outputs(before, inputs, value, by);

    /// <summary>Returns the names of the float32 inputs and nodes.</summary>
    private static IEnumerable<string> Floats(Network network) =>
        network.Inputs.Select(input => input.Name).Concat(network.Nodes.Select(node => node.Name)).Where(name => network.Graph.InfoOf(name).DType == DType.Float32);

    private static string? Pick(IEnumerable<string> names, RandomCursor random)
    {
        string[] all = [.. names];
        return all.Length == 0 ? null : all[random.NextInt32(all.Length)];
    }
}
