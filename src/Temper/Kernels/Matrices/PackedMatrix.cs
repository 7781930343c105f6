namespace Temper.Kernels;

/// <summary>
/// Weights of a fully connected layer, <c>[O, I]</c>, packed once into panels of columns of <c>Wᵀ</c> as read by the
/// tiles. Shared by threads.
/// </summary>
internal sealed unsafe class PackedMatrix
{
    private readonly int _outputs;
    private readonly int _inputs;
    private readonly PinnedFloats _rows;
    private readonly PinnedFloats? _panels;

    /// <summary>Packs the weights.</summary>
    /// <param name="weight"><c>[O, I]</c>.</param>
    /// <param name="outputs">Number of outputs, O.</param>
    /// <param name="inputs">Number of inputs, I.</param>
    /// <param name="forOneRow">
    /// Whether the matrix is only multiplied with single rows, which read the weights unpacked.
    /// </param>
    internal PackedMatrix(ReadOnlySpan<float> weight, int outputs, int inputs, bool forOneRow)
    {
        (_outputs, _inputs) = (outputs, inputs);
        if (forOneRow)
        {
            _rows = new PinnedFloats(weight);
            return;
        }

        int lanes = GemmTile.Active.Lanes, panel = GemmTile.Active.Columns;
        _rows = new PinnedFloats((long)Chunks.Count(outputs, lanes) * lanes * inputs);
        _panels = _rows;
        fixed (float* source = weight)
        {
            for (int first = 0; first < outputs; first += panel)
            {
                int width = Math.Min(panel, Chunks.Count(outputs - first, lanes) * lanes);
                GemmPacking.PackPanels(
                    source + ((long)first * inputs), inputs, linesTogether: false, Math.Min(width, outputs - first),
                    inputs, width,
                    _rows.Pointer + ((long)first * inputs));
            }
        }
    }

    /// <summary>Size of the weights, in floats.</summary>
    internal int WeightFloats => _rows.Count;

    /// <summary>
    /// Computes <c>y = x Wᵀ + b</c> for each row. Allocates nothing once each thread has its scratch memory.
    /// </summary>
    /// <param name="rows">Number of rows; 1 if packed for one row.</param>
    /// <param name="x"><c>[rows, I]</c>.</param>
    /// <param name="y">Receives <c>[rows, O]</c>.</param>
    /// <param name="tail">Bias and ReLU; a residual is not supported.</param>
    internal void Run(int rows, FloatAddress x, FloatAddress y, in LayerTail tail)
    {
        Gemm.MultiplyPacked(
            rows, _outputs, _inputs, x.Pointer, _panels is null ? null : _panels.Pointer, _rows.Pointer, y.Pointer,
            tail);
        GC.KeepAlive(this);
        GC.KeepAlive(tail.Bias);
    }
}
