using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// A value of a network that is being built: what an input or a node gives. Its methods, one for each operator, add a
/// node and give that node's value.
/// </summary>
public sealed partial class Value
{
    internal Value(NetworkBuilder builder, string name, ValueInfo info)
    {
        Builder = builder;
        Name = name;
        Info = info;
    }

    /// <summary>Name of the input or node that it comes from.</summary>
    public string Name { get; }

    /// <summary>Its shape; that of a batched value for a batch of one.</summary>
    public Shape Shape => Info.Shape;

    /// <summary>Its dtype.</summary>
    public DType DType => Info.DType;

    /// <summary>Whether axis 0 is the batch: free in length, samples kept apart.</summary>
    public bool IsBatched => Info.IsBatched;

    internal ValueInfo Info { get; }

    internal NetworkBuilder Builder { get; }

    /// <summary>Adds a node of any operator; the other methods are short forms of this.</summary>
    /// <param name="operation">The operator; this value is its first input.</param>
    /// <param name="name">Name of the node, inside the scope; null: the operator's own with a number behind.</param>
    /// <param name="others">Further inputs.</param>
    /// <returns>The node's value.</returns>
    /// <exception cref="ShapeMismatchException">The inputs do not fit.</exception>
    public Value Apply(Operator operation, string? name = null, params ReadOnlySpan<Value> others) =>
        Builder.Add(operation, name, parametersOf: null, [this, .. others]);

    /// <summary>Adds a node that uses the parameters and buffers of an earlier one: they are held once.</summary>
    /// <param name="operation">The operator; its parameters must have the shapes of the other node's.</param>
    /// <param name="parametersOf">Full name of the earlier node.</param>
    /// <param name="name">Name of the node; null: the operator's own with a number behind.</param>
    /// <returns>The node's value.</returns>
    /// <exception cref="ArgumentException">There is no such node, or its parameters have other shapes.</exception>
    public Value ApplyShared(Operator operation, string parametersOf, string? name = null) =>
        Builder.Add(operation, name, parametersOf, [this]);

    /// <summary>Puts a name and a dot before the names of the nodes that a part of the network adds.</summary>
    /// <param name="name">For example <c>layer1.0</c>.</param>
    /// <param name="body">Builds the part.</param>
    /// <returns>What the body returns.</returns>
    public Value Scope(string name, Func<Value, Value> body) => Builder.InScope(name, this, body);

    /// <summary>Shape and name.</summary>
    public override string ToString() => $"{Name} {Shape}";
}
