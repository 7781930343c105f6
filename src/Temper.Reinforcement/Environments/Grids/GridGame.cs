namespace Temper.Reinforcement.Environments.Grids;

/// <summary>What a player of a grid game can do, in the order that published agents and traces number it.</summary>
public enum GridAction
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>One cell to the left.</summary>
    Left,

    /// <summary>One cell up.</summary>
    Up,

    /// <summary>One cell to the right.</summary>
    Right,

    /// <summary>One cell down.</summary>
    Down,

    /// <summary>A shot.</summary>
    Fire,
}

/// <summary>The rules of a game on a grid of 10 x 10 cells, seen as some channels of zeros and ones.</summary>
/// <remarks>
/// The whole state is an array of numbers: a game is copied, compared and replayed without knowing its rules. Random
/// choices come from <see cref="IDraws"/>, so a replay can try them all.
/// </remarks>
public abstract class GridGame
{
    /// <summary>Rows and columns.</summary>
    public const int Size = 10;

    /// <summary>Cells of one channel.</summary>
    internal const int Cells = Size * Size;

    private protected GridGame(int stateLength) => State = new int[stateLength];

    /// <summary>Its name in lower case with hyphens.</summary>
    public abstract string Name { get; }

    /// <summary>Names of the channels, in order.</summary>
    public abstract IReadOnlyList<string> Channels { get; }

    /// <summary>The actions that do something, in the order of their numbers.</summary>
    public abstract IReadOnlyList<GridAction> Actions { get; }

    /// <summary>Everything that decides what comes next, random choices aside.</summary>
    internal int[] State { get; }

    /// <summary>Sets the game up.</summary>
    internal abstract void Reset(IDraws draws);

    /// <summary>One step of the rules.</summary>
    internal abstract StepOutcome Step(GridAction action, IDraws draws);

    /// <summary>Marks the cells that are one.</summary>
    internal abstract void Draw(ref CellWriter cells);

    /// <summary>A new game of the same rules.</summary>
    internal abstract GridGame New();

    /// <summary>
    /// The draws that a step may have made when its result looks like this; null: try them all. For choices that are
    /// too many to try but can be read off what comes next.
    /// </summary>
    /// <param name="next">Bits of the observation behind the step, cell by cell and channel by channel.</param>
    internal virtual IReadOnlyList<int>? DrawsThatLeadTo(ReadOnlySpan<bool> next) => null;
}

/// <summary>Collects the cells that a game marks: channel x 100 + row x 10 + column.</summary>
/// <param name="cells">Receives them; a cell may come twice.</param>
internal ref struct CellWriter(Span<ushort> cells)
{
    private readonly Span<ushort> _cells = cells;

    internal int Count { get; private set; }

    internal void Mark(int channel, int row, int column) =>
        _cells[Count++] = (ushort)((channel * GridGame.Cells) + (row * GridGame.Size) + column);

    /// <summary>Marks a cell unless it lies beside the grid.</summary>
    internal void MarkInside(int channel, int row, int column)
    {
        if ((uint)column < GridGame.Size)
        {
            Mark(channel, row, column);
        }
    }
}
