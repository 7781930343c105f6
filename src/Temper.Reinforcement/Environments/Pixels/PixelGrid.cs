using Temper.Reinforcement.Environments.Grids;

namespace Temper.Reinforcement.Environments.Pixels;

/// <summary>Shows a grid game as an image of 40 x 40 gray pixels; the rules are unchanged.</summary>
/// <remarks>
/// Observation <c>[1, 40, 40]</c>. Each cell is 4 x 4 pixels with the gray level of its lowest-numbered channel; lower
/// channels are brighter. The bottom and right edges of each cell are slightly darker, which separates neighboring
/// cells.
/// </remarks>
/// <param name="inner">The grid game to show.</param>
public sealed class PixelGrid(GridEnvironment inner) : IEnvironment
{
    private const int Pixels = 4, Size = GridGame.Size * Pixels;
    private const float Darkest = 0.25f, Edge = 0.85f;
    private readonly ushort[] _cells = new ushort[inner.Game.Channels.Count * GridGame.Cells];
    private readonly float[] _grey = new float[GridGame.Cells];

    /// <summary>The grid game that is shown.</summary>
    internal GridEnvironment Grid => inner;

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; } =
        inner.Spec with { Name = $"pixel-{inner.Spec.Name}", ObservationShape = [1, Size, Size] };

    /// <inheritdoc/>
    public long Carried
    {
        get => inner.Carried;
        set => inner.Carried = value;
    }

    /// <inheritdoc/>
    public void Reset(ulong seed, Span<float> observation)
    {
        inner.Reset(seed, []);
        Show(observation);
    }

    /// <inheritdoc/>
    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        StepOutcome outcome = inner.Step(action, []);
        Show(observation);
        return outcome;
    }

    private void Show(Span<float> observation)
    {
        if (observation.IsEmpty)
        {
            return;
        }

        Array.Clear(_grey);
        int channels = inner.Game.Channels.Count, count = inner.ActiveCells(_cells);
        foreach (ushort cell in _cells.AsSpan(0, count))
        {
            float grey = 1 - ((1 - Darkest) * (cell / GridGame.Cells) / channels);
            ref float pixel = ref _grey[cell % GridGame.Cells];
            pixel = Math.Max(pixel, grey);
        }

        for (int row = 0; row < Size; row++)
        {
            for (int column = 0; column < Size; column++)
            {
                bool isEdge = row % Pixels == Pixels - 1 || column % Pixels == Pixels - 1;
                observation[(row * Size) + column] = MathF.Round(
                    _grey[(row / Pixels * GridGame.Size) + (column / Pixels)] * (isEdge ? Edge : 1) * 255) / 255;
            }
        }
    }
}
