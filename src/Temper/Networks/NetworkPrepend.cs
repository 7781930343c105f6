using Temper.Tensors;

namespace Temper.Networks;

public sealed partial class Network
{
    /// <summary>Puts nodes before the only input: preprocessing that is saved with the network.</summary>
    /// <param name="input">What the new network takes in, for example pixels of 0 to 1.</param>
    /// <param name="body">Gives the old input's value from the new one's; a value of as many elements a sample is reshaped to fit.</param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="InvalidOperationException">The network has several inputs.</exception>
    /// <exception cref="ShapeMismatchException">What the body gives does not fit the old input.</exception>
    public Network Prepend(InputSpec input, Func<Value, Value> body)
    {
        if (Inputs is not [InputSpec old])
        {
            throw new InvalidOperationException($"Network.Prepend: needs one input (got {Inputs.Count})");
        }

        string name = Free(input.Name, old.Name);
        Network before = Build(input with { Name = name }, x =>
        {
            Value value = x.Scope("preprocessing", body);
            return value.Shape.Equals(old.BatchShape(1)) || !old.IsBatched || value.Shape.Count != old.SampleShape.Count
                ? value
                : value.Reshape([.. old.SampleShape], "preprocessing.reshape");
        });
        string last = before.Outputs[0].Value;
        ValueInfo made = before.Graph.InfoOf(last);
        if (!made.Equals(old.Info))
        {
            throw new ShapeMismatchException("Network.Prepend", made.Shape, old.Info.Shape, $"the preprocessing must give what input '{old.Name}' takes, {old.DType}");
        }

        var graph = new NetworkGraph(
            [input with { Name = name }],
            [.. before.Nodes, .. Nodes.Select(node => node with { Inputs = Redirected(node.Inputs, old.Name, last) })],
            [.. RedirectedOutputs(old.Name, last)]);
        return new Network(graph, [.. before.Parameters, .. Parameters], [.. before.Buffers, .. Buffers]) { ClassNames = ClassNames, Metadata = Metadata };
    }

    /// <summary>A name that no node has; the old input's own is free again.</summary>
    private string Free(string wanted, string old)
    {
        string name = wanted;
        for (int number = 2; !string.Equals(name, old, StringComparison.Ordinal) && Graph.NumberOf(name) >= 0; number++)
        {
            name = $"{wanted}_{number}";
        }

        return name;
    }
}
