namespace Temper.Kernels;

/// <summary>Sizes that may determine which kernel is used, among kernels that round differently.</summary>
internal enum KernelChoice
{
    /// <summary>
    /// All sizes: the fastest kernel is used. The last bits of a sample's result may depend on the batch size.
    /// </summary>
    Fastest,

    /// <summary>All sizes except the batch size: a sample's result is bitwise identical in every batch.</summary>
    BatchInvariant,
}
