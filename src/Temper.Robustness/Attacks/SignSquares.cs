namespace Temper.Robustness.Attacks;

/// <summary>
/// Squares for the L∞ norm: every pixel of a square moves by plus or minus the radius, with one sign per channel.
/// </summary>
internal sealed class SignSquares(Search s, double radius) : SquareMoves(s, radius)
{
    /// <summary>Starts with vertical stripes.</summary>
    internal override void Begin()
    {
        for (int channel = 0; channel < Channels; channel++)
        {
            for (int x = 0; x < Width; x++)
            {
                float sign = RandomSign();
                for (int y = 0; y < Height; y++)
                {
                    Set(Index(channel, y, x), sign);
                }
            }
        }
    }

    internal override void Move(double part)
    {
        Window window = Random(part, 1);
        for (int channel = 0; channel < Channels; channel++)
        {
            float sign = RandomSign();
            for (int y = window.Top; y < window.Top + window.Height; y++)
            {
                for (int x = window.Left; x < window.Left + window.Width; x++)
                {
                    Set(Index(channel, y, x), sign);
                }
            }
        }
    }

    private void Set(int i, float sign) => S.X[i] = Math.Clamp(
        sign > 0 ? Perturbations.Highest(S.Clean[i], Radius) : Perturbations.Lowest(S.Clean[i], Radius), S.Low, S.High);
}
