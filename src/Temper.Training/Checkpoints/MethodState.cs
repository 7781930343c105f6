using System.Collections.ObjectModel;
using System.Text.Json.Nodes;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>State that a method saves in a checkpoint in addition to the learner's state.</summary>
public sealed record MethodState
{
    /// <summary>An empty state.</summary>
    public static MethodState Empty { get; } = new();

    /// <summary>State as JSON; null: none.</summary>
    public JsonNode? Json { get; init; }

    /// <summary>Tensors to save, by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; init; } = ReadOnlyDictionary<string, Tensor>.Empty;

    /// <summary>
    /// Networks to save, each with its own graph, by name: for example a teacher, or the network of the best epoch. A
    /// name must be a valid file name without extension.
    /// </summary>
    public IReadOnlyDictionary<string, Network> Networks { get; init; } = ReadOnlyDictionary<string, Network>.Empty;
}
