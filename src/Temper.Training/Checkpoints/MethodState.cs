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
    /// Networks by name, each with its own graph: a teacher, the best epoch's. Names are those of files without an
    /// ending.
    /// </summary>
    public IReadOnlyDictionary<string, Network> Networks { get; init; } = ReadOnlyDictionary<string, Network>.Empty;
}
