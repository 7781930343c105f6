namespace Temper.Reinforcement.Environments.Grids;

/// <summary>Actions of grid games, numbered as in published agents and traces.</summary>
public enum GridAction
{
    /// <summary>No action.</summary>
    None,

    /// <summary>Move one cell to the left.</summary>
    Left,

    /// <summary>Move one cell up.</summary>
    Up,

    /// <summary>Move one cell to the right.</summary>
    Right,

    /// <summary>Move one cell down.</summary>
    Down,

    /// <summary>Shoot.</summary>
    Fire,
}

/// <summary>
/// Rules of a game on a grid of 10 x 10 cells. The observation has several channels of zeros and ones.
/// </summary>
/// <remarks>
/// The whole state is one array of numbers, so a game can be copied, compared and replayed without knowing its rules.
/// Random choices come from a source that a replay replaces, so it can enumerate them.
/// </remarks>
public abstract class GridGame
{
    /// <summary>Number of rows and of columns.</summary>
    public const int Size = 10;

    /// <summary>Number of cells in one channel.</summary>
    internal const int Cells = Size * Size;

    private protected GridGame(int stateLength) => State = new int[stateLength];

    /// <summary>Name of the game, in lower case with hyphens.</summary>
    public abstract string Name { get; }

    /// <summary>Names of the channels, in order.</summary>
    public abstract IReadOnlyList<string> Channels { get; }

    /// <summary>Actions that have an effect, in ascending order.</summary>
    public abstract IReadOnlyList<GridAction> Actions { get; }

    /// <summary>The complete state of the game, except future random choices.</summary>
    internal int[] State { get; }

    /// <summary>Starts a new episode.</summary>
    internal abstract void Reset(IDraws draws);

    /// <summary>Performs one step.</summary>
    internal abstract StepOutcome Step(GridAction action, IDraws draws);

    /// <summary>Marks the cells that are 1.</summary>
    internal abstract void Draw(ref CellWriter cells);

    /// <summary>Creates another game with the same rules.</summary>
    internal abstract GridGame New();

    /// <summary>
    /// Returns the random choices of a step or reset, inferred from the observation after it; null: all choices must be
    /// enumerated. For choices that are too many to enumerate but visible in the observation.
    /// </summary>
    /// <param name="next">The observation after the step: channel by channel, row by row.</param>
    internal virtual IReadOnlyList<int>? DrawsThatLeadTo(ReadOnlySpan<bool> next) => null;
}

/// <summary>Collects the cells that a game marks, as channel x 100 + row x 10 + column.</summary>
/// <param name="cells">Receives the indices; an index may occur twice.</param>
internal ref struct CellWriter(Span<ushort> cells)
{
    private readonly Span<ushort> _cells = cells;

    internal int Count { get; private set; }

    internal void Mark(int channel, int row, int column) =>
        _cells[Count++] = (ushort)((channel * GridGame.Cells) + (row * GridGame.Size) + column);

    /// <summary>Marks a cell if its column lies inside the grid.</summary>
    internal void MarkInside(int channel, int row, int column)
    {
        if ((uint)column < GridGame.Size)
        {
            Mark(channel, row, column);
        }
    }
}
