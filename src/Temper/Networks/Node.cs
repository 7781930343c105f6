namespace Temper.Networks;

/// <summary>
/// One node of a network: an operator and the names of its inputs. Its result is the value with the node's name.
/// </summary>
public sealed record Node
{
    /// <summary>Name of the node and of its result; unique within the network.</summary>
    public required string Name { get; init; }

    /// <summary>The operator.</summary>
    public required Operator Operator { get; init; }

    /// <summary>Names of the input values: inputs of the network or other nodes.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>
    /// Full names of the parameters, in the order of the operator's specs. Nodes share a parameter by using the same
    /// name.
    /// </summary>
    public IReadOnlyList<string> Parameters { get; init; } = [];

    /// <summary>Full names of the buffers, in the order of the operator's specs.</summary>
    public IReadOnlyList<string> Buffers { get; init; } = [];

    /// <summary>Returns name, operator and inputs as text.</summary>
    public override string ToString() => $"{Name} = {Operator.Kind}({string.Join(", ", Inputs)})";
}

/// <summary>A named output of a network.</summary>
/// <param name="Name">Name of the output.</param>
/// <param name="Value">Name of the node or input whose value is returned.</param>
public sealed record NetworkOutput(string Name, string Value);
