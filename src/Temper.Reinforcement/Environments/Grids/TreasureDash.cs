namespace Temper.Reinforcement.Environments.Grids;

/// <summary>
/// Collect gold and avoid enemies, both of which move faster and faster. The reward is 1 per piece of gold. Implements
/// the rules of MinAtar's Asterix from their description.
/// </summary>
public sealed class TreasureDash : GridGame
{
    private const int Player = 0, Enemy = 1, Trail = 2, Gold = 3;
    private const int Slots = 8, FirstSlot = 8, Fields = 4, DefaultSpawn = 10, DefaultMove = 5, RampSteps = 100;

    /// <summary>Creates a game.</summary>
    public TreasureDash()
        : base(FirstSlot + (Slots * Fields))
    {
    }

    /// <inheritdoc/>
    public override string Name => "treasure-dash";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["player", "enemy", "trail", "gold"];

    /// <inheritdoc/>
    public override IReadOnlyList<GridAction> Actions { get; } =
    [
        GridAction.None, GridAction.Left, GridAction.Up, GridAction.Right, GridAction.Down,
    ];

    private ref int Row => ref State[0];

    private ref int Column => ref State[1];

    private ref int SpawnInterval => ref State[2];

    private ref int SpawnTimer => ref State[3];

    private ref int MoveInterval => ref State[4];

    private ref int MoveTimer => ref State[5];

    private ref int RampTimer => ref State[6];

    private ref int Ramps => ref State[7];

    internal override GridGame New() => new TreasureDash();

    internal override void Reset(IDraws draws)
    {
        Array.Clear(State);
        (Row, Column) = (5, 5);
        SpawnInterval = SpawnTimer = DefaultSpawn;
        MoveInterval = MoveTimer = DefaultMove;
        RampTimer = RampSteps;
    }

    internal override StepOutcome Step(GridAction action, IDraws draws)
    {
        if (SpawnTimer == 0)
        {
            Spawn(draws);
            SpawnTimer = SpawnInterval;
        }

        Move(action);
        (int gold, bool isOver) = (0, false);
        Touch(ref gold, ref isOver);
        if (MoveTimer == 0)
        {
            MoveTimer = MoveInterval;
            MoveAll();
            Touch(ref gold, ref isOver);
        }

        SpawnTimer--;
        MoveTimer--;
        Ramp();
        return new StepOutcome(gold, isOver);
    }

    internal override void Draw(ref CellWriter cells)
    {
        cells.Mark(Player, Row, Column);
        for (int slot = 0; slot < Slots; slot++)
        {
            if (IsTaken(slot) != 0)
            {
                cells.Mark(IsGold(slot) != 0 ? Gold : Enemy, slot + 1, ColumnOf(slot));
                cells.MarkInside(Trail, slot + 1, ColumnOf(slot) - DirectionOf(slot));
            }
        }
    }

    private ref int IsTaken(int slot) => ref State[FirstSlot + (slot * Fields)];

    private ref int ColumnOf(int slot) => ref State[FirstSlot + (slot * Fields) + 1];

    private ref int DirectionOf(int slot) => ref State[FirstSlot + (slot * Fields) + 2];

    private ref int IsGold(int slot) => ref State[FirstSlot + (slot * Fields) + 3];

    private void Move(GridAction action)
    {
        switch (action)
        {
            case GridAction.Left: Column = Math.Max(0, Column - 1); break;
            case GridAction.Right: Column = Math.Min(Size - 1, Column + 1); break;
            case GridAction.Up: Row = Math.Max(1, Row - 1); break;
            case GridAction.Down: Row = Math.Min(Slots, Row + 1); break;
            default: break;
        }
    }

    private void Spawn(IDraws draws)
    {
        int free = 0;
        for (int slot = 0; slot < Slots; slot++)
        {
            free += 1 - IsTaken(slot);
        }

        if (free == 0)
        {
            return;
        }

        bool isFromLeft = draws.Next(2) == 0, isGold = draws.Next(3) == 0;
        int chosen = draws.Next(free), index = 0;
        while (IsTaken(index) != 0 || chosen-- > 0)
        {
            index++;
        }

        (IsTaken(index), ColumnOf(index), DirectionOf(index), IsGold(index)) =
            (1, isFromLeft ? 0 : Size - 1, isFromLeft ? 1 : -1, isGold ? 1 : 0);
    }

    private void MoveAll()
    {
        for (int slot = 0; slot < Slots; slot++)
        {
            if (IsTaken(slot) != 0)
            {
                ColumnOf(slot) += DirectionOf(slot);
                IsTaken(slot) = (uint)ColumnOf(slot) < Size ? 1 : 0;
            }
        }
    }

    private void Touch(ref int gold, ref bool isOver)
    {
        int slot = Row - 1;
        if (IsTaken(slot) == 0 || ColumnOf(slot) != Column)
        {
            return;
        }

        if (IsGold(slot) == 0)
        {
            isOver = true;
            return;
        }

        IsTaken(slot) = 0;
        gold++;
    }

    private void Ramp()
    {
        if (--RampTimer > 0 || (SpawnInterval == 1 && MoveInterval == 1))
        {
            return;
        }

        MoveInterval = Math.Max(1, MoveInterval - (Ramps % 2));
        SpawnInterval = Math.Max(1, SpawnInterval - 1);
        Ramps++;
        RampTimer = RampSteps;
    }
}
