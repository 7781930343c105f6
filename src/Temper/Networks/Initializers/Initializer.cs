using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Initial values of a parameter. Immutable; the values depend on the stream alone.</summary>
public abstract record Initializer
{
    private static readonly Initializer[] All =
    [
        new Constant(0), new Constant(1), new PyTorchDefault(), new KaimingUniform(), new KaimingNormal(),
        new XavierUniform(), new XavierNormal(), new Uniform(-0.05f, 0.05f), new Normal(0.01f), new Orthogonal(),
    ];

    /// <summary>The names that <see cref="ByName"/> knows.</summary>
    public static IReadOnlyList<string> KnownNames { get; } = Array.ConvertAll(All, initializer => initializer.Name);

    /// <summary>Name of the method, for files and the command line.</summary>
    public abstract string Name { get; }

    /// <summary>The initializer with a name, its numbers at their defaults.</summary>
    /// <param name="name">One of <see cref="KnownNames"/>.</param>
    /// <exception cref="ArgumentException">No initializer has this name.</exception>
    public static Initializer ByName(string name) =>
        Array.Find(All, initializer => string.Equals(initializer.Name, name, StringComparison.Ordinal))
        ?? throw new ArgumentException($"Initializer: no such method (got '{name}', expected one of "
            + $"{string.Join(", ", KnownNames)})", nameof(name));

    /// <summary>Writes the starting values.</summary>
    /// <param name="values">Receives the values, row-major.</param>
    /// <param name="fan">Shape of the parameter and the layer's number of inputs and outputs.</param>
    /// <param name="stream">The parameter's own stream.</param>
    public abstract void Fill(Span<float> values, in Fan fan, RandomStream stream);
}

/// <summary>
/// A layer's fan-in and fan-out: how many inputs an output sums, and how many outputs an input reaches.
/// </summary>
/// <param name="Shape">Shape of the parameter.</param>
/// <param name="In">Inputs that one output sums: input channels of a group times kernel pixels.</param>
/// <param name="Out">Outputs that one input reaches.</param>
public readonly record struct Fan(Shape Shape, int In, int Out)
{
    /// <summary>The fans of a weight <c>[O, I]</c> or <c>[O, I, KH, KW]</c>, by PyTorch's rule.</summary>
    /// <param name="weight">Shape of the weight, rank 2 or more.</param>
    public static Fan Of(Shape weight)
    {
        int kernel = weight.Rank <= 2 ? 1 : weight.CountOf(2, weight.Rank);
        return weight.Rank < 2
            ? new Fan(weight, weight.Count, weight.Count)
            : new Fan(weight, weight[1] * kernel, weight[0] * kernel);
    }
}
