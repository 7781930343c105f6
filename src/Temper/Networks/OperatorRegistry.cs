namespace Temper.Networks;

/// <summary>All operators, by standard name.</summary>
public static class OperatorRegistry
{
    private static readonly Dictionary<string, Func<OperatorAttributes, Operator>> Rows = new(StringComparer.Ordinal)
    {
        ["Conv"] = Conv2d.From,
        ["AugConv"] = AugConv.From,
        ["ConvTranspose"] = ConvTranspose2d.From,
        ["Conv3d"] = Conv3d.From,
        ["ConvTranspose3d"] = ConvTranspose3d.From,
        ["MaxPool3d"] = Pool3d.From(MaxPool2d.From),
        ["AveragePool3d"] = Pool3d.From(AvgPool2d.From),
        ["Gemm"] = Linear.From,
        ["BatchNormalization"] = BatchNorm.From,
        ["LayerNormalization"] = LayerNorm.From,
        ["GroupNormalization"] = GroupNorm.From,
        ["Relu"] = _ => new Relu(),
        ["LeakyRelu"] = LeakyRelu.From,
        ["Tanh"] = _ => new Tanh(),
        ["Sigmoid"] = _ => new Sigmoid(),
        ["Softplus"] = _ => new Softplus(),
        ["Softmax"] = Softmax.From,
        ["LogSoftmax"] = LogSoftmax.From,
        ["MaxPool"] = MaxPool2d.From,
        ["MaxPoolPlaces"] = MaxPoolIndices2d.From,
        ["AveragePool"] = AvgPool2d.From,
        ["GlobalAveragePool"] = _ => new GlobalAvgPool2d(),
        ["AdaptiveAveragePool"] = AdaptiveAvgPool2d.From,
        ["Dropout"] = Dropout.From,
        ["Add"] = _ => new Add(),
        ["Sub"] = _ => new Subtract(),
        ["Mul"] = _ => new Multiply(),
        ["Div"] = _ => new Divide(),
        ["MatMul"] = _ => new MatMul(),
        ["Concat"] = Concatenate.From,
        ["Flatten"] = _ => new Flatten(),
        ["Reshape"] = Reshape.From,
        ["Transpose"] = Permute.From,
        ["Pad"] = Pad.From,
        ["Slice"] = Slice.From,
        ["Normalize"] = Normalize.From,
        ["FakeQuantize"] = FakeQuantize.From,
        ["Elu"] = Elu.From,
        ["Celu"] = Celu.From,
        ["Selu"] = Selu.From,
        ["HardSigmoid"] = HardSigmoid.From,
        ["Gelu"] = Gelu.From,
        ["Clip"] = Clip.From,
        ["PRelu"] = _ => new PRelu(),
        ["Max"] = _ => new Maximum(),
        ["Min"] = _ => new Minimum(),
        ["Pow"] = _ => new Power(),
        ["Where"] = _ => new Where(),
        ["Constant"] = ConstantValue.From,
        ["Cast"] = Cast.From,
        ["Gather"] = Gather.From,
        ["GatherElements"] = GatherElements.From,
        ["Expand"] = Expand.From,
        ["ArgMax"] = ArgExtreme.From(isSmallest: false),
        ["ArgMin"] = ArgExtreme.From(isSmallest: true),
        ["TopK"] = TopK.From,
        ["Resize"] = Resize.From,
        ["GridSample"] = GridSample.From,
        ["OpticalFlow"] = OpticalFlow.From,
        ["QuantizeLinear"] = Quantize.From,
        ["Winners"] = Winners.From,
    };

    static OperatorRegistry()
    {
        AddFamily<PointwiseFunction>(function => new Pointwise(function));
        AddFamily<Comparison>(comparison => new Compare(comparison));
        AddFamily<LogicalFunction>(function => new Logical(function));
        foreach (Reduction reduction in Enum.GetValues<Reduction>())
        {
            Rows.Add($"Reduce{reduction}", Reduce.From(reduction));
        }
    }

    /// <summary>Standard names of all operators.</summary>
    public static IReadOnlyCollection<string> Kinds => Rows.Keys;

    /// <summary>Registers one operator per enum value, under the name of the value.</summary>
    private static void AddFamily<TFunction>(Func<TFunction, Operator> create)
        where TFunction : struct, Enum
    {
        foreach (TFunction function in Enum.GetValues<TFunction>())
        {
            Rows.Add(function.ToString(), _ => create(function));
        }
    }

    /// <summary>Creates an operator from its description.</summary>
    /// <param name="description">A description from <see cref="Operator.Describe"/> or from a file.</param>
    /// <exception cref="FormatException">The kind is unknown, or an attribute is missing or invalid.</exception>
    public static Operator Create(OperatorDescription description)
    {
        if (!Rows.TryGetValue(description.Kind, out Func<OperatorAttributes, Operator>? create))
        {
            throw new FormatException(
                $"unknown operator (got '{description.Kind}', expected one of {string.Join(", ", Rows.Keys)})");
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
