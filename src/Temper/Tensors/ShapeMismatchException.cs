namespace Temper.Tensors;

/// <summary>Thrown if shapes do not fit an operation, before any work is done.</summary>
public sealed class ShapeMismatchException : ArgumentException
{
    /// <summary>A shape does not match the expected one.</summary>
    /// <param name="operation">Name of the operation or node.</param>
    /// <param name="actual">The actual shape.</param>
    /// <param name="expected">The expected shape, in words or with named axes.</param>
    public ShapeMismatchException(string operation, Shape actual, string expected)
        : base($"{operation}: shape does not match (got {actual}, expected {expected})")
    {
        Operation = operation;
        Actual = actual;
    }

    /// <summary>Two shapes do not match each other.</summary>
    /// <param name="operation">Name of the operation or node.</param>
    /// <param name="actual">One shape.</param>
    /// <param name="other">The other shape.</param>
    /// <param name="rule">The rule that they violate.</param>
    public ShapeMismatchException(string operation, Shape actual, Shape other, string rule)
        : base($"{operation}: shapes do not match (got {actual} and {other}); {rule}")
    {
        Operation = operation;
        Actual = actual;
        Other = other;
    }

    /// <summary>Name of the operation or node that threw.</summary>
    public string Operation { get; }

    /// <summary>The actual shape.</summary>
    public Shape Actual { get; }

    /// <summary>The shape it was compared with; null if there is none.</summary>
    public Shape? Other { get; }

    /// <summary>
    /// True if the shapes match, but a node with a free batch axis would need the other samples of the batch.
    /// </summary>
    internal bool MixesSamples { get; init; }
}
