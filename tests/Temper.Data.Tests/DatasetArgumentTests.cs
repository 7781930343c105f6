using Temper.Tensors;

namespace Temper.Data.Tests;

/// <summary>Arguments that data sets in memory refuse, and what they say.</summary>
public sealed class DatasetArgumentTests
{
    private static readonly Tensor Two = Tensor.Zeros([2, 3]);

    private static readonly Dictionary<string, (string Parameter, Action Call)> Nulls = new(StringComparer.Ordinal)
    {
        ["TensorDataset: name"] = ("name", () => _ = new TensorDataset(null!, Two, Labels(0, 1))),
        ["TensorDataset: inputs"] = ("inputs", () => _ = new TensorDataset("q", null!, Labels(0, 1))),
        ["TensorDataset: targets"] = ("targets", () => _ = new TensorDataset("q", Two, null!)),
        ["ImageDataset: name"] = ("name", () => _ = new ImageDataset(null!, [1, 2, 2], new byte[4], [0], ["a"])),
        ["ImageDataset: shape"] = ("shape", () => _ = new ImageDataset("q", null!, new byte[4], [0], ["a"])),
        ["ImageDataset: pixels"] = ("pixels", () => _ = new ImageDataset("q", [1, 2, 2], null!, [0], ["a"])),
        ["ImageDataset: labels"] = ("labels", () => _ = new ImageDataset("q", [1, 2, 2], new byte[4], null!, ["a"])),
        ["ImageDataset: classNames"] = ("classNames", () => _ = new ImageDataset("q", [1, 2, 2], new byte[4], [0], null!)),
    };

    public static TheoryData<string> NullNames => [.. Nulls.Keys];

    [Theory]
    [MemberData(nameof(NullNames))]
    public void Null_is_refused_by_name(string name) => Assert.Throws<ArgumentNullException>(Nulls[name].Parameter, Nulls[name].Call);

    [Theory]
    [InlineData(20_000_000, "TensorDataset: digits: a label is out of range (got 20000000 at sample 1, expected 0 to 1000000)")]
    [InlineData(-1, "TensorDataset: digits: a label is out of range (got -1 at sample 1, expected 0 to 1000000)")]
    public void A_label_that_is_no_class_is_named_with_its_set(long label, string expected) => Assert.StartsWith(
        expected, Assert.Throws<ArgumentOutOfRangeException>(() => new TensorDataset("digits", Two, Labels(0, label))).Message, StringComparison.Ordinal);

    [Fact]
    public void Pictures_without_a_channel_axis_are_refused_for_their_shape()
    {
        ArgumentException error = Assert.Throws<ArgumentException>("shape", () => new ImageDataset("q", [2, 2], new byte[8], [0, 0], ["a"]));
        Assert.StartsWith("q: the shape of a picture needs three axes (got [2, 2], expected [C, H, W])", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>("pixels", () => new ImageDataset("q", [1, 2, 2], new byte[7], [0, 0], ["a"]));
        Assert.StartsWith("q: pixels and labels differ in number (got 7 bytes, expected 2 pictures of [1, 2, 2])", error.Message, StringComparison.Ordinal);
    }

    private static Tensor Labels(params long[] labels) => Tensor.From(labels, [labels.Length]);
}
