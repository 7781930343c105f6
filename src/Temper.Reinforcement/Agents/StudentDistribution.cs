namespace Temper.Reinforcement.Agents;

/// <summary>Student's t distribution with a whole number of degrees of freedom.</summary>
internal static class StudentDistribution
{
    /// <summary>Halvings of the search interval; after these the result is as exact as a double.</summary>
    private const int Halvings = 60;

    /// <summary>Returns the t for which the given probability lies between -t and t.</summary>
    /// <param name="probability">Above 0 and below 1, such as 0.95.</param>
    /// <param name="freedom">Degrees of freedom, 1 or more.</param>
    internal static double TwoSidedQuantile(double probability, int freedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(freedom, 1);
        (double low, double high) = (0, Math.PI / 2);
        for (int i = 0; i < Halvings; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = Within(middle, freedom) < probability ? (middle, high) : (low, middle);
        }

        return Math.Sqrt(freedom) * Math.Tan((low + high) / 2);
    }

    /// <summary>
    /// Probability between -t and t for <c>t = sqrt(freedom) tan(angle)</c>, a finite sum of powers of the cosine
    /// (Abramowitz, Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4).
    /// </summary>
    private static double Within(double angle, int freedom)
    {
        (double sin, double cos) = Math.SinCos(angle);
        int first = freedom % 2;
        double term = first == 1 ? cos : 1, sum = 0;
        for (int power = first; power <= freedom - 2; power += 2)
        {
            sum += term;
            term *= cos * cos * (power + 1) / (power + 2);
        }

        return first == 1 ? 2 / Math.PI * (angle + (sin * sum)) : sin * sum;
    }
}
