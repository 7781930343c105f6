namespace Temper.Kernels;

/// <summary>What the choice between kernels that round differently may depend on.</summary>
internal enum KernelChoice
{
    /// <summary>
    /// All sizes: the fastest kernel. A sample's last bits may depend on how many samples it is computed with.
    /// </summary>
    Fastest,

    /// <summary>All sizes but the number of samples: the same bytes for a sample in any batch.</summary>
    BatchInvariant,
}
