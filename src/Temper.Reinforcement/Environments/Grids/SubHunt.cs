namespace Temper.Reinforcement.Environments.Grids;

/// <summary>
/// A submarine shoots fish and enemy submarines, rescues divers and must surface for air. Implements the rules of
/// MinAtar's Seaquest from their description, including a quirk: after surfacing with six divers, the number of divers
/// is -1.
/// </summary>
public sealed partial class SubHunt : GridGame
{
    private const int Front = 0, Back = 1, Bullet = 2, Trail = 3, EnemyBullet = 4, FishChannel = 5, SubChannel = 6,
        OxygenGauge = 7, DiverGauge = 8, DiverChannel = 9;
    private const int Floor = 8, MaxOxygen = 200, MaxDivers = 6, Cooldown = 5, EnemyShot = 10, DiverInterval = 30,
        DefaultSpawn = 20, DefaultMove = 5, DiverMove = 5;
    private const int MinMove = 2, Fields = 13, Capacity = 64;
    private static readonly int Pool = Flock.LengthFor(Capacity);

    /// <summary>Creates a game.</summary>
    public SubHunt()
        : base(Fields + (5 * Flock.LengthFor(Capacity)))
    {
    }

    /// <inheritdoc/>
    public override string Name => "sub-hunt";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } =
        ["front", "back", "bullet", "trail", "enemy-bullet", "fish", "enemy-sub", "oxygen", "divers-aboard", "diver"];

    /// <inheritdoc/>
    public override IReadOnlyList<GridAction> Actions { get; } = Enum.GetValues<GridAction>();

    private ref int Row => ref State[0];

    private ref int Column => ref State[1];

    /// <summary>Direction the submarine faces: 1 right, -1 left.</summary>
    private ref int Facing => ref State[2];

    private ref int ShotTimer => ref State[3];

    private ref int Oxygen => ref State[4];

    private ref int Aboard => ref State[5];

    private ref int IsSurfaced => ref State[6];

    private ref int SpawnInterval => ref State[7];

    private ref int SpawnTimer => ref State[8];

    private ref int DiverTimer => ref State[9];

    private ref int MoveInterval => ref State[10];

    private ref int Ramps => ref State[11];

    private ref int IsOver => ref State[12];

    private Flock Bullets => FlockOf(0);

    private Flock EnemyBullets => FlockOf(1);

    private Flock Fish => FlockOf(2);

    private Flock Subs => FlockOf(3);

    private Flock Divers => FlockOf(4);

    internal override GridGame New() => new SubHunt();

    internal override void Reset(IDraws draws)
    {
        Array.Clear(State);
        (Row, Column, Facing, Oxygen, IsSurfaced) = (0, 5, -1, MaxOxygen, 1);
        SpawnInterval = SpawnTimer = DefaultSpawn;
        (DiverTimer, MoveInterval) = (DiverInterval, DefaultMove);
    }

    internal override StepOutcome Step(GridAction action, IDraws draws)
    {
        Spawn(draws);
        Play(action);
        int reward = MoveBullets();
        MoveDivers();
        reward += MoveEnemies(Subs, isArmed: true);
        MoveEnemyBullets();
        reward += MoveEnemies(Fish, isArmed: false);
        SpawnTimer -= SpawnTimer > 0 ? 1 : 0;
        DiverTimer -= DiverTimer > 0 ? 1 : 0;
        ShotTimer -= ShotTimer > 0 ? 1 : 0;
        reward += Breathe();
        return new StepOutcome(reward, IsOver != 0);
    }

    internal override void Draw(ref CellWriter cells)
    {
        cells.Mark(Front, Row, Column);
        cells.MarkInside(Back, Row, Column - Facing);
        for (int i = 0; i < Oxygen * Size / MaxOxygen; i++)
        {
            cells.Mark(OxygenGauge, Size - 1, i);
        }

        for (int i = 0; i < Aboard; i++)
        {
            cells.Mark(DiverGauge, Size - 1, Size - 2 - i);
        }

        Bullets.Draw(ref cells, Bullet);
        EnemyBullets.Draw(ref cells, EnemyBullet);
        Fish.Draw(ref cells, FishChannel);
        Fish.DrawTrails(ref cells, Trail);
        Subs.Draw(ref cells, SubChannel);
        Subs.DrawTrails(ref cells, Trail);
        Divers.Draw(ref cells, DiverChannel);
        Divers.DrawTrails(ref cells, Trail);
    }

    private Flock FlockOf(int index) => new(State.AsSpan(Fields + (index * Pool), Pool));

    private void Play(GridAction action)
    {
        switch (action)
        {
            case GridAction.Fire when ShotTimer == 0:
                Bullets.Add(Row, Column, Facing, 0);
                ShotTimer = Cooldown;
                break;
            case GridAction.Left or GridAction.Right:
                Facing = action == GridAction.Right ? 1 : -1;
                Column = Math.Clamp(Column + Facing, 0, Size - 1);
                break;
            case GridAction.Up: Row = Math.Max(0, Row - 1); break;
            case GridAction.Down: Row = Math.Min(Floor, Row + 1); break;
            default: break;
        }
    }

    /// <summary>
    /// Handles oxygen. Below the surface it decreases. Surfacing needs at least one diver. With six divers, the reward
    /// is 10 times the remaining fraction of the oxygen, rounded down.
    /// </summary>
    private int Breathe()
    {
        if (Row > 0)
        {
            IsSurfaced = 0;
            Oxygen--;
            IsOver |= Oxygen <= 0 ? 1 : 0;
            return 0;
        }

        if (IsSurfaced != 0)
        {
            return 0;
        }

        // Surfacing without a diver ends the episode; a number of -1, left by an earlier surfacing, also counts as
        // none.
        if (Aboard <= 0)
        {
            IsOver = 1;
            return 0;
        }

        IsSurfaced = 1;
        int reward = 0;
        if (Aboard == MaxDivers)
        {
            (reward, Aboard) = (Oxygen * Size / MaxOxygen, 0);
        }

        (Oxygen, Aboard) = (MaxOxygen, Aboard - 1);
        Ramp();
        return reward;
    }

    private void Ramp()
    {
        SpawnInterval = Math.Max(1, SpawnInterval - 1);
        MoveInterval = Math.Max(MinMove, MoveInterval - (Ramps % 2));
        Ramps++;
    }
}
