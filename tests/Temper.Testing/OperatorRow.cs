using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Testing;

/// <summary>Distribution of inputs that keeps an operator away from kinks, poles and ties.</summary>
public enum OperatorDomain
{
    Anywhere,
    AboveZero,
    FarApart,
    OffSteps,

    /// <summary>
    /// Grid coordinates over an image of 4 x 4 pixels, away from pixel centers and the midpoints between them; some lie
    /// outside the image.
    /// </summary>
    OffPixels,
}

/// <summary>An operator, the sample shapes of its inputs, and properties determined by hand.</summary>
public sealed record OperatorRow(Operator Operator, params int[][] Shapes)
{
    /// <summary>Number of elements of its parameters.</summary>
    public int Parameters { get; init; }

    /// <summary>Multiply-accumulates for two samples.</summary>
    public int Macs { get; init; }

    /// <summary>Sample shape of the last input that the operator must reject; null: it accepts any.</summary>
    public int[]? Bad { get; init; }

    /// <summary>Distribution of inputs that avoids kinks and poles.</summary>
    public OperatorDomain Domain { get; init; }

    /// <summary>Whether the inputs have a free batch axis; otherwise the batch size is 2.</summary>
    public bool IsBatched { get; init; } = true;

    /// <summary>Dtypes of the inputs; float32 for inputs without an entry.</summary>
    public DType[] DTypes { get; init; } = [];

    /// <summary>Whether the operator has no ONNX equivalent.</summary>
    public bool HasNoOnnx { get; init; }

    public bool HasBatch => IsBatched && Shapes.Length > 0;

    /// <summary>
    /// Whether the gradient is a straight-through estimate: the slope of the line through the steps, which finite
    /// differences cannot confirm.
    /// </summary>
    public bool IsStepwise { get; init; }

    public bool IsDifferentiable => !IsStepwise && Operator.IsDifferentiable && Operator is not ConstantValue { DType: DType.Int64 };

    public Network Network()
    {
        if (Shapes.Length == 0)
        {
            return Temper.Networks.Network.FromGraph(new NetworkGraph(
                [], [GraphCheck.Complete(Operator, "node", [], [])], [new NetworkOutput("y", "node")])).Initialize(RandomStream.FromSeed(2));
        }

        InputSpec[] inputs =
        [
            .. Shapes.Select((shape, i) => new InputSpec
            {
                Name = $"x{i}", SampleShape = Shape.Create(IsBatched ? shape : [2, .. shape]), DType = TypeOf(i), IsBatched = IsBatched,
            }),
        ];
        return Temper.Networks.Network.Build(inputs, x => [("y", x[0].Apply(Operator, "node", [.. x.Skip(1)]))])
            .Initialize(RandomStream.FromSeed(2));
    }

    public Tensor[] Inputs(int batch) => [.. Shapes.Select((shape, i) =>
    {
        Tensor x = Samples.GaussianTensor([IsBatched ? batch : 2, .. shape], (ulong)i);
        return TypeOf(i) switch
        {
            DType.Bool => x.GreaterThan(Tensor.Scalar(0f)),
            DType.Int64 => Tensor.From([.. Enumerable.Range(0, x.Count).Select(place => (long)place % 2)], x.Shape),
            _ => Domain switch
            {
                OperatorDomain.AboveZero => Tensor.From([.. x.ToArray<float>().Select(v => MathF.Abs(v) + 0.5f)], x.Shape),
                OperatorDomain.FarApart => Tensor.From([.. RandomStream.FromSeed(4 + (ulong)i).Permutation(x.Count).Select(v => (v * 0.1f) + (i * 0.05f))], x.Shape),
                OperatorDomain.OffSteps => Tensor.From([.. RandomStream.FromSeed(4).Permutation(x.Count).Select(v => (v % 5) + 1.3f)], x.Shape),
                OperatorDomain.OffPixels => Tensor.From([.. RandomStream.FromSeed(4).Permutation(x.Count).Select(v => (((v % 8) - 2 + (v % 3 == 0 ? 0.3f : 0.7f)) * 0.5f) - 0.75f)], x.Shape),
                _ => x,
            },
        };
    })];

    private DType TypeOf(int input) => input < DTypes.Length ? DTypes[input] : DType.Float32;
}
