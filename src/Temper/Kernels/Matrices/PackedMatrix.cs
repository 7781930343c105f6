namespace Temper.Kernels;

/// <summary>
/// The weights of a fully connected layer, <c>[O, I]</c>, packed once into panels of columns of <c>Wᵀ</c> as the tiles
/// read them. Shared
/// by threads.
/// </summary>
internal sealed unsafe class PackedMatrix
{
    private readonly int _outputs;
    private readonly int _inputs;
    private readonly PinnedFloats _rows;
    private readonly PinnedFloats? _panels;

    /// <param name="weight"><c>[O, I]</c>.</param>
    /// <param name="outputs">O.</param>
    /// <param name="inputs">I.</param>
    /// <param name="forOneRow">Whether it is multiplied with a single row only, which reads the weights as they
    /// are.</param>
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

    /// <summary>Floats that the weights take.</summary>
    internal int WeightFloats => _rows.Count;

    /// <summary><c>y = x Wᵀ + b</c> of each row. Allocates nothing once the threads' working memory is there.</summary>
    /// <param name="rows">Rows; one if it was packed for one.</param>
    /// <param name="x"><c>[rows, I]</c>.</param>
    /// <param name="y">Receives <c>[rows, O]</c>.</param>
    /// <param name="tail">Bias and ReLU; nothing is added.</param>
    internal void Run(int rows, FloatAddress x, FloatAddress y, in LayerTail tail)
    {
        Gemm.MultiplyPacked(
            rows, _outputs, _inputs, x.Pointer, _panels is null ? null : _panels.Pointer, _rows.Pointer, y.Pointer,
            tail);
        GC.KeepAlive(this);
        GC.KeepAlive(tail.Bias);
    }
}
