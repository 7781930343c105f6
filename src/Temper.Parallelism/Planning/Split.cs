namespace Temper.Parallelism.Planning;

/// <summary>
/// What a level of the hierarchy divides among its groups. The number is the digit of a plan's level.
/// </summary>
public enum Split
{
    /// <summary>
    /// The samples of the batch ("data parallel"): every group has all weights and sums the gradients with the others.
    /// </summary>
    Data = 0,

    /// <summary>
    /// The kernel by input channels (the paper's "model parallel"): outputs are partial sums that are added up.
    /// </summary>
    Input = 1,

    /// <summary>
    /// The kernel by output channels: every group needs the whole input; errors of the input are partial sums.
    /// </summary>
    Output = 2,

    /// <summary>The rows of the image: neighbors exchange the rows that a kernel reaches over the border.</summary>
    Space = 3,
}
