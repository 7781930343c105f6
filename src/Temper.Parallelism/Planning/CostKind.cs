namespace Temper.Parallelism.Planning;

/// <summary>Cost model: how the bytes that a step moves between layers with different splits are counted.</summary>
public enum CostKind
{
    /// <summary>
    /// The variant of the paper's Table 2 that reproduces its figures: an edge after a layer split by input channels
    /// costs nothing extra. Default.
    /// </summary>
    Figure,

    /// <summary>
    /// Tables 1 and 2 of the paper as printed: each edge after a layer split by input channels costs half a tensor
    /// more.
    /// </summary>
    Table,

    /// <summary>
    /// The bytes that actually have to move, over all levels together: the shards that a rank needs minus those that it
    /// already has.
    /// </summary>
    Exact,
}
