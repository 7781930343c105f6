using System.Collections.ObjectModel;
using System.Text.Json.Nodes;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>What a method saves in a checkpoint beside the learner's own state.</summary>
public sealed record MethodState
{
    /// <summary>Nothing.</summary>
    public static MethodState Empty { get; } = new();

    /// <summary>Plain values; null: none.</summary>
    public JsonNode? Json { get; init; }

    /// <summary>Tensors by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; init; } = ReadOnlyDictionary<string, Tensor>.Empty;

    /// <summary>
    /// Networks to save, each with its own graph, by name: a teacher, or the network of the best epoch. A name must be
    /// one that a file can have, without an extension.
    /// </summary>
    public IReadOnlyDictionary<string, Network> Networks { get; init; } = ReadOnlyDictionary<string, Network>.Empty;
}
