using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// A value of a network under construction: an input, or the result of a node. Each of its operator methods adds a node
/// and returns that node's value.
/// </summary>
public sealed partial class Value
{
    internal Value(NetworkBuilder builder, string name, ValueInfo info)
    {
        Builder = builder;
        Name = name;
        Info = info;
    }

    /// <summary>Name of the input or node that the value belongs to.</summary>
    public string Name { get; }

    /// <summary>Shape of the value, for a batch of one if it is batched.</summary>
    public Shape Shape => Info.Shape;

    /// <summary>Dtype of the value.</summary>
    public DType DType => Info.DType;

    /// <summary>True if axis 0 is the batch, of any length, with independent samples.</summary>
    public bool IsBatched => Info.IsBatched;

    internal ValueInfo Info { get; }

    internal NetworkBuilder Builder { get; }

    /// <summary>Adds a node with any operator; the other methods are shortcuts for this one.</summary>
    /// <param name="operation">The operator; this value is its first input.</param>
    /// <param name="name">Name of the node within the scope; null: the operator's default name and a number.</param>
    /// <param name="others">The further inputs.</param>
    /// <returns>The node's value.</returns>
    /// <exception cref="ShapeMismatchException">The inputs have wrong shapes.</exception>
    public Value Apply(Operator operation, string? name = null, params ReadOnlySpan<Value> others) =>
        Builder.Add(operation, name, parametersOf: null, [this, .. others]);

    /// <summary>Adds a node that shares the parameters and buffers of an earlier node.</summary>
    /// <param name="operation">
    /// The operator; its parameters must have the same shapes as those of the earlier node.
    /// </param>
    /// <param name="parametersOf">Full name of the earlier node.</param>
    /// <param name="name">Name of the node; null: the operator's default name and a number.</param>
    /// <returns>The node's value.</returns>
    /// <exception cref="ArgumentException">
    /// The earlier node does not exist, or its parameters have other shapes.
    /// </exception>
    public Value ApplyShared(Operator operation, string parametersOf, string? name = null) =>
        Builder.Add(operation, name, parametersOf, [this]);

    /// <summary>Prefixes the names of all nodes added by the body with a scope name and a dot.</summary>
    /// <param name="name">Name of the scope, for example <c>layer1.0</c>.</param>
    /// <param name="body">Adds the nodes of the scope.</param>
    /// <returns>The value returned by the body.</returns>
    public Value Scope(string name, Func<Value, Value> body) => Builder.InScope(name, this, body);

    /// <summary>Returns name and shape.</summary>
    public override string ToString() => $"{Name} {Shape}";
}
