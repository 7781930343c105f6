namespace Temper.Parallelism.Planning;

/// <summary>
/// What one level of the hierarchy divides among its groups. The value is the digit that stands for the split in a
/// plan.
/// </summary>
public enum Split
{
    /// <summary>
    /// The samples of the batch (data parallelism): every group has all weights, and gradients are summed over the
    /// groups.
    /// </summary>
    Data = 0,

    /// <summary>
    /// The kernel by input channels (the paper's model parallelism): outputs are partial sums that are added.
    /// </summary>
    Input = 1,

    /// <summary>
    /// The kernel by output channels: every group needs the whole input, and gradients of the input are partial sums.
    /// </summary>
    Output = 2,

    /// <summary>The rows of the image: neighbors exchange the rows that a kernel reads across their border.</summary>
    Space = 3,
}
