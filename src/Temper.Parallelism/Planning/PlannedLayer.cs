namespace Temper.Parallelism.Planning;

/// <summary>How a layer of a <see cref="PlannedNetwork"/> processes channels.</summary>
public enum LayerKind
{
    /// <summary>A convolution or linear layer: every output channel sums over all input channels.</summary>
    Weighted,

    /// <summary>
    /// A grouped convolution: its groups of channels are independent, so splitting channels leaves no partial sums.
    /// </summary>
    Grouped,

    /// <summary>
    /// A point without weights where values are joined or distributed: samples, channels or rows may be split.
    /// </summary>
    Junction,

    /// <summary>
    /// An operator that needs all channels of a sample on one rank, such as softmax: only samples may be split.
    /// </summary>
    WholeSample,
}

/// <summary>
/// Sizes of a layer for the planner, for one sample. Activation and pooling belong to the layer before them.
/// </summary>
public sealed record PlannedLayer
{
    /// <summary>Name, unique in the network.</summary>
    public required string Name { get; init; }

    /// <summary>How the layer processes channels.</summary>
    public LayerKind Kind { get; init; }

    /// <summary>Whether the layer is a convolution, which "one weird trick" never splits by channels.</summary>
    public bool IsConvolution { get; init; }

    /// <summary>Number of weights, without biases, as in the paper.</summary>
    public long Weights { get; init; }

    /// <summary>Input elements per sample; 0 if the input is data, which needs no gradient.</summary>
    public long Inputs { get; init; }

    /// <summary>Input elements per sample that are data; they count only as memory.</summary>
    public long DataInputs { get; init; }

    /// <summary>Output elements per sample, after pooling (F of the next layer in the paper).</summary>
    public required long Outputs { get; init; }

    /// <summary>
    /// Elements per sample that are summed when the kernel is split by input channels: the outputs before activation
    /// and pooling. 0: equal to <see cref="Outputs"/>, the paper's simplification. Only <see cref="CostKind.Exact"/>
    /// uses it.
    /// </summary>
    public long PartialSums { get; init; }

    /// <summary>Multiply-accumulates of the forward pass per sample.</summary>
    public long Macs { get; init; }

    /// <summary>
    /// Number of input channels (input features of a linear layer). At most as many ranks can divide them.
    /// </summary>
    public int InChannels { get; init; } = 1;

    /// <summary>Number of output channels (output features of a linear layer).</summary>
    public int OutChannels { get; init; } = 1;

    /// <summary>Rows of the image, for splits of rows; null: rows are never split.</summary>
    public PlannedRows? Rows { get; init; }

    /// <summary>Whether the layer has weights; a plan has a digit for each such layer.</summary>
    public bool HasWeights => Weights > 0;

    internal long Summed(CostKind cost) => cost == CostKind.Exact && PartialSums > 0 ? PartialSums : Outputs;
}

/// <summary>The rows of an image that a convolution reads and writes.</summary>
/// <param name="In">Rows of the input.</param>
/// <param name="Out">Rows of the convolution's output, before pooling.</param>
/// <param name="Pooled">
/// Rows after pooling. The number of strips must divide it, so that no pooling window crosses a border.
/// </param>
/// <param name="Kernel">Height of the kernel in rows, including dilation.</param>
/// <param name="Stride">Stride in rows.</param>
/// <param name="Padding">Number of zero rows above the image.</param>
/// <param name="RowElements">Elements per input row, over all channels.</param>
public sealed record PlannedRows(int In, int Out, int Pooled, int Kernel, int Stride, int Padding, long RowElements)
{
    /// <summary>
    /// Returns the elements per sample that strips read from other strips: rows that they need but do not own.
    /// </summary>
    /// <param name="strips">Number of strips; must divide <see cref="Pooled"/>.</param>
    internal long Halo(int strips)
    {
        long rows = 0;
        for (int i = 0; i < strips; i++)
        {
            (int first, int end) = (Cut(Out, i), Cut(Out, i + 1));
            (int ownFirst, int ownEnd) = (Cut(In, i), Cut(In, i + 1));
            int needFirst = Math.Clamp((first * Stride) - Padding, 0, In),
                needEnd = Math.Clamp(((end - 1) * Stride) - Padding + Kernel, 0, In);
            int own = Math.Max(0, Math.Min(needEnd, ownEnd) - Math.Max(needFirst, ownFirst));
            rows += Math.Max(0, needEnd - needFirst) - own;
        }

        return rows * RowElements;

        int Cut(int rows, int strip) => (int)((long)rows * strip / strips);
    }
}

/// <summary>A value that one layer produces and another layer reads.</summary>
/// <param name="From">Index of the layer that produces the value.</param>
/// <param name="To">Index of the layer that reads the value; larger than <paramref name="From"/>.</param>
/// <param name="Elements">Elements of the value per sample.</param>
public sealed record PlannedEdge(int From, int To, long Elements);
