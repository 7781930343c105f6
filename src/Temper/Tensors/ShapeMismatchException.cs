namespace Temper.Tensors;

/// <summary>Shapes that do not fit an operation. Raised before any work is done.</summary>
public sealed class ShapeMismatchException : ArgumentException
{
    /// <summary>A shape that does not fit what is expected.</summary>
    /// <param name="operation">The operation, or the node's name.</param>
    /// <param name="actual">The shape that came.</param>
    /// <param name="expected">What would fit, in words or as a shape with named axes.</param>
    public ShapeMismatchException(string operation, Shape actual, string expected)
        : base($"{operation}: shape does not fit (got {actual}, expected {expected})")
    {
        Operation = operation;
        Actual = actual;
    }

    /// <summary>Two shapes that do not fit each other.</summary>
    /// <param name="operation">The operation, or the node's name.</param>
    /// <param name="actual">One shape.</param>
    /// <param name="other">The other shape.</param>
    /// <param name="rule">The rule that they break.</param>
    public ShapeMismatchException(string operation, Shape actual, Shape other, string rule)
        : base($"{operation}: shapes do not fit each other (got {actual} and {other}); {rule}")
    {
        Operation = operation;
        Actual = actual;
        Other = other;
    }

    /// <summary>The operation or node that refused.</summary>
    public string Operation { get; }

    /// <summary>The shape that came.</summary>
    public Shape Actual { get; }

    /// <summary>The shape that it was held against, where there is one.</summary>
    public Shape? Other { get; }

    /// <summary>Whether the shapes would fit, but a node of a free batch would need the other samples.</summary>
    internal bool MixesSamples { get; init; }
}
