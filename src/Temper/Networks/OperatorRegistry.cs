namespace Temper.Networks;

/// <summary>All operators by their standard names.</summary>
public static class OperatorRegistry
{
    private static readonly Dictionary<string, Func<OperatorAttributes, Operator>> Rows = new(StringComparer.Ordinal)
    {
        ["Conv"] = Conv2d.From,
        ["ConvTranspose"] = ConvTranspose2d.From,
        ["Gemm"] = Linear.From,
        ["BatchNormalization"] = BatchNorm.From,
        ["Relu"] = _ => new Relu(),
        ["MaxPool"] = MaxPool2d.From,
        ["AveragePool"] = AvgPool2d.From,
        ["GlobalAveragePool"] = _ => new GlobalAvgPool2d(),
        ["AdaptiveAveragePool"] = AdaptiveAvgPool2d.From,
        ["Flatten"] = _ => new Flatten(),
        ["Reshape"] = Reshape.From,
    };

    /// <summary>The standard names of all operators.</summary>
    public static IReadOnlyCollection<string> Kinds => Rows.Keys;

    /// <summary>Makes an operator from its description.</summary>
    /// <param name="description">As <see cref="Operator.Describe"/> gives it, or a file.</param>
    /// <exception cref="FormatException">The kind is unknown or an attribute is missing or wrong.</exception>
    public static Operator Create(OperatorDescription description)
    {
        if (!Rows.TryGetValue(description.Kind, out Func<OperatorAttributes, Operator>? create))
        {
            throw new FormatException($"unknown operator (got '{description.Kind}', expected one of {string.Join(", ", Rows.Keys)})");
        }

        try
        {
            return create(description.Attributes);
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            throw new FormatException($"{description.Kind}: {error.Message}", error);
        }
    }
}
