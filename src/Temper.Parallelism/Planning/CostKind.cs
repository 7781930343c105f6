namespace Temper.Parallelism.Planning;

/// <summary>How the bytes between layers of different splits are counted.</summary>
public enum CostKind
{
    /// <summary>
    /// The variant of the paper's Table 2 that reproduces its figures: what follows a split by input channels costs
    /// nothing more.
    /// </summary>
    Figure,

    /// <summary>
    /// Tables 1 and 2 as printed: half a tensor more behind each layer that is split by input channels.
    /// </summary>
    Table,

    /// <summary>
    /// What has to move: the shards that a rank needs, less those that it has, over all levels at once.
    /// </summary>
    Exact,
}
