using Temper.Kernels;
using Temper.Networks;

namespace Temper.Inference;

/// <summary>A step of a plan with its buffers.</summary>
internal sealed class PlannedStep
{
    internal required Step Step { get; init; }

    /// <summary>Indices of the buffers that the step reads.</summary>
    internal required int[] Inputs { get; init; }

    /// <summary>Index of the buffer that the step writes.</summary>
    internal required int Output { get; init; }

    /// <summary>Indices of the buffers of the layer's further outputs.</summary>
    internal int[] Extras { get; init; } = [];

    /// <summary>All buffers that the step writes.</summary>
    internal IEnumerable<int> Outputs => Extras.Prepend(Output);

    /// <summary>The layer that the step executes; null for a layout change.</summary>
    internal Layer? Layer { get; init; }

    /// <summary>Index of the value whose layout is changed; -1 if the step executes a layer.</summary>
    internal int MovedValue { get; init; } = -1;

    /// <summary>Estimated cost of the selected kernel; see <see cref="Candidate"/>.</summary>
    internal double Cost { get; init; }

    /// <inheritdoc cref="Candidate.LeavesOutZeros"/>
    internal bool LeavesOutZeros { get; init; }
}

/// <summary>A value in one layout.</summary>
/// <param name="Value">Shape, dtype and batch axis of the value.</param>
/// <param name="Layout">Layout of the value.</param>
/// <param name="AliasOf">Index of the buffer whose memory it shares; -1: none.</param>
internal sealed record PlannedBuffer(ValueInfo Value, ValueLayout Layout, int AliasOf = -1)
{
    /// <summary>Returns the size of the buffer for a batch, in floats.</summary>
    internal long Floats(int batch) => Layout.Kind switch
    {
        LayoutKind.Tensor => 0,
        LayoutKind.Planes => Layout.PlanesOf(Value).Floats(LayerGraph.Rows(Value, batch)),
        LayoutKind.Bytes => LayerGraph.Count(Value, batch) / Math.Max(1, Value.Shape[1])
            * ByteGrid.Stride(Value.Shape[1]) / sizeof(float),
        _ => LayerGraph.Count(Value, batch),
    };
}
