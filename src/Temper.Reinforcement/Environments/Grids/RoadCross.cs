namespace Temper.Reinforcement.Environments.Grids;

/// <summary>
/// Cross eight lanes of cars. The reward is 1 per crossing. Implements the rules of MinAtar's Freeway from their
/// description.
/// </summary>
public sealed class RoadCross : GridGame
{
    private const int Player = 0, Car = 1, FirstSpeed = 2;
    private const int Lanes = 8, PlayerColumn = 4, Start = Size - 1, Wait = 3, Length = 2500, Speeds = 5;
    private const int FirstCar = 3, CarFields = 3;

    /// <summary>Creates a game.</summary>
    public RoadCross()
        : base(FirstCar + (Lanes * CarFields))
    {
    }

    /// <inheritdoc/>
    public override string Name => "road-cross";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } =
    [
        "player", "car", "speed1", "speed2", "speed3", "speed4", "speed5",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<GridAction> Actions { get; } = [GridAction.None, GridAction.Up, GridAction.Down];

    private ref int Row => ref State[0];

    /// <summary>Steps until the player can move again.</summary>
    private ref int Timer => ref State[1];

    private ref int Left => ref State[2];

    internal override GridGame New() => new RoadCross();

    internal override void Reset(IDraws draws)
    {
        (Row, Timer, Left) = (Start, Wait, Length);
        for (int lane = 0; lane < Lanes; lane++)
        {
            ColumnOf(lane) = 0;
        }

        DrawSpeeds(draws);
    }

    internal override StepOutcome Step(GridAction action, IDraws draws)
    {
        if (Timer == 0 && action is GridAction.Up or GridAction.Down)
        {
            Row = Math.Clamp(Row + (action == GridAction.Up ? -1 : 1), 0, Start);
            Timer = Wait;
        }

        float reward = 0;
        if (Row == 0)
        {
            (reward, Row) = (1, Start);
            DrawSpeeds(draws);
        }

        for (int lane = 0; lane < Lanes; lane++)
        {
            MoveCar(lane);
        }

        Timer -= Timer > 0 ? 1 : 0;
        Left--;
        return new StepOutcome(reward, Left < 0);
    }

    internal override void Draw(ref CellWriter cells)
    {
        cells.Mark(Player, Row, PlayerColumn);
        for (int lane = 0; lane < Lanes; lane++)
        {
            int column = ColumnOf(lane), speed = SpeedOf(lane);
            cells.Mark(Car, lane + 1, column);
            cells.Mark(FirstSpeed + Math.Abs(speed) - 1, lane + 1, Wrapped(column - Math.Sign(speed)));
        }
    }

    /// <summary>
    /// Speeds and directions are visible as trails behind the cars, so they are read from the observation: for each
    /// lane a speed, then a direction.
    /// </summary>
    internal override IReadOnlyList<int> DrawsThatLeadTo(ReadOnlySpan<bool> next)
    {
        int[] draws = new int[2 * Lanes];
        for (int lane = 0; lane < Lanes; lane++)
        {
            int line = (lane + 1) * Size;
            int car = next.Slice((Car * Cells) + line, Size).IndexOf(true);
            for (int speed = 0; speed < Speeds && car >= 0; speed++)
            {
                int behind = next.Slice(((FirstSpeed + speed) * Cells) + line, Size).IndexOf(true);
                if (behind >= 0)
                {
                    (draws[2 * lane], draws[(2 * lane) + 1]) = (speed, behind == Wrapped(car - 1) ? 1 : 0);
                }
            }
        }

        return draws;
    }

    private static int Wrapped(int column) => column < 0 ? Size - 1 : column >= Size ? 0 : column;

    private ref int ColumnOf(int lane) => ref State[FirstCar + (lane * CarFields)];

    private ref int TimerOf(int lane) => ref State[FirstCar + (lane * CarFields) + 1];

    /// <summary>Steps between moves of a car; negative if it drives to the left.</summary>
    private ref int SpeedOf(int lane) => ref State[FirstCar + (lane * CarFields) + 2];

    private void MoveCar(int lane)
    {
        Hit(lane);
        if (TimerOf(lane) > 0)
        {
            TimerOf(lane)--;
            return;
        }

        TimerOf(lane) = Math.Abs(SpeedOf(lane));
        ColumnOf(lane) = Wrapped(ColumnOf(lane) + Math.Sign(SpeedOf(lane)));
        Hit(lane);
    }

    private void Hit(int lane)
    {
        if (Row == lane + 1 && ColumnOf(lane) == PlayerColumn)
        {
            Row = Start;
        }
    }

    private void DrawSpeeds(IDraws draws)
    {
        for (int lane = 0; lane < Lanes; lane++)
        {
            int speed = draws.Next(Speeds) + 1;
            TimerOf(lane) = speed;
            SpeedOf(lane) = draws.Next(2) == 1 ? speed : -speed;
        }
    }
}
