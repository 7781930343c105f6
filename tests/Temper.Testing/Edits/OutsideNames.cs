using Temper.Networks;

namespace Temper.Testing.Edits;

/// <summary>Names of parameters as in files from elsewhere, which need not contain the node or the role.</summary>
public static class OutsideNames
{
    /// <summary>Returns a network whose parameters and buffers are called W0, W1 and so on.</summary>
    public static Network Of(Network network)
    {
        Dictionary<string, string> names = network.Nodes.SelectMany(node => node.Parameters.Concat(node.Buffers)).Distinct(StringComparer.Ordinal)
            .Select((name, i) => (name, Outside: $"W{i}")).ToDictionary(pair => pair.name, pair => pair.Outside, StringComparer.Ordinal);
        Network renamed = Network.Build([.. network.Inputs], values =>
        {
            NetworkBuilder builder = values[0].Builder;
            var byName = values.ToArray().ToDictionary(value => value.Name, StringComparer.Ordinal);
            foreach (Node node in network.Nodes)
            {
                Value[] inputs = [.. node.Inputs.Select(input => byName[input])];
                byName[node.Name] =
                    builder.Add(node.Operator, node.Name, [.. node.Parameters.Select(name => names[name])], [.. node.Buffers.Select(name => names[name])], inputs);
            }

            return [.. network.Outputs.Select(output => (output.Name, byName[output.Value]))];
        });
        return renamed.WithParameters(network.Parameters.Select(parameter => parameter with { Name = names[parameter.Name] }))
            .WithBuffers(network.Buffers.ToDictionary(buffer => names[buffer.Key], buffer => buffer.Value, StringComparer.Ordinal));
    }
}
