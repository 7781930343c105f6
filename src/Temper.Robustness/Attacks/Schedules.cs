namespace Temper.Robustness.Attacks;

/// <summary>Step size schedules.</summary>
internal static class Schedules
{
    /// <summary>Interpolates along half a cosine: exactly from at step 0, close to to at the last step.</summary>
    internal static double Cosine(int step, int steps, double from, double to) =>
        to + ((from - to) * (1 + Math.Cos(Math.PI * step / steps)) / 2);
}
