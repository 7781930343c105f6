namespace Temper.Privacy.Audit;

/// <summary>Similarity of a recovered picture to the original; pixels from 0 to 1.</summary>
/// <param name="MeanSquaredError">Mean squared error.</param>
/// <param name="Psnr">Peak signal-to-noise ratio in dB, at most <see cref="MaxPsnr"/>.</param>
/// <param name="Ssim">Structural similarity, averaged over channels.</param>
public readonly record struct PictureQuality(double MeanSquaredError, double Psnr, double Ssim)
{
    /// <summary>Upper limit of PSNR, in dB.</summary>
    public const double MaxPsnr = 60;

    private const int Window = 7;
    private const double C1 = 0.01 * 0.01;
    private const double C2 = 0.03 * 0.03;

    /// <summary>Compares two pictures.</summary>
    /// <param name="found">Recovered picture, <c>[C, H, W]</c>.</param>
    /// <param name="truth">Original picture, <c>[C, H, W]</c>.</param>
    /// <param name="channels">Number of channels, C.</param>
    /// <param name="height">Height, H.</param>
    /// <param name="width">Width, W.</param>
    public static PictureQuality Of(
        ReadOnlySpan<float> found, ReadOnlySpan<float> truth, int channels, int height, int width)
    {
        double squares = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            double difference = (double)found[i] - truth[i];
            squares += difference * difference;
        }

        double error = squares / Math.Max(truth.Length, 1), similarity = 0;
        for (int channel = 0; channel < channels; channel++)
        {
            similarity += SimilarityOf(
                found.Slice(channel * height * width, height * width),
                truth.Slice(channel * height * width, height * width), height, width);
        }

        return new PictureQuality(
            error, error <= 1e-6 ? MaxPsnr : Math.Min(MaxPsnr, -10 * Math.Log10(error)), similarity / channels);
    }

    /// <summary>
    /// Computes the mean SSIM over all 7 x 7 windows inside the picture; smaller windows if the picture is smaller.
    /// </summary>
    private static double SimilarityOf(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int height, int width)
    {
        int side = Math.Min(Window, Math.Min(height, width));
        double total = 0;
        for (int top = 0; top + side <= height; top++)
        {
            for (int left = 0; left + side <= width; left++)
            {
                double sumA = 0, sumB = 0, squaresA = 0, squaresB = 0, products = 0;
                for (int y = top; y < top + side; y++)
                {
                    for (int x = left; x < left + side; x++)
                    {
                        double p = a[(y * width) + x], q = b[(y * width) + x];
                        sumA += p;
                        sumB += q;
                        squaresA += p * p;
                        squaresB += q * q;
                        products += p * q;
                    }
                }

                // Sample variances, as in scikit-image.
                double n = side * side, meanA = sumA / n, meanB = sumB / n, scale = n > 1 ? n / (n - 1) : 1;
                double varianceA = ((squaresA / n) - (meanA * meanA)) * scale,
                    varianceB = ((squaresB / n) - (meanB * meanB)) * scale;
                double covariance = ((products / n) - (meanA * meanB)) * scale;
                total += ((2 * meanA * meanB) + C1) * ((2 * covariance)
                    + C2) / (((meanA * meanA) + (meanB * meanB) + C1) * (varianceA + varianceB + C2));
            }
        }

        return total / ((height - side + 1) * (width - side + 1));
    }
}
