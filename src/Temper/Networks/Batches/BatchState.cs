namespace Temper.Networks;

/// <summary>What a network does with the samples of a batch.</summary>
public enum BatchKind
{
    /// <summary>Any number of samples, each computed on its own.</summary>
    Free,

    /// <summary>A fixed number of samples, each computed on its own: a multiple of them takes as many runs.</summary>
    Fixed,

    /// <summary>
    /// A fixed number of samples, computed together: a result depends on the other samples of the run.
    /// </summary>
    Whole,
}

/// <summary>
/// How many samples a network takes, and whether it keeps them apart. Follows from the graph, so it is saved with it.
/// </summary>
public sealed record BatchState
{
    /// <summary>Whether the number is free or fixed, and whether samples are kept apart.</summary>
    public required BatchKind Kind { get; init; }

    /// <summary>
    /// Samples of a run; 0 where any number will do, or where the inputs have no first axis in common.
    /// </summary>
    public int Size { get; init; }

    /// <summary>
    /// For <see cref="BatchKind.Whole"/> the first node that needs other samples; empty where no single node is to
    /// blame.
    /// </summary>
    public string Node { get; init; } = "";

    /// <summary>
    /// For <see cref="BatchKind.Whole"/> why samples are not kept apart, as a clause; empty otherwise.
    /// </summary>
    public string Reason { get; init; } = "";

    /// <summary>The state in words.</summary>
    public override string ToString() => Kind switch
    {
        BatchKind.Free => "any number of samples, each on its own",
        BatchKind.Fixed => $"{Size} at a time, each on its own",
        _ => $"{(Size > 0 ? $"{Size} at a time, " : "")}all together: {Reason}",
    };

    /// <summary>Throws where results of a sample depend on the samples it is run with.</summary>
    /// <param name="operation">Who needs samples apart, for the error.</param>
    /// <exception cref="ArgumentException">Samples are not kept apart.</exception>
    internal void RequireApart(string operation)
    {
        if (Kind == BatchKind.Whole)
        {
            throw new ArgumentException(
                $"{operation}: the network does not keep samples apart: {Reason}; run it with temper predict, or "
                + "export the model so that each sample is computed on its own");
        }
    }

    /// <summary>Throws unless any number of samples can be given.</summary>
    /// <inheritdoc cref="RequireApart"/>
    internal void RequireFree(string operation)
    {
        RequireApart(operation);
        if (Kind == BatchKind.Fixed)
        {
            throw new ArgumentException($"{operation}: the network takes exactly {Size} samples at a time (expected "
                + "any number); export the model with a free batch axis");
        }
    }
}

public sealed partial class Network
{
    /// <summary>How many samples it takes, and whether it keeps them apart.</summary>
    public BatchState Batch => Graph.Batch;
}
