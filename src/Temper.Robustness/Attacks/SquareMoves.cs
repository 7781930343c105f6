namespace Temper.Robustness.Attacks;

/// <summary>Proposes the changes of the Square attack.</summary>
internal abstract class SquareMoves
{
    private protected SquareMoves(Search s, double radius)
    {
        (S, Radius) = (s, radius);
        (Channels, Height, Width) = s.Shape.Rank switch
        {
            3 => (s.Shape[0], s.Shape[1], s.Shape[2]),
            4 => (s.Shape[0] * s.Shape[1], s.Shape[2], s.Shape[3]),
            _ => (1, 1, s.Clean.Length),
        };
    }

    private protected Search S { get; }

    private protected double Radius { get; }

    private protected int Channels { get; }

    private protected int Height { get; }

    private protected int Width { get; }

    /// <summary>Sets the search's initial point.</summary>
    internal abstract void Begin();

    /// <summary>Changes the search's current point.</summary>
    /// <param name="part">Fraction of the pixels to change.</param>
    internal abstract void Move(double part);

    private protected float RandomSign() => S.Random.NextBoolean() ? 1 : -1;

    /// <summary>Draws a random window with about the given fraction of the pixels.</summary>
    private protected Window Random(double part, int min)
    {
        int side = Math.Max((int)Math.Round(Math.Sqrt(part * Height * Width)), min);
        int height = Math.Min(side, Height),
            width = Height == 1 ? Math.Clamp((int)Math.Round(part * Width), 1, Width) : Math.Min(side, Width);
        return Place(height, width);
    }

    private protected Window Place(int height, int width) =>
        new(S.Random.NextInt32(Height - height + 1), S.Random.NextInt32(Width - width + 1), height, width);

    private protected int Index(int channel, int y, int x) => (((channel * Height) + y) * Width) + x;

    private protected readonly record struct Window(int Top, int Left, int Height, int Width);
}
