using Temper.Tensors;

namespace Temper.Networks;

/// <summary>One node to run, its names resolved to places.</summary>
internal sealed class PlanStep
{
    private readonly Node _node;
    private readonly int[] _parameters;
    private readonly int[] _buffers;

    internal PlanStep(NetworkGraph graph, Node node)
    {
        _node = node;
        Inputs = [.. node.Inputs.Select(graph.NumberOf)];
        Output = graph.NumberOf(node.Name);
        _parameters = [.. node.Parameters.Select(name => graph.Parameters.IndexOf(name))];
        _buffers = [.. node.Buffers.Select(name => graph.Buffers.IndexOf(name))];
    }

    /// <summary>Numbers of the values it takes.</summary>
    internal int[] Inputs { get; }

    /// <summary>Number of the value it makes.</summary>
    internal int Output { get; }

    /// <summary>Numbers of the values that no later step takes.</summary>
    internal int[] LastUses { get; set; } = [];

    /// <summary>How many tensors it is given.</summary>
    internal int Width => Inputs.Length + _parameters.Length + _buffers.Length;

    /// <summary>Computes the value.</summary>
    /// <param name="network">Where parameters and buffers are.</param>
    /// <param name="mode">Training or evaluation.</param>
    /// <param name="values">Values by number.</param>
    /// <param name="arguments">Room for <see cref="Width"/> tensors.</param>
    internal Tensor Run(Network network, ForwardMode mode, Tensor?[] values, Tensor[] arguments)
    {
        int parameters = Inputs.Length, buffers = parameters + _parameters.Length;
        for (int i = 0; i < Inputs.Length; i++)
        {
            arguments[i] = values[Inputs[i]]!;
        }

        for (int i = 0; i < _parameters.Length; i++)
        {
            arguments[parameters + i] = network.ParameterValues[_parameters[i]];
        }

        for (int i = 0; i < _buffers.Length; i++)
        {
            arguments[buffers + i] = network.BufferValues[_buffers[i]];
        }

        return _node.Operator.Forward(new NodeContext
        {
            Node = _node,
            Inputs = arguments.AsSpan(0, parameters),
            Parameters = arguments.AsSpan(parameters, _parameters.Length),
            Buffers = arguments.AsSpan(buffers, _buffers.Length),
            Mode = mode,
        });
    }
}
