using Temper.Data;
using Temper.Data.Images;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Robustness.Tests.Feedback;

/// <summary>Pictures of the decision space on a plane with a known boundary.</summary>
public sealed class DecisionSliceTests
{
    private const int Side = 65, Middle = Side / 2;

    private static readonly Tensor Sample = Tensor.From([0.5f, 0.5f], [1, 2]);

    private static readonly (byte, byte, byte) White = (255, 255, 255), Black = (0, 0, 0);

    /// <summary>
    /// Another class wins from x = 0.6 on. The sample is at (0.5, 0.5), and the picture extends 2.5 times the distance
    /// of 0.1 to each side.
    /// </summary>
    [Fact]
    public void The_boundary_is_drawn_where_another_class_begins_to_win()
    {
        int most = 0;
        var target = new DelegateTarget([2], 2, (0f, 1f), (ReadOnlySpan<float> x, Span<int> classes) =>
        {
            most = Math.Max(most, classes.Length);
            for (int i = 0; i < classes.Length; i++)
            {
                classes[i] = x[2 * i] >= 0.6f ? 1 : 0;
            }
        });

        // The nearest sample lies to the right and the class mean to the upper right; its orthogonal component points
        // up.
        Tensor places = Tensor.From([0.5f, 0.5f, 1f, 0.5f, 0.65f, 1f], [3, 2]);
        var reference = new SampleReference(new TensorDataset("three", places, Tensor.From([0L, 1L, 1L], [3])));
        ProbeResult found = DecisionSpaceProbe.Run(
            target, Sample, [0], reference, RandomStream.FromSeed(1),
            new ProbeOptions { Families = [new NearestSampleDirection(), new NearestMeanDirection()] });
        var slice = Assert.Single(DecisionSlice.Of(target, found, ["left", "right"], 4, "before, "));
        Assert.Equal("before, left: nearest right, class-mean up", slice.Caption);

        Assert.InRange(most, 1, Side);
        Picture picture = Decoded(slice);
        Assert.Equal((Side, Side), (picture.Width, picture.Height));
        int first = Middle + (int)Math.Ceiling(0.1 / (2.5 * 0.1 / Middle));
        for (int row = 0; row < Side; row++)
        {
            for (int column = 0; column < Side; column++)
            {
                (int down, int right) = (Math.Abs(row - Middle), Math.Abs(column - Middle));
                bool isCross = (down == 0 && right <= 2) || (right == 0 && down <= 2);
                (byte, byte, byte) expected = isCross ? White
                    : column == first - 1 ? Black : ColorAt(picture, 0, column < first ? 0 : Side - 1);
                Assert.Equal(expected, ColorAt(picture, row, column));
            }
        }

        Assert.NotEqual(ColorAt(picture, 0, 0), ColorAt(picture, 0, Side - 1));
    }

    [Fact]
    public void A_sample_with_one_direction_has_no_plane()
    {
        var target = new DelegateTarget(
            [2], 2, (0f, 1f), (ReadOnlySpan<float> x, Span<int> classes) => classes[0] = x[0] >= 0.6f ? 1 : 0);
        ProbeResult found = DecisionSpaceProbe.Run(
            target, Sample, [0], null, RandomStream.FromSeed(1),
            new ProbeOptions { Families = [new RandomDirections { Rays = 1 }], BatchSize = 1 });
        Assert.Empty(DecisionSlice.Of(target, found, [], 4));
    }

    private static Picture Decoded(Reporting.Documents.Picture slice)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["slice.png"], slice.Png.ToArray());
        return PictureFile.Load(folder["slice.png"]);
    }

    private static (byte Red, byte Green, byte Blue) ColorAt(Picture picture, int row, int column)
    {
        int place = ((row * Side) + column) * picture.Channels;
        return (picture.Pixels[place], picture.Pixels[place + 1], picture.Pixels[place + 2]);
    }
}
