using Temper.Networks;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents;

/// <summary>Runs a policy's network on batches of observations, with reused memory.</summary>
/// <param name="isBatchInvariant">
/// True: the result for an observation does not depend on the rest of the batch; false: fastest kernels.
/// </param>
internal sealed class PolicyRunner(bool isBatchInvariant = true)
{
    private readonly Pass _pass = isBatchInvariant ? Pass.Evaluation.BatchInvariant() : Pass.Evaluation;

    /// <summary>Computes the outputs for a batch.</summary>
    /// <param name="network">The current network.</param>
    /// <param name="observations"><c>[N, ...]</c>.</param>
    /// <param name="count">Number of observations, N.</param>
    /// <param name="outputs">Receives the first output, <c>[N, A]</c>.</param>
    /// <param name="values">Receives the second output, <c>[N]</c>; empty: not needed.</param>
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
