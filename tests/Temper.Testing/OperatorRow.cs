using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Testing;

/// <summary>Which inputs keep an operator away from kinks, poles and ties.</summary>
public enum OperatorDomain
{
    Anywhere,
    AboveZero,
    FarApart,
    OffSteps,

    /// <summary>Coordinates of a grid over an image of 4 x 4 pixels, between the pixels' centers and halves, some outside.</summary>
    OffPixels,
}

/// <summary>An operator, the sample shapes of its inputs, and what is known of it by hand.</summary>
public sealed record OperatorRow(Operator Operator, params int[][] Shapes)
{
    /// <summary>Numbers in its parameters.</summary>
    public int Parameters { get; init; }

    /// <summary>Multiply-accumulates for two samples.</summary>
    public int Macs { get; init; }

    /// <summary>A sample shape that it must refuse for its last input; null: it takes any.</summary>
    public int[]? Bad { get; init; }

    /// <summary>Which inputs keep it away from kinks and poles.</summary>
    public OperatorDomain Domain { get; init; }

    /// <summary>Whether its inputs have a free batch; if not, theirs is 2.</summary>
    public bool IsBatched { get; init; } = true;

    /// <summary>Dtypes of its inputs; float32 where there is none.</summary>
    public DType[] DTypes { get; init; } = [];

    /// <summary>Whether ONNX has nothing for it.</summary>
    public bool HasNoOnnx { get; init; }

    public bool HasBatch => IsBatched && Shapes.Length > 0;

    /// <summary>Whether its gradient is that of the line through its steps, which no difference shows.</summary>
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
