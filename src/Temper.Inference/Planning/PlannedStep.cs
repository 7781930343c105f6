using Temper.Kernels;
using Temper.Networks;

namespace Temper.Inference;

/// <summary>A step at its place in a plan.</summary>
internal sealed class PlannedStep
{
    internal required Step Step { get; init; }

    /// <summary>Numbers of the buffers it reads.</summary>
    internal required int[] Inputs { get; init; }

    /// <summary>Number of the buffer it writes.</summary>
    internal required int Output { get; init; }

    /// <summary>Numbers of the buffers of its layer's further values.</summary>
    internal int[] Extras { get; init; } = [];

    /// <summary>All buffers it writes.</summary>
    internal IEnumerable<int> Outputs => Extras.Prepend(Output);

    /// <summary>What it carries out; null for a change of layout.</summary>
    internal Layer? Layer { get; init; }

    /// <summary>Number of the value whose order it changes, where it carries out no layer.</summary>
    internal int MovedValue { get; init; } = -1;

    /// <summary>What the chosen kernel is thought to cost; see <see cref="Candidate"/>.</summary>
    internal double Cost { get; init; }

    /// <inheritdoc cref="Candidate.LeavesOutZeros"/>
    internal bool LeavesOutZeros { get; init; }
}

/// <summary>A value in one layout.</summary>
/// <param name="Value">What is known of it.</param>
/// <param name="Layout">The order.</param>
/// <param name="AliasOf">The buffer whose memory it shares, or -1.</param>
internal sealed record PlannedBuffer(ValueInfo Value, ValueLayout Layout, int AliasOf = -1)
{
    /// <summary>Floats for a batch.</summary>
    internal long Floats(int batch) => Layout.Kind switch
    {
        LayoutKind.Tensor => 0,
        LayoutKind.Planes => Layout.PlanesOf(Value).Floats(LayerGraph.Rows(Value, batch)),
        LayoutKind.Bytes => LayerGraph.Count(Value, batch) / Math.Max(1, Value.Shape[1])
            * ByteGrid.Stride(Value.Shape[1]) / sizeof(float),
        _ => LayerGraph.Count(Value, batch),
    };
}
