using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Sets the initial values of a parameter. Immutable; the values depend only on the random stream and the shape.
/// </summary>
public abstract record Initializer
{
    private static readonly Initializer[] All =
    [
        new Constant(0), new Constant(1), new PyTorchDefault(), new KaimingUniform(), new KaimingNormal(),
        new XavierUniform(), new XavierNormal(), new Uniform(-0.05f, 0.05f), new Normal(0.01f), new Orthogonal(),
    ];

    /// <summary>Names accepted by <see cref="ByName"/>.</summary>
    public static IReadOnlyList<string> KnownNames { get; } = Array.ConvertAll(All, initializer => initializer.Name);

    /// <summary>Name of the method, as used in files and on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>Returns the initializer with the given name, with its default settings.</summary>
    /// <param name="name">One of <see cref="KnownNames"/>.</param>
    /// <exception cref="ArgumentException">No initializer has this name.</exception>
    public static Initializer ByName(string name) =>
        Array.Find(All, initializer => string.Equals(initializer.Name, name, StringComparison.Ordinal))
        ?? throw new ArgumentException($"Initializer: unknown method (got '{name}', expected one of "
            + $"{string.Join(", ", KnownNames)})", nameof(name));

    /// <summary>Writes the initial values.</summary>
    /// <param name="values">Destination, in row-major order.</param>
    /// <param name="fan">Shape of the parameter, with the layer's fan-in and fan-out.</param>
    /// <param name="stream">Random stream of this parameter.</param>
    public abstract void Fill(Span<float> values, in Fan fan, RandomStream stream);
}

/// <summary>
/// Fan-in and fan-out of a layer: the number of inputs summed by one output, and of outputs that use one input.
/// </summary>
/// <param name="Shape">Shape of the parameter.</param>
/// <param name="In">Fan-in: input channels per group times kernel size in elements.</param>
/// <param name="Out">Fan-out: output channels times kernel size in elements.</param>
public readonly record struct Fan(Shape Shape, int In, int Out)
{
    /// <summary>Computes the fans of a weight <c>[O, I]</c> or <c>[O, I, KH, KW]</c> as PyTorch does.</summary>
    /// <param name="weight">Shape of the weight. Below rank 2 both fans are its number of elements.</param>
    public static Fan Of(Shape weight)
    {
        int kernel = weight.Rank <= 2 ? 1 : weight.CountOf(2, weight.Rank);
        return weight.Rank < 2
            ? new Fan(weight, weight.Count, weight.Count)
            : new Fan(weight, weight[1] * kernel, weight[0] * kernel);
    }
}
