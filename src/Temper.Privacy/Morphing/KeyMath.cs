namespace Temper.Privacy.Morphing;

/// <summary>
/// Logarithm, sine and cosine computed with additions, multiplications and divisions in a fixed order. Math libraries
/// differ in the last bit; this way a key gives the same map on every machine.
/// </summary>
internal static class KeyMath
{
    private const double Ln2 = 0.693147180559945309417232121458;
    private const double HalfPi = 1.57079632679489661923132169164;
    private const double SquareRootOfTwo = 1.41421356237309504880168872421;

    /// <summary>Computes the natural logarithm of a positive, normal number; relative error below 1e-15.</summary>
    internal static double Log(double x)
    {
        long bits = BitConverter.DoubleToInt64Bits(x);
        int exponent = (int)(bits >> 52) - 1023;
        double mantissa = BitConverter.Int64BitsToDouble((bits & 0xFFFFFFFFFFFFFL) | 0x3FF0000000000000L);
        if (mantissa > SquareRootOfTwo)
        {
            mantissa *= 0.5;
            exponent++;
        }

        // ln m = 2 artanh s with s = (m - 1) / (m + 1), |s| < 0.172.
        double s = (mantissa - 1) / (mantissa + 1);
        double square = s * s;
        double sum = 0;
        for (int power = 23; power >= 1; power -= 2)
        {
            sum = (sum * square) + (1.0 / power);
        }

        return (exponent * Ln2) + (2 * s * sum);
    }

    /// <summary>Computes sine and cosine of an angle given as a fraction of a full turn, 0 to 1.</summary>
    internal static (double Sine, double Cosine) Turn(double part)
    {
        int quarter = (int)((part * 4) + 0.5);
        double x = ((part * 4) - quarter) * HalfPi;              // -pi/4 to pi/4
        double square = x * x;
        double sine = 0, cosine = 0;
        for (int k = 19; k >= 1; k -= 2)
        {
            sine = 1 - (sine * square / ((k + 1) * (double)(k + 2)));
            cosine = 1 - (cosine * square / (k * (double)(k + 1)));
        }

        sine *= x;
        return (quarter & 3) switch
        {
            0 => (sine, cosine),
            1 => (cosine, -sine),
            2 => (-sine, -cosine),
            _ => (-cosine, sine),
        };
    }
}
