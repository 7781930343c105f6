using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Testing.Edits;

/// <summary>A kind of edit that a property test applies at random places of random networks.</summary>
/// <param name="Name">Description, for the test's name.</param>
/// <param name="Make">Picks a place for the edit; returns null if the network has none.</param>
public sealed record EditRow(string Name, Func<Network, RandomCursor, EditCase?> Make);

/// <summary>One edit of one network and its expected result.</summary>
public sealed record EditCase
{
    /// <summary>The edit; receives a random stream only if the case has <see cref="Fresh"/> parameters.</summary>
    public required Func<Network, RandomStream?, NetworkEdit> Apply { get; init; }

    /// <summary>
    /// Computes the expected outputs from the network before the edit, its inputs, and the network after the edit;
    /// null: the outputs must not change.
    /// </summary>
    public Func<Network, IReadOnlyList<Tensor>, Network, IReadOnlyList<Tensor>>? Outputs { get; init; }

    /// <summary>
    /// Names of randomly initialized parameters. Without a random stream the edit must throw an exception that names
    /// all of them.
    /// </summary>
    public IReadOnlyList<string> Fresh { get; init; } = [];

    /// <summary>
    /// Whether every parameter and buffer must still exist, under its own name or the new name of its move.
    /// </summary>
    public bool KeepsAll { get; init; } = true;
}
