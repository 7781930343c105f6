namespace Temper.Networks;

/// <summary>How a network handles the samples of a batch.</summary>
public enum BatchKind
{
    /// <summary>Any number of samples, each computed independently.</summary>
    Free,

    /// <summary>
    /// A fixed number of samples per run, each computed independently; more samples need several runs.
    /// </summary>
    Fixed,

    /// <summary>
    /// A fixed number of samples, computed together: the result of a sample depends on the other samples of the run.
    /// </summary>
    Whole,
}

/// <summary>
/// Number of samples a network takes per run, and whether it computes them independently. Derived from the graph.
/// </summary>
public sealed record BatchState
{
    /// <summary>Free or fixed batch, and whether samples are independent.</summary>
    public required BatchKind Kind { get; init; }

    /// <summary>Number of samples per run; 0: any number, or the inputs have first axes of different lengths.</summary>
    public int Size { get; init; }

    /// <summary>
    /// For <see cref="BatchKind.Whole"/>, the first node that mixes samples; empty if no single node is responsible.
    /// </summary>
    public string Node { get; init; } = "";

    /// <summary>
    /// For <see cref="BatchKind.Whole"/>, the reason why samples are not independent, as a clause; empty otherwise.
    /// </summary>
    public string Reason { get; init; } = "";

    /// <summary>Returns a description of the state.</summary>
    public override string ToString() => Kind switch
    {
        BatchKind.Free => "any number of samples, computed independently",
        BatchKind.Fixed => $"{Size} at a time, computed independently",
        _ => $"{(Size > 0 ? $"{Size} at a time, " : "")}computed together: {Reason}",
    };

    /// <summary>Throws if the result of a sample depends on the other samples of the run.</summary>
    /// <param name="operation">The operation that needs independent samples, for the error message.</param>
    /// <exception cref="ArgumentException">Samples are not computed independently.</exception>
    internal void RequireApart(string operation)
    {
        if (Kind == BatchKind.Whole)
        {
            throw new ArgumentException(
                $"{operation}: the network does not compute samples independently: {Reason}; run it with "
                + "temper predict, or export the model so that each sample is computed independently");
        }
    }

    /// <summary>Throws unless the network accepts any number of samples.</summary>
    /// <inheritdoc cref="RequireApart"/>
    internal void RequireFree(string operation)
    {
        RequireApart(operation);
        if (Kind == BatchKind.Fixed)
        {
            throw new ArgumentException($"{operation}: the network takes exactly {Size} samples at a time (expected "
                + "any number); export the model with a free batch axis. A model that cannot be read in this form, "
                + "because its nodes mix the batch with other axes, can only be run (predict, verify, bench)");
        }
    }
}

public sealed partial class Network
{
    /// <summary>Number of samples per run, and whether samples are computed independently.</summary>
    public BatchState Batch => Graph.Batch;
}
