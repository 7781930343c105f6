using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Checks that the arguments of a session fit its network.</summary>
internal static class SessionChecks
{
    /// <summary>Returns the number of samples from the lengths of the input and output, in floats.</summary>
    internal static int BatchOf(LayerGraph graph, int input, int output)
    {
        if (graph.InputCount != 1 || graph.Outputs.Count != 1
            || graph.Values[0].DType != DType.Float32 || graph.Values[graph.Outputs[0]].DType != DType.Float32)
        {
            throw new InvalidOperationException(
                $"InferenceSession.Run: needs one float32 input and one float32 output (got {graph.InputCount} and "
                + $"{graph.Outputs.Count}); call the overload that takes tensors");
        }

        ValueInfo x = graph.Values[0], y = graph.Values[graph.Outputs[0]];
        int batch = x.IsBatched ? input / Math.Max(x.Shape.Count, 1) : 1;
        bool fits = batch > 0 && LayerGraph.Count(x, batch) == input && LayerGraph.Count(y, batch) == output;
        return fits
            ? batch
            : throw new ArgumentException(
                $"InferenceSession.Run: the lengths are wrong (got {input} and {output} floats, expected N x "
                + $"{x.Shape.Count} and N x {y.Shape.Count} for N samples, N one or more)");
    }

    /// <summary>Creates a tensor of zeros for a value, in its dtype.</summary>
    internal static Tensor Zeros(in ValueInfo value, int batch) =>
        Tensor.Zeros(LayerGraph.ShapeOf(value, batch)).To(value.DType);
}
