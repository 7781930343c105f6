using Temper.Tensors;
using Temper.Tensors.Memory;

namespace Temper.Networks;

/// <summary>
/// Weight and bias of a convolution with the following batch normalization folded in (<see cref="BatchNormMap"/>).
/// Cached by the network until one of the tensors involved is written.
/// </summary>
internal sealed record FoldedNorm(Tensor Weight, Tensor Bias, long Version)
{
    internal static FoldedNorm Of(FusedStep step, Network network)
    {
        long version = VersionOf(step, network);
        ref FoldedNorm? kept = ref network.FoldedNorms[step.NormIndex];
        FoldedNorm? found = Volatile.Read(ref kept);
        if (found is null || found.Version != version)
        {
            // The cached tensors outlive this pass and are shared by threads, so they must not use the pass's memory.
            using (MemoryScope.Enter(null))
            {
                found = Fold(step, network, version);
            }

            Volatile.Write(ref kept, found);
        }

        return found;
    }

    private static FoldedNorm Fold(FusedStep step, Network network, long version)
    {
        Tensor Value(int parameter) => network.ParameterValues[parameter];
        BatchNormMap map = BatchNormMap.Of(
            (BatchNorm)step.Norm!.Operator,
            [Value(step.NormParameters[0]), Value(step.NormParameters[1])],
            [network.BufferValues[step.NormBuffers[0]], network.BufferValues[step.NormBuffers[1]]],
            step.HeadParameters.Length > 1 ? Value(step.HeadParameters[1]) : null);
        return new FoldedNorm(map.Scaled(Value(step.HeadParameters[0])), map.Offset, version);
    }

    private static long VersionOf(FusedStep step, Network network)
    {
        long sum = 0;
        foreach (int parameter in step.HeadParameters)
        {
            sum += network.ParameterValues[parameter].Storage.Version;
        }

        foreach (int parameter in step.NormParameters)
        {
            sum += network.ParameterValues[parameter].Storage.Version;
        }

        foreach (int buffer in step.NormBuffers)
        {
            sum += network.BufferValues[buffer].Storage.Version;
        }

        return sum;
    }
}
