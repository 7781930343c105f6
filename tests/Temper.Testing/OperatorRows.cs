using Temper.Networks;
using Temper.Tensors;

namespace Temper.Testing;

/// <summary>
/// Rows of the contract tests: every operator, some with several sets of attributes. A new operator needs a new row.
/// </summary>
public static class OperatorRows
{
    /// <summary>Parameters and multiply-accumulates are counted by hand for a batch of two.</summary>
    public static IReadOnlyList<OperatorRow> All { get; } =
    [
        new(new Conv2d(4, (3, 2)) { Options = new Conv2dOptions { Stride = (2, 1), Padding = new Padding2d(1, 0, 0, 1), Dilation = (1, 2), Groups = 2 } }, [2, 5, 6])
            { Parameters = (4 * 1 * 3 * 2) + 4, Macs = 2 * 4 * 2 * 5 * (1 * 3 * 2), Bad = [2, 1, 1] },
        new(new Conv2d(3, (1, 1)) { HasBias = false, Initializer = "orthogonal" }, [2, 3, 3]) { Parameters = 6, Macs = 2 * 3 * 9 * 2, Bad = [4] },
        new(new ConvTranspose2d(3, (3, 3)) { Options = new Conv2dOptions { Stride = (2, 2), Padding = Padding2d.All(1), OutputPadding = (1, 1) } }, [2, 3, 3])
            { Parameters = (2 * 3 * 9) + 3, Macs = 2 * 2 * 9 * 3 * 9, Bad = [4] },
        new(new Conv3d(new Conv2d(4, (2, 3)) { Options = Conv2dOptions.Of(1, 1, groups: 2) }, new DepthWindow(3, 2, 1, 0)), [2, 4, 3, 3])
            { Parameters = (4 * 1 * 3 * 2 * 3) + 4, Macs = 2 * 4 * 2 * 4 * 3 * (1 * 3 * 2 * 3), Bad = [2, 4, 3] },
        new(new ConvTranspose3d(new ConvTranspose2d(3, (2, 2)) { Options = Conv2dOptions.Of(2) }, new DepthWindow(2, 2, 0, 1)) { OutputPadding = 1 }, [2, 2, 2, 2])
            { Parameters = (2 * 3 * 8) + 3, Macs = 2 * 2 * 8 * 3 * 8, Bad = [2, 4, 3] },
        new(new Pool3d(new MaxPool2d(Pool2dOptions.Of(2, 1)), new DepthWindow(2, 1, 1, 0)), [2, 2, 3, 3]) { Bad = [4], Domain = OperatorDomain.FarApart },
        new(new Pool3d(new AvgPool2d(Pool2dOptions.Of(2, 1) with { CountsPadding = false }), new DepthWindow(3, 2, 1, 1)), [2, 4, 3, 3]) { Bad = [4] },
        new(new AugConv(2, (3, 3), (1, 4, 3), CoreSide: 3) { Options = Conv2dOptions.Of(padding: 1) }, [1, 4, 3])
            { Parameters = ((2 + 3 + 3 + 2) * 3 * 3 * 2) + 2, Macs = 2 * 180, Bad = [1, 3, 4], HasNoOnnx = true },
        new(new AugConv(2, (2, 2), (1, 3, 3), CoreSide: 9) { HasBias = false, Key = "397d" }, [9]) { Parameters = 72, Macs = 2 * 72, Bad = [8], HasNoOnnx = true },
        new(new Linear(5), [3, 4]) { Parameters = 25, Macs = 2 * 3 * 5 * 4, Bad = [] },
        new(new Linear(5) { HasBias = false, Initializer = "xavier-normal" }, [4]) { Parameters = 20, Macs = 2 * 5 * 4, Bad = [] },
        new(new BatchNorm { Epsilon = 1e-3f, Momentum = 0.2f }, [3, 2, 2]) { Parameters = 6, Bad = [] },
        new(new BatchNorm(), [3]) { Parameters = 6, Bad = [] },
        new(new BatchNorm(), [3, 5]) { Parameters = 6, Bad = [] },
        new(new BatchNorm { Epsilon = 1e-2f }, [3, 2, 2, 2]) { Parameters = 6, Bad = [] },
        new(new LayerNorm(2) { Epsilon = 1e-4f }, [2, 3, 4]) { Parameters = 24, Bad = [3] },
        new(new GroupNorm(2) { Epsilon = 1e-3f }, [4, 3, 2]) { Parameters = 8, Bad = [3, 3, 2] },
        new(new GroupNorm(2) { Epsilon = 0.5f }, [8]) { Parameters = 16, Bad = [3] },
        new(new Relu(), [3, 4]),
        new(new LeakyRelu(0.2f), [3, 4]),
        new(new Tanh(), [3, 4]),
        new(new Sigmoid(), [3, 4]),
        new(new Softplus(), [3, 4]),
        new(new Softmax(1), [3, 4]) { Bad = [] },
        new(new LogSoftmax(), [3, 4]) { Bad = [] },
        new(new MaxPool2d(new Pool2dOptions { Kernel = (3, 2), Stride = (2, 1), Padding = new Padding2d(1, 0, 1, 1), CeilingMode = true }), [2, 4, 5])
            { Bad = [4], Domain = OperatorDomain.FarApart },
        new(new AvgPool2d(Pool2dOptions.Of(2, 1, 1) with { CountsPadding = false }), [2, 3, 3]) { Bad = [4] },
        new(new GlobalAvgPool2d(), [2, 3, 3]) { Bad = [4] },
        new(new AdaptiveAvgPool2d(2, 3), [2, 5, 4]) { Bad = [4], HasNoOnnx = true },
        new(new AdaptiveAvgPool2d(2, 3), [2, 4, 6]) { Bad = [4] },
        new(new Dropout(0.25f), [3, 4]),
        new(new Add(), [3, 4], [1, 4]) { Bad = [3, 5] },
        new(new Subtract(), [3, 4], [3, 1]) { Bad = [2] },
        new(new Multiply(), [3, 4], [3, 4]) { Bad = [2] },
        new(new Divide(), [3, 4], [3, 4]) { Bad = [2], Domain = OperatorDomain.AboveZero },
        new(new MatMul(), [3, 4], [4, 5]) { Macs = 2 * 3 * 5 * 4, Bad = [3, 3] },
        new(new Concatenate(1), [3, 4], [2, 4]) { Bad = [3, 5] },
        new(new Flatten(), [3, 2, 2]),
        new(new Reshape([2, -1]), [3, 4]) { Bad = [3, 3] },
        new(new Permute([0, 3, 1, 2]), [2, 3, 4]) { Bad = [2, 3] },
        new(new Pad(1, 1, 2) { Fill = 0.5f }, [2, 3]) { Bad = [] },
        new(new Slice(2, 1, -1, 2), [2, 5]) { Bad = [2] },
        new(new MaxPoolIndices2d(Pool2dOptions.Of(2)), [2, 4, 4]) { IsBatched = false, Bad = [4] },
        .. Enum.GetValues<Reduction>().Select(reduction => new OperatorRow(new Reduce(reduction, [1, -1], KeepAxes: true), [2, 3, 4]) { Bad = [3], Domain = reduction == Reduction.LogSum ? OperatorDomain.AboveZero : OperatorDomain.FarApart }),
        new(new Reduce(Reduction.Mean, [2]), [2, 3]) { Bad = [3] },
        .. Enum.GetValues<PointwiseFunction>().Select(function => new OperatorRow(new Pointwise(function), [3, 4])
            { Domain = OperatorDomain.OffSteps, DTypes = function == PointwiseFunction.Not ? [DType.Bool] : [] }),
        new(new Elu(0.7f), [3, 4]),
        new(new Celu(0.7f), [3, 4]),
        new(new Selu(), [3, 4]),
        new(new HardSigmoid { Alpha = 0.3f, Beta = 0.4f }, [3, 4]),
        new(new Gelu(), [3, 4]),
        new(new Gelu(IsApproximate: true), [3, 4]),
        new(new Clip(-0.6f, float.PositiveInfinity), [3, 4]) { Domain = OperatorDomain.AboveZero },
        new(new PRelu(), [3, 4], [1, 4]) { Bad = [2] },
        new(new Maximum(), [3, 4], [1, 4]) { Bad = [2], Domain = OperatorDomain.FarApart },
        new(new Minimum(), [3, 4], [3, 1]) { Bad = [2], Domain = OperatorDomain.FarApart },
        new(new Power(), [3, 4], [3, 4]) { Bad = [2], Domain = OperatorDomain.AboveZero },
        .. Enum.GetValues<Comparison>().Select(comparison => new OperatorRow(new Compare(comparison), [3, 4], [3, 4]) { Bad = [2] }),
        .. Enum.GetValues<LogicalFunction>().Select(function => new OperatorRow(new Logical(function), [3, 4], [3, 4]) { Bad = [2], DTypes = [DType.Bool, DType.Bool] }),
        new(new Where(), [3, 4], [3, 4], [3, 4]) { Bad = [2], DTypes = [DType.Bool, DType.Float32, DType.Float32] },
        new(new Cast(DType.Int64), [3, 4]),
        new(new ArgExtreme(1), [3, 4]) { Bad = [] },
        new(new ArgExtreme(-1) { IsSmallest = true, KeepAxis = false, TakesLast = true }, [3, 4]) { Bad = [] },
        new(new TopK(2, 1), [3, 4]) { Bad = [1, 4], Domain = OperatorDomain.FarApart },
        new(new TopK(2) { IsSmallest = true, GivesIndices = true }, [3, 4]) { Bad = [3, 1] },
        new(new Winners(2), [5]) { Bad = [1], Domain = OperatorDomain.FarApart },
        new(new Winners(7), [3, 2, 2]) { Bad = [3, 2], Domain = OperatorDomain.FarApart },
        .. Enum.GetValues<ChannelScore>().Select(score => new OperatorRow(new Winners(2) { Unit = WinnerUnit.Channels, Score = score }, [4, 2, 3])
            { Bad = [4, 2], Domain = score == ChannelScore.L2 ? OperatorDomain.AboveZero : OperatorDomain.FarApart }),
        new(new Winners(3) { Threshold = 0.45f }, [3, 4]) { Bad = [2], Domain = OperatorDomain.FarApart },
        new(new Winners(4) { Unit = WinnerUnit.Channels, Threshold = 1.03f }, [4, 2, 3]) { Bad = [4, 2], Domain = OperatorDomain.FarApart },
        new(new Gather(1), [3, 4], [1, 2]) { IsBatched = false, DTypes = [DType.Float32, DType.Int64] },
        new(new GatherElements(1), [3, 4], [2, 4]) { Bad = [2, 3], DTypes = [DType.Float32, DType.Int64] },
        new(new Expand([1, 1, 5, 4]), [3, 1, 4]) { Bad = [3, 2, 4] },
        new(new Expand([1, 3, 5]), [3, 1], [2]) { DTypes = [DType.Float32, DType.Int64] },
        new(new Slice(2, -1, 0, -2), [2, 5]) { Bad = [2] },
        new(new Pad(2, 2, 1) { Mode = PadMode.Reflect }, [2, 3]) { Bad = [2] },
        new(new Reshape([4, 6]) { KeepsAxis0 = false }, [3, 4]) { IsBatched = false, Bad = [3, 3] },
        .. Enum.GetValues<ResizeCoordinates>().Select(coordinates => new OperatorRow(new Resize(2, 7) { Mode = ResizeMode.Linear, Coordinates = coordinates }, [2, 4]) { Bad = [2] }),
        .. Enum.GetValues<NearestRounding>().Select(rounding => new OperatorRow(new Resize(-1, 6) { Scale = 1.5f, Rounding = rounding, Coordinates = ResizeCoordinates.Asymmetric }, [2, 4]) { Bad = [] }),
        .. Enum.GetValues<GridPadding>().Select(padding => new OperatorRow(new GridSample { Options = new() { Padding = padding } }, [2, 4, 4], [3, 2, 2])
            { Macs = 2 * 2 * 6 * 4, Bad = [3, 2, 3], Domain = OperatorDomain.OffPixels }),
        new(new GridSample { Options = new() { Interpolation = GridInterpolation.Nearest, Padding = GridPadding.Border } }, [2, 4, 4], [3, 2, 2])
            { Bad = [3, 2, 3], Domain = OperatorDomain.OffPixels },
        new(new OpticalFlow(OpticalFlowOptions.Of(FlowMethod.HornSchunck) with { Scales = 1, Warps = 1, Iterations = 3, Alpha = 500 }), [2, 1, 6, 6])
            { Macs = 2 * 36 * 10 * 3, Bad = [1, 1, 6, 6], HasNoOnnx = true },
        new(new Quantize(-128, 127), [3, 4], [1, 1], [1, 1]) { Bad = [2, 4, 1], Domain = OperatorDomain.OffSteps, HasNoOnnx = true, IsStepwise = true },
        new(new FakeQuantize(0.5f, 3) { Low = -128, High = 127 }, [3, 4]) { Domain = OperatorDomain.OffSteps, IsStepwise = true },
        new(new FakeQuantize(0.25f, 128), [3, 2, 2]) { Domain = OperatorDomain.OffSteps, IsStepwise = true },
        new(new Conv2d(4, (3, 2)) { HasInt8Weight = true, Options = Conv2dOptions.Of(2, 1) }, [3, 5, 6])
            { Parameters = (4 * 3 * 3 * 2) + 4, Macs = 2 * 4 * 3 * 4 * (3 * 3 * 2), Bad = [3, 1], IsStepwise = true },
        new(new Linear(5) { HasInt8Weight = true }, [4]) { Parameters = 25, Macs = 2 * 5 * 4, Bad = [], IsStepwise = true },
        new(new ConstantValue([2, 3])) { Parameters = 6 },
        new(new ConstantValue([2], DType.Int64)),
        new(new Normalize { Scale = 2, Mean = [0.1f, 0.2f], Deviation = [0.5f, 0.25f], ChannelOrder = [1, 0] }, [2, 3, 3]) { Bad = [3, 3, 3] },
    ];
}
