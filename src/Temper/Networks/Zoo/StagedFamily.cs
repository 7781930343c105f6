using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Builds one block of a <see cref="StagedFamily"/>.</summary>
/// <param name="x">Input of the block.</param>
/// <param name="width">Width of the stage, in channels or features.</param>
/// <param name="stride">
/// Stride of the first convolution: 2 at the start of a stage that halves the image size, else 1.
/// </param>
public delegate Value BlockBuilder(Value x, int width, int stride);

/// <summary>
/// A family of classifiers of different depth: a stem, stages of blocks where each stage has its own width, and a
/// linear layer on the mean over the image. Blocks are named <c>layer1.0</c>, <c>layer1.1</c>, ...
/// </summary>
public sealed record StagedFamily
{
    private const int MaxBlocks = 1000;
    private const string WeightStart = "kaiming-normal";

    private static readonly int[] Three = [16, 32, 64], Four = [64, 128, 256, 512];

    private static readonly OrderedDictionary<string, StagedFamily> Known = new(StringComparer.Ordinal)
    {
        ["basic3"] = Residual(Three, Shortcut),
        ["basic4"] = Residual(Four, Shortcut),
        ["bottleneck4"] = new StagedFamily { Widths = Four, IsResidual = true, Block = Bottleneck },
        ["plain3"] = new StagedFamily { Widths = Three, Block = Plain },
        ["plain4"] = new StagedFamily { Widths = Four, Block = Plain },
        ["plain3-nobn"] = new StagedFamily { Widths = Three, Block = PlainWithoutNorm, HasNorm = false },
        ["plain4-nobn"] = new StagedFamily { Widths = Four, Block = PlainWithoutNorm, HasNorm = false },
        ["vgg"] = new StagedFamily { Widths = Four, Block = Plain, Pools = true },
        ["mlp"] = new StagedFamily { Widths = [256], Block = Hidden, HasNorm = false, TakesPictures = false },
    };

    /// <summary>Names accepted by <see cref="ByName"/>.</summary>
    public static IReadOnlyList<string> Names => Known.Keys;

    /// <summary>
    /// Width of each stage, above 0, in channels or features; for bottleneck blocks, of their 3x3 convolution.
    /// </summary>
    public required IReadOnlyList<int> Widths { get; init; }

    /// <summary>True if each block adds its input to its result.</summary>
    public bool IsResidual { get; init; }

    /// <summary>
    /// True (default) if blocks consist of convolutions and need inputs <c>[C, H, W]</c>; false if they consist of
    /// linear layers and accept inputs of any shape.
    /// </summary>
    public bool TakesPictures { get; init; } = true;

    /// <summary>The function that builds one block.</summary>
    public required BlockBuilder Block { get; init; }

    internal string Head { get; init; } = "fc";

    /// <summary>True if the stem contains a batch normalization, as the blocks do.</summary>
    private bool HasNorm { get; init; } = true;

    /// <summary>
    /// True if stages are separated by 2x2 max pooling instead of a stride, and there is no stem (VGG).
    /// </summary>
    private bool Pools { get; init; }

    /// <summary>Returns the family with the given name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">No family has this name.</exception>
    public static StagedFamily ByName(string name) => Known.TryGetValue(name, out StagedFamily? family)
        ? family
        : throw new ArgumentException(
            $"StagedFamily: unknown family (got '{name}', expected one of "
            + $"{string.Join(", ", Names)}){Networks.Names.Suggestion(name, Names)}", nameof(name));

    /// <summary>Returns the name of a block, which is also the prefix of its node names.</summary>
    /// <param name="stage">Index of the stage, from 0.</param>
    /// <param name="index">Index of the block within the stage, from 0.</param>
    public static string BlockName(int stage, int index) => $"layer{stage + 1}.{index}";

    /// <summary>Builds a network of the family, with zero weights.</summary>
    /// <param name="depths">Number of blocks per stage, 1 to 1000 each.</param>
    /// <param name="options">
    /// Input and number of classes; null: 32x32 color images with values from 0 to 1, 10 classes.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The number of depths differs from the number of stages, or a depth or width is out of range.
    /// </exception>
    /// <exception cref="ShapeMismatchException">
    /// The input is not an image, or it is too small for the number of stages.
    /// </exception>
    public Network Build(IReadOnlyList<int> depths, ZooOptions? options = null)
    {
        if (Widths.Any(width => width < 1))
        {
            throw new ArgumentException(
                $"StagedFamily: invalid widths (got [{string.Join(", ", Widths)}], expected 1 or more per stage)");
        }

        if (depths.Count != Widths.Count || depths.Any(depth => depth is < 1 or > MaxBlocks))
        {
            throw new ArgumentException(
                $"StagedFamily: invalid depths (got [{string.Join(", ", depths)}] for {Widths.Count} stages, "
                + $"expected one depth of 1 to {MaxBlocks} per stage)", nameof(depths));
        }

        options ??= new ZooOptions();
        InputSpec input = options.Input ?? InputSpec.Image(channels: 3, height: 32, width: 32);
        RequireInput(input.SampleShape);
        return Network.Build(input, x =>
        {
            x = Stem(options.Preprocessing is { } first ? x.Apply(first, "normalize") : x);
            for (int stage = 0; stage < depths.Count; stage++)
            {
                x = Pools && stage > 0 ? x.MaxPool2d(2, name: $"pool{stage}") : x;
                for (int i = 0; i < depths[stage]; i++)
                {
                    (int width, int stride) = (Widths[stage], !Pools && stage > 0 && i == 0 ? 2 : 1);
                    x = x.Scope(BlockName(stage, i), inner => Block(inner, width, stride));
                }
            }

            x = TakesPictures ? x.GlobalAvgPool2d("pool").Flatten("flatten") : x;
            return x.Apply(new Linear(options.Classes) { Initializer = WeightStart }, Head);
        });
    }

    internal static StagedFamily Residual(IReadOnlyList<int> widths, BlockBuilder shortcut) => new()
    {
        Widths = widths,
        IsResidual = true,
        Block = (x, width, stride) =>
            (Convolved(Convolved(x, width, stride, 1).Relu(), width, 1, 2) + shortcut(x, width, stride)).Relu(),
    };

    /// <summary>Identity shortcut, or a 1x1 convolution if the shape changes.</summary>
    private static Value Shortcut(Value x, int width, int stride) => stride == 1 && x.Shape[1] == width
        ? x
        : x.Apply(Convolution(width, 1, stride), "shortcut.conv").BatchNorm("shortcut.bn");

    private static Value Plain(Value x, int width, int stride) => Convolved(x, width, stride, 1).Relu();

    private static Value PlainWithoutNorm(Value x, int width, int stride) =>
        x.Apply(Convolution(width, 3, stride) with { HasBias = true }, "conv1").Relu();

    private static Value Hidden(Value x, int width, int stride) =>
        x.Apply(new Linear(width) { Initializer = WeightStart }, "fc1").Relu();

    private static Value Bottleneck(Value x, int width, int stride)
    {
        const int Expansion = 4;
        Value inner = Convolved(Convolved(x, width, 1, 1, kernel: 1).Relu(), width, stride, 2).Relu();
        return (Convolved(inner, width * Expansion, 1, 3, kernel: 1) + Shortcut(x, width * Expansion, stride)).Relu();
    }

    private static Value Convolved(Value x, int width, int stride, int number, int kernel = 3) =>
        x.Apply(Convolution(width, kernel, stride), $"conv{number}").BatchNorm($"bn{number}");

    private static Conv2d Convolution(int width, int kernel, int stride) => new(width, (kernel, kernel))
    {
        Options = Conv2dOptions.Of(stride, padding: kernel / 2), HasBias = false, Initializer = WeightStart,
    };

    private Value Stem(Value x)
    {
        if (Pools)
        {
            return x;
        }

        if (!TakesPictures)
        {
            return (x.Shape.Rank > 2 ? x.Flatten("flatten") : x)
                .Apply(new Linear(Widths[0]) { Initializer = WeightStart }, "fc1").Relu("relu");
        }

        x = x.Apply(Convolution(Widths[0], 3, 1) with { HasBias = !HasNorm }, "conv1");
        return (HasNorm ? x.BatchNorm("bn1") : x).Relu("relu");
    }

    private void RequireInput(Shape sample)
    {
        int min = 1 << (Widths.Count - 1);
        if (TakesPictures && (sample.Rank != 3 || sample[1] < min || sample[2] < min))
        {
            throw new ShapeMismatchException(
                "StagedFamily", sample, $"[C, H, W] of at least {min}x{min} pixels, as needed by {Widths.Count} stages"
                    + "; use another family, such as mlp");
        }
    }
}
