using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Testing.Edits;

/// <summary>A kind of edit that a property test tries at random places of random networks.</summary>
/// <param name="Name">What it does, for the test's name.</param>
/// <param name="Make">Picks a place; null where the network has none.</param>
public sealed record EditRow(string Name, Func<Network, RandomCursor, EditCase?> Make);

/// <summary>One edit of one network, and what must come of it.</summary>
public sealed record EditCase
{
    /// <summary>The edit; it gets a stream only where the case has <see cref="Fresh"/> parameters.</summary>
    public required Func<Network, RandomStream?, NetworkEdit> Apply { get; init; }

    /// <summary>The outputs after the edit, from the network before it, its inputs, and the network after it; null: the outputs stay.</summary>
    public Func<Network, IReadOnlyList<Tensor>, Network, IReadOnlyList<Tensor>>? Outputs { get; init; }

    /// <summary>Names of parameters that are drawn. Without a stream the edit must be refused by one of these names.</summary>
    public IReadOnlyList<string> Fresh { get; init; } = [];

    /// <summary>Whether every parameter and buffer must still be there, under its name or a move's.</summary>
    public bool KeepsAll { get; init; } = true;
}
