namespace Temper.Reinforcement.Environments.Grids;

/// <summary>
/// A ball, a paddle and three rows of bricks. The reward is 1 per brick. Implements the rules of MinAtar's Breakout
/// from their description.
/// </summary>
public sealed class BrickBreak : GridGame
{
    private const int Paddle = 0, Ball = 1, Trail = 2, Brick = 3;
    private const int FirstBrickRow = 1, BrickRows = 3, LastRow = Size - 1;

    /// <summary>Bit mask with one bit per brick, row by row.</summary>
    private const int AllBricks = (1 << (BrickRows * Size)) - 1;

    /// <summary>Creates a game.</summary>
    public BrickBreak()
        : base(9)
    {
    }

    /// <inheritdoc/>
    public override string Name => "brick-break";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["paddle", "ball", "trail", "brick"];

    /// <inheritdoc/>
    public override IReadOnlyList<GridAction> Actions { get; } = [GridAction.None, GridAction.Left, GridAction.Right];

    private ref int PaddleColumn => ref State[0];

    private ref int Row => ref State[1];

    private ref int Column => ref State[2];

    private ref int Down => ref State[3];

    private ref int Right => ref State[4];

    private ref int TrailRow => ref State[5];

    private ref int TrailColumn => ref State[6];

    private ref int Bricks => ref State[7];

    /// <summary>1 while the ball touches bricks: it removes only the first one and passes through the others.</summary>
    private ref int HasContact => ref State[8];

    internal override GridGame New() => new BrickBreak();

    internal override void Reset(IDraws draws)
    {
        bool isLeft = draws.Next(2) == 0;
        (PaddleColumn, Row, Column, Down, Right) = (4, 3, isLeft ? 0 : 9, 1, isLeft ? 1 : -1);
        (TrailRow, TrailColumn, Bricks, HasContact) = (Row, Column, AllBricks, 0);
    }

    internal override StepOutcome Step(GridAction action, IDraws draws)
    {
        PaddleColumn = Math.Clamp(
            PaddleColumn + (action == GridAction.Right ? 1 : action == GridAction.Left ? -1 : 0), 0, Size - 1);
        (TrailRow, TrailColumn) = (Row, Column);
        (int row, int column) = (Row + Down, Column + Right);
        if ((uint)column >= Size)
        {
            column = Math.Clamp(column, 0, Size - 1);
            Right = -Right;
        }

        (float reward, bool isOver, bool isContact) = (0, false, false);
        if (row < 0)
        {
            (row, Down) = (0, -Down);
        }
        else if ((Bricks & BitOf(row, column)) != 0)
        {
            (isContact, reward) = (true, HitBrick(ref row, column));
        }
        else if (row == LastRow)
        {
            isOver = !MeetsPaddle(ref row, column);
        }

        (Row, Column, HasContact) = (row, column, isContact ? 1 : 0);
        return new StepOutcome(reward, isOver);
    }

    internal override void Draw(ref CellWriter cells)
    {
        cells.Mark(Ball, Row, Column);
        cells.Mark(Paddle, LastRow, PaddleColumn);
        cells.Mark(Trail, TrailRow, TrailColumn);
        for (int bits = Bricks; bits != 0; bits &= bits - 1)
        {
            int cell = System.Numerics.BitOperations.TrailingZeroCount(bits);
            cells.Mark(Brick, FirstBrickRow, cell);     // columns above 9 continue in the next row
        }
    }

    /// <summary>
    /// Removes the brick in a cell and sends the ball back, unless the ball already touched bricks in the last step.
    /// </summary>
    /// <returns>The reward.</returns>
    private float HitBrick(ref int row, int column)
    {
        if (HasContact != 0)
        {
            return 0;
        }

        Bricks &= ~BitOf(row, column);
        (row, Down) = (TrailRow, -Down);
        return 1;
    }

    /// <summary>
    /// Sends back a ball in the last row if the paddle is where the ball was or where it is going. If no bricks are
    /// left, all come back.
    /// </summary>
    /// <returns>False if the paddle misses the ball.</returns>
    private bool MeetsPaddle(ref int row, int column)
    {
        Bricks = Bricks == 0 ? AllBricks : Bricks;
        if (PaddleColumn != TrailColumn && PaddleColumn != column)
        {
            return false;
        }

        Right = PaddleColumn == TrailColumn ? Right : -Right;
        (row, Down) = (TrailRow, -Down);
        return true;
    }

    private static int BitOf(int row, int column) =>
        row is < FirstBrickRow or >= FirstBrickRow + BrickRows ? 0 : 1 << (((row - FirstBrickRow) * Size) + column);
}
