using Temper.Networks;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents;

/// <summary>Runs a policy's network on batches of observations with memory that is used again.</summary>
/// <param name="isBatchInvariant">
/// Whether an observation has one result, whatever else is in the batch; else whatever is fastest.
/// </param>
internal sealed class PolicyRunner(bool isBatchInvariant = true)
{
    private readonly Pass _pass = isBatchInvariant ? Pass.Evaluation.BatchInvariant() : Pass.Evaluation;

    /// <summary>The outputs for a batch.</summary>
    /// <param name="network">The network as it is now.</param>
    /// <param name="observations"><c>[N, ...]</c>.</param>
    /// <param name="count">N.</param>
    /// <param name="outputs">Receives the first output, <c>[N, A]</c>.</param>
    /// <param name="values">Receives the second output, <c>[N]</c>; empty: not wanted.</param>
    internal void Run(
        Network network, ReadOnlySpan<float> observations, int count, Span<float> outputs, Span<float> values = default)
    {
        using var scope = new TensorScope();
        Tensor input = Tensor.Allocate(network.Inputs[0].BatchShape(count));
        observations.CopyTo(input.Writable());
        IReadOnlyList<Tensor> results = network.Forward([input], _pass);
        results[0].AsSpan<float>().CopyTo(outputs);
        if (!values.IsEmpty)
        {
            results[1].AsSpan<float>().CopyTo(values);
        }
    }
}
