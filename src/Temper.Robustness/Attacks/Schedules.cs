namespace Temper.Robustness.Attacks;

/// <summary>How sizes of steps change over a search.</summary>
internal static class Schedules
{
    /// <summary>
    /// From one value to another along half a cosine: the first at step 0, nearly the last at the last step.
    /// </summary>
    internal static double Cosine(int step, int steps, double from, double to) =>
        to + ((from - to) * (1 + Math.Cos(Math.PI * step / steps)) / 2);
}
