using Temper.Reinforcement.Environments.Grids;

namespace Temper.Reinforcement.Environments.Pixels;

/// <summary>A grid game as a picture of 40 x 40 grey pixels: the same rules, seen through a pixel channel.</summary>
/// <remarks>
/// Observation <c>[1, 40, 40]</c>: each cell is 4 x 4 pixels with the grey of its brightest channel, the first channel
/// the brightest. Edges between cells are a little darker, so that cells side by side are told apart.
/// </remarks>
/// <param name="inner">The grid.</param>
public sealed class PixelGrid(GridEnvironment inner) : IEnvironment
{
    private const int Pixels = 4, Size = GridGame.Size * Pixels;
    private const float Darkest = 0.25f, Edge = 0.85f;
    private readonly ushort[] _cells = new ushort[inner.Game.Channels.Count * GridGame.Cells];
    private readonly float[] _grey = new float[GridGame.Cells];

    /// <summary>The grid that is shown.</summary>
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
