using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>A network as the compiler sees it: layers in order, values by number, and what is known of them beforehand.</summary>
internal sealed class LayerGraph
{
    internal required Network Network { get; init; }

    /// <summary>Whether kernels are worth a try that look for channels which are zero when they run.</summary>
    internal required bool FindsActiveChannels { get; init; }

    /// <summary>Each after those whose values it takes.</summary>
    internal required IReadOnlyList<Layer> Layers { get; init; }

    /// <summary>What is known of each value.</summary>
    internal required IReadOnlyList<ValueInfo> Values { get; init; }

    /// <summary>Values that no input changes.</summary>
    internal required IReadOnlyDictionary<int, Tensor> Constants { get; init; }

    /// <summary>Numbers of the output values.</summary>
    internal required IReadOnlyList<int> Outputs { get; init; }

    /// <summary>The order that sparse kernels want: with a border as wide as the widest padding, the same for all values.</summary>
    internal ValueLayout Planes => new(LayoutKind.Planes, Layers.OfType<ConvolutionLayer>()
        .Select(layer => Math.Max(Math.Max(layer.Geometry.PadTop, layer.Geometry.PadBottom), Math.Max(layer.Geometry.PadLeft, layer.Geometry.PadRight)))
        .DefaultIfEmpty(0).Max());

    /// <summary>The same with images cut into pieces: for layers whose sizes allow it, see <see cref="Temper.Kernels.PieceGrid"/>.</summary>
    internal ValueLayout CutPlanes => Planes with { IsCut = true };

    internal int InputCount => Network.Inputs.Count;

    /// <summary>The samples along axis 0 of a value, for a batch.</summary>
    internal static int Rows(in ValueInfo value, int batch) => value.Shape.Rank == 0 ? 1 : value.Shape[0] * (value.IsBatched ? batch : 1);

    /// <summary>Elements of a value, for a batch.</summary>
    internal static long Count(in ValueInfo value, int batch) => value.Shape.Count * (value.IsBatched ? (long)batch : 1);

    /// <summary>Shape of a value, for a batch.</summary>
    internal static Shape ShapeOf(in ValueInfo value, int batch) => value.IsBatched ? value.Shape.With(0, batch) : value.Shape;
}
