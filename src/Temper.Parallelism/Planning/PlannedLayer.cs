namespace Temper.Parallelism.Planning;

/// <summary>How a node of a <see cref="PlannedNetwork"/> treats channels.</summary>
public enum LayerKind
{
    /// <summary>A convolution or linear layer: every output channel sums over all input channels.</summary>
    Weighted,

    /// <summary>
    /// A layer whose channels stay apart, a grouped convolution: a split of its channels leaves no partial sums.
    /// </summary>
    Grouped,

    /// <summary>A point where values meet or part, without weights: samples, channels or rows may be split.</summary>
    Junction,

    /// <summary>
    /// An operator that needs all channels of a sample in one place, such as softmax: only samples may be split.
    /// </summary>
    WholeSample,
}

/// <summary>
/// A layer as a planner sees it: sizes only, for one sample. Activation and pooling are part of the layer before them.
/// </summary>
public sealed record PlannedLayer
{
    /// <summary>Name, unique in the network.</summary>
    public required string Name { get; init; }

    /// <summary>How it treats channels.</summary>
    public LayerKind Kind { get; init; }

    /// <summary>Whether it is a convolution, which "one weird trick" never splits by channels.</summary>
    public bool IsConvolution { get; init; }

    /// <summary>Number of weights; biases are left out as in the paper.</summary>
    public long Weights { get; init; }

    /// <summary>Elements of the input of a sample; 0 where it is data, which has no error to send back.</summary>
    public long Inputs { get; init; }

    /// <summary>Elements of the output of a sample, after pooling (the paper's F of the next layer).</summary>
    public required long Outputs { get; init; }

    /// <summary>
    /// Elements of a sample that are summed up where the kernel is split by input channels: those before activation and
    /// pooling. 0: as many as <see cref="Outputs"/>, the paper's simplification. Only <see cref="CostKind.Exact"/> uses
    /// it.
    /// </summary>
    public long PartialSums { get; init; }

    /// <summary>Multiply-adds of a forward pass of a sample.</summary>
    public long Macs { get; init; }

    /// <summary>Input channels (features of a linear layer): at most as many groups can share them.</summary>
    public int InChannels { get; init; } = 1;

    /// <summary>Output channels (features of a linear layer).</summary>
    public int OutChannels { get; init; } = 1;

    /// <summary>Rows that a split of the image divides; null: its rows are never split.</summary>
    public PlannedRows? Rows { get; init; }

    /// <summary>Whether it is one of the layers that a plan has a digit for.</summary>
    public bool HasWeights => Weights > 0;

    internal long Summed(CostKind cost) => cost == CostKind.Exact && PartialSums > 0 ? PartialSums : Outputs;
}

/// <summary>The rows of an image that a convolution reads and writes.</summary>
/// <param name="In">Rows of the input.</param>
/// <param name="Out">Rows of the convolution's output, before pooling.</param>
/// <param name="Pooled">
/// Rows after pooling: strips must divide them, so that no pooling window lies across a border.
/// </param>
/// <param name="Kernel">Rows of the kernel, dilation included.</param>
/// <param name="Stride">Rows from one output to the next.</param>
/// <param name="Padding">Zero rows above the image.</param>
/// <param name="RowElements">Elements of a row of the input, all channels.</param>
public sealed record PlannedRows(int In, int Out, int Pooled, int Kernel, int Stride, int Padding, long RowElements)
{
    /// <summary>Elements of a sample that strips read from other strips: rows that they need and do not own.</summary>
    /// <param name="strips">Number of strips; divides <see cref="Pooled"/>.</param>
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

/// <summary>A value that one layer makes and another one takes.</summary>
/// <param name="From">Index of the layer that makes it.</param>
/// <param name="To">Index of the layer that takes it, larger than <paramref name="From"/>.</param>
/// <param name="Elements">Its elements for one sample.</param>
public sealed record PlannedEdge(int From, int To, long Elements);
