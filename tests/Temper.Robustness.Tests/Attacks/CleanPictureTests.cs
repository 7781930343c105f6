using Temper.Randomness;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Tests.Attacks;

/// <summary>Checks changes of pictures against their definitions.</summary>
public sealed class CleanPictureTests
{
    private const int Channels = 2, Side = 9, Count = Channels * Side * Side;

    private static readonly CleanPicture Clean = new(Numbers(), [Channels, Side, Side], 0, 1);

    [Fact]
    public void A_shift_by_whole_pixels_moves_every_pixel()
    {
        float[] x = new float[Count];
        Clean.Shift(2, -3, x);
        AssertPixels(x, (channel, row, column) => row >= 2 && column + 3 < Side ? At(channel, row - 2, column + 3) : 0);
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
            weights[v + 3] * weights[u + 3] / (sum * sum) * At(channel, Held(row + v), Held(column + u)))));
        Clean.Blur(0, x);
        Assert.Equal(Clean.Pixels, x);

        static int Held(int place) => Math.Clamp(place, 0, Side - 1);
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
        AssertPixels(x, (channel, row, column) => At(channel, row, column) + (0.5 * gaussian[Place(channel, row, column)]));
    }

    [Fact]
    public void All_frequencies_of_a_block_give_the_picture_and_the_first_alone_its_means()
    {
        float[] x = new float[Count];
        Clean.Coarsen(15, x);
        AssertPixels(x, At);
        Clean.Coarsen(1, x);

        // 9 pixels are a block of 8 and a block of 1.
        AssertPixels(x, (channel, row, column) => Block(row).Average(y => Block(column).Average(u => At(channel, y, u))));

        static IEnumerable<int> Block(int place) => place < 8 ? Enumerable.Range(0, 8) : [8];
    }

    private static void AssertPixels(float[] x, Func<int, int, int, double> expected)
    {
        for (int i = 0; i < x.Length; i++)
        {
            Assert.Equal(expected(i / (Side * Side), i / Side % Side, i % Side), x[i], 1e-5);
        }
    }

    private static double At(int channel, int row, int column) => Clean.Pixels[Place(channel, row, column)];

    private static int Place(int channel, int row, int column) => (((channel * Side) + row) * Side) + column;

    private static float[] Numbers()
    {
        float[] values = new float[Count];
        RandomStream.FromSeed(1).FillUniform(values, 0, 1);
        return values;
    }
}
