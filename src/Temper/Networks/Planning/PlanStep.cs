using Temper.Tensors;

namespace Temper.Networks;

/// <summary>One step of a plan: computes one value from other values.</summary>
internal abstract class PlanStep
{
    /// <summary>Name of the node, or of the first node of a chain.</summary>
    internal abstract string Name { get; }

    /// <summary>Numbers of the input values.</summary>
    internal required int[] Inputs { get; init; }

    /// <summary>Number of the computed value.</summary>
    internal required int Output { get; init; }

    /// <summary>Numbers of the values that no later step reads.</summary>
    internal int[] LastUses { get; set; } = [];

    /// <summary>Number of tensor slots that the step needs in the scratch array.</summary>
    internal virtual int Width => Inputs.Length;

    /// <summary>Computes the value.</summary>
    internal abstract Tensor Run(in StepContext context);
}

/// <summary>The data that a step works on.</summary>
/// <param name="Network">The network, for parameters and buffers.</param>
/// <param name="Pass">The pass: training or evaluation.</param>
/// <param name="Values">Values by number.</param>
/// <param name="Scratch">Scratch array for at least <see cref="PlanStep.Width"/> tensors.</param>
internal readonly record struct StepContext(Network Network, Pass Pass, Tensor?[] Values, Tensor[] Scratch);

/// <summary>A step that runs one node, with names resolved to indices.</summary>
internal sealed class NodeStep(Node node, int[] parameters, int[] buffers) : PlanStep
{
    /// <summary>The node.</summary>
    internal Node Node => node;

    /// <summary>Indices of the node's parameters.</summary>
    internal IReadOnlyList<int> Parameters => parameters;

    /// <summary>Indices of the node's buffers.</summary>
    internal IReadOnlyList<int> Buffers => buffers;

    /// <inheritdoc/>
    internal override string Name => node.Name;

    /// <inheritdoc/>
    internal override int Width => Inputs.Length + parameters.Length + buffers.Length;

    /// <inheritdoc/>
    internal override Tensor Run(in StepContext context)
    {
        Span<Tensor> inputs = context.Scratch.AsSpan(0, Inputs.Length);
        Span<Tensor> ownParameters = context.Scratch.AsSpan(Inputs.Length, parameters.Length);
        Span<Tensor> ownBuffers = context.Scratch.AsSpan(Inputs.Length + parameters.Length, buffers.Length);
        for (int i = 0; i < inputs.Length; i++)
        {
            inputs[i] = context.Values[Inputs[i]]!;
        }

        Gather(context.Network.ParameterValues, parameters, ownParameters);
        Gather(context.Network.BufferValues, buffers, ownBuffers);
        return node.Operator.Forward(new NodeContext
        {
            Node = node,
            Inputs = inputs,
            Parameters = ownParameters,
            Buffers = ownBuffers,
            Pass = context.Pass,
        });
    }

    private static void Gather(Tensor[] from, int[] indices, Span<Tensor> to)
    {
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = from[indices[i]];
        }
    }
}
