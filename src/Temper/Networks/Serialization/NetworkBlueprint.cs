using System.Collections.ObjectModel;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>A graph read from a file, whose tensors are loaded later. No large memory is allocated before.</summary>
internal sealed record NetworkBlueprint
{
    internal required NetworkGraph Graph { get; init; }

    internal IReadOnlySet<string> Frozen { get; init; } = ReadOnlySet<string>.Empty;

    internal IReadOnlyList<string> ClassNames { get; init; } = [];

    internal IReadOnlyDictionary<string, string> Metadata { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Creates the blueprint of an existing network.</summary>
    internal static NetworkBlueprint Of(Network network) => new()
    {
        Graph = network.Graph,
        Frozen = network.Parameters.Where(parameter => !parameter.IsTrainable)
            .Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal),
        ClassNames = network.ClassNames,
        Metadata = network.Metadata,
    };

    /// <summary>Creates the network with its tensors.</summary>
    /// <param name="find">Returns the tensor with a full name; null: there is none.</param>
    /// <exception cref="FormatException">A parameter or buffer is missing, or has another shape or dtype.</exception>
    internal Network Create(Func<string, Tensor?> find)
    {
        Parameter ParameterOf(string name, ParameterSpec spec) => new()
        {
            Name = name,
            Role = spec.Role,
            Value = Checked(name, find(name), spec.Shape, DType.Float32),
            IsTrainable = !Frozen.Contains(name),
        };

        Tensor BufferOf(string name, BufferSpec spec) => find(name) is null && spec.IsOptional
            ? spec.Create()
            : Checked(name, find(name), spec.Shape, spec.DType);
        return new Network(
            Graph,
            [.. Graph.Parameters.Select(entry => ParameterOf(entry.Key, entry.Value))],
            [.. Graph.Buffers.Select(entry => KeyValuePair.Create(entry.Key, BufferOf(entry.Key, entry.Value)))])
            .WithClassNames(ClassNames).WithMetadata(Metadata);
    }

    private static Tensor Checked(string name, Tensor? value, Shape shape, DType type)
    {
        if (value is null)
        {
            throw new FormatException($"tensor '{name}' is missing (expected {shape})");
        }

        return value.Shape.Equals(shape) && value.DType == type
            ? value.ToRowMajor()
            : throw new FormatException(
                $"tensor '{name}' has the wrong dtype or shape (got {value.DType} {value.Shape}, expected {type} "
                + $"{shape})");
    }
}
