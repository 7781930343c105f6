using Temper.Randomness;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Tests.Attacks;

/// <summary>Changes of pictures against what they are by definition.</summary>
public sealed class CleanPictureTests
{
    private const int Channels = 2, Side = 9, Count = Channels * Side * Side;

    private static readonly CleanPicture Clean = new(Numbers(), [Channels, Side, Side], 0, 1);

    [Fact]
    public void A_shift_by_whole_pixels_moves_every_pixel()
    {
        float[] x = new float[Count];
        Clean.Shift(2, -3, x);
        AssertPixels(x, (channel, row, column) => row - 2 is var y and >= 0 && column + 3 is var u and < Side ? At(channel, y, u) : 0);
    }

    [Fact]
    public void A_quarter_turn_moves_every_pixel_to_its_place()
    {
        float[] x = new float[Count];
        Clean.Rotate(Math.PI / 2, x);
        AssertPixels(x, (channel, row, column) => At(channel, Side - 1 - column, row));
    }

    [Fact]
    public void A_blur_is_the_plain_double_sum()
    {
        const double Sigma = 0.8;
        float[] x = new float[Count];
        Clean.Blur(Sigma, x);
        double[] weights = [.. Enumerable.Range(-3, 7).Select(k => Math.Exp(-k * k / (2 * Sigma * Sigma)))];
        double sum = weights.Sum();
        AssertPixels(x, (channel, row, column) => Enumerable.Range(-3, 7).Sum(v => Enumerable.Range(-3, 7).Sum(u =>
            weights[v + 3] * weights[u + 3] / (sum * sum) * At(channel, Math.Clamp(row + v, 0, Side - 1), Math.Clamp(column + u, 0, Side - 1)))));
        Clean.Blur(0, x);
        Assert.Equal(Clean.Pixels, x);
    }

    [Fact]
    public void Contrast_and_brightness_follow_their_formulas()
    {
        float[] x = new float[Count];
        double mean = Clean.Pixels.Average(value => (double)value);
        Clean.Flatten(0.3, x);
        AssertPixels(x, (channel, row, column) => mean + (0.3 * (At(channel, row, column) - mean)));
        (Clean with { High = 3 }).Brighten(0.5, x);
        AssertPixels(x, (channel, row, column) => At(channel, row, column) + 1.5);
    }

    [Fact]
    public void Noise_has_the_deviation_that_is_asked_for()
    {
        float[] x = new float[Count], gaussian = new float[Count];
        RandomStream.FromSeed(2).FillGaussian(gaussian);
        gaussian.CopyTo(x, 0);
        (Clean with { Low = -1 }).AddNoise(0.25, x);
        Assert.All(x.Zip(Clean.Pixels).Zip(gaussian), pair => Assert.Equal(pair.Second * 0.5, pair.First.First - pair.First.Second, 1e-6));
    }

    [Fact]
    public void All_frequencies_of_a_block_give_the_picture_and_the_first_alone_its_means()
    {
        float[] x = new float[Count];
        Clean.Coarsen(15, x);
        AssertPixels(x, At);
        Clean.Coarsen(1, x);

        // 9 pixels are a block of 8 and one of a single pixel.
        AssertPixels(x, (channel, row, column) => Block(row).SelectMany(_ => Block(column), (y, u) => (double)At(channel, y, u)).Average());

        static IEnumerable<int> Block(int place) => place < 8 ? Enumerable.Range(0, 8) : [8];
    }

    private static void AssertPixels(float[] x, Func<int, int, int, double> expected)
    {
        for (int i = 0; i < x.Length; i++)
        {
            Assert.Equal(expected(i / (Side * Side), i / Side % Side, i % Side), x[i], 1e-5);
        }
    }

    private static double At(int channel, int row, int column) => Clean.Pixels[(((channel * Side) + row) * Side) + column];

    private static float[] Numbers()
    {
        float[] values = new float[Count];
        RandomStream.FromSeed(1).FillUniform(values, 0, 1);
        return values;
    }
}
