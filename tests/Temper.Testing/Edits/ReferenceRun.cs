using Temper.Networks;
using Temper.Tensors;

namespace Temper.Testing.Edits;

/// <summary>
/// Reference for edited networks: evaluates a network node by node through its public members, with one value replaced
/// by hand.
/// </summary>
public static class ReferenceRun
{
    /// <summary>Returns all values by name, as their consumers see them.</summary>
    /// <param name="network">The network before an edit.</param>
    /// <param name="inputs">One tensor for each input.</param>
    /// <param name="replaced">Name of the replaced value; null: none.</param>
    /// <param name="by">Computes the replacement from the preceding values and the original value.</param>
    public static IReadOnlyDictionary<string, Tensor> Values(
        Network network, IReadOnlyList<Tensor> inputs, string? replaced = null, Func<IReadOnlyDictionary<string, Tensor>, Tensor, Tensor>? by = null)
    {
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        void Add(string name, Tensor value) =>
            values.Add(name, string.Equals(name, replaced, StringComparison.Ordinal) ? by!(values, value) : value);
        for (int i = 0; i < inputs.Count; i++)
        {
            Add(network.Inputs[i].Name, inputs[i]);
        }

        foreach (Node node in network.Nodes)
        {
            Add(node.Name, node.Operator.Forward(new NodeContext
            {
                Node = node,
                Inputs = [.. node.Inputs.Select(name => values[name])],
                Parameters = [.. node.Parameters.Select(name => network.Parameters[name].Value)],
                Buffers = [.. node.Buffers.Select(name => network.Buffers[name])],
                Pass = Pass.Evaluation,
            }));
        }

        return values;
    }

    /// <summary>Returns the outputs of the same evaluation.</summary>
    /// <inheritdoc cref="Values"/>
    public static IReadOnlyList<Tensor> Outputs(
        Network network, IReadOnlyList<Tensor> inputs, string? replaced = null, Func<IReadOnlyDictionary<string, Tensor>, Tensor, Tensor>? by = null)
    {
        IReadOnlyDictionary<string, Tensor> values = Values(network, inputs, replaced, by);
        return [.. network.Outputs.Select(output => values[output.Value])];
    }
}
