using Temper.Tensors;

namespace Temper.Networks;

/// <summary>One step of a plan: it takes values and makes one.</summary>
internal abstract class PlanStep
{
    /// <summary>The name of its node, or of the first of its nodes.</summary>
    internal abstract string Name { get; }

    /// <summary>Numbers of the values it takes.</summary>
    internal required int[] Inputs { get; init; }

    /// <summary>Number of the value it makes.</summary>
    internal required int Output { get; init; }

    /// <summary>Numbers of the values that no later step takes.</summary>
    internal int[] LastUses { get; set; } = [];

    /// <summary>How much room for tensors it needs.</summary>
    internal virtual int Width => Inputs.Length;

    /// <summary>Computes the value.</summary>
    internal abstract Tensor Run(in StepContext context);
}

/// <summary>What a step works on.</summary>
/// <param name="Network">Where parameters and buffers are.</param>
/// <param name="Pass">Training or evaluation.</param>
/// <param name="Values">Values by number.</param>
/// <param name="Scratch">Room for <see cref="PlanStep.Width"/> tensors.</param>
internal readonly record struct StepContext(Network Network, Pass Pass, Tensor?[] Values, Tensor[] Scratch);

/// <summary>One node, its names resolved to indices.</summary>
internal sealed class NodeStep(Node node, int[] parameters, int[] buffers) : PlanStep
{
    /// <summary>The node.</summary>
    internal Node Node => node;

    /// <summary>Indices of its parameters.</summary>
    internal IReadOnlyList<int> Parameters => parameters;

    /// <summary>Indices of its buffers.</summary>
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
