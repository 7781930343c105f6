namespace Temper.Networks;

/// <summary>
/// One step of a network: an operator with its inputs. Its result is a value that bears the node's name.
/// </summary>
public sealed record Node
{
    /// <summary>Name of the node and of the value it makes; unique in its network.</summary>
    public required string Name { get; init; }

    /// <summary>Its operator.</summary>
    public required Operator Operator { get; init; }

    /// <summary>Names of the values it takes: inputs of the network or other nodes.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>
    /// Full names of its parameters, in the order of the operator's specs. Two nodes may name the same one.
    /// </summary>
    public IReadOnlyList<string> Parameters { get; init; } = [];

    /// <summary>Full names of its buffers, in the order of the operator's specs.</summary>
    public IReadOnlyList<string> Buffers { get; init; } = [];

    /// <summary>Name, operator and inputs.</summary>
    public override string ToString() => $"{Name} = {Operator.Kind}({string.Join(", ", Inputs)})";
}

/// <summary>What a network gives out under a name.</summary>
/// <param name="Name">Name of the output.</param>
/// <param name="Value">The node (or input) whose value it is.</param>
public sealed record NetworkOutput(string Name, string Value);
