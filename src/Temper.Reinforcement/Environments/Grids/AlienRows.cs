using System.Numerics;

namespace Temper.Reinforcement.Environments.Grids;

/// <summary>
/// Rows of aliens advance, and the player shoots them with a cannon. The reward is 1 per alien. Implements the rules of
/// MinAtar's Space Invaders from their description.
/// </summary>
public sealed class AlienRows : GridGame
{
    private const int Cannon = 0, Alien = 1, AlienLeft = 2, AlienRight = 3, Bullet = 4, EnemyBullet = 5;
    private const int LastRow = Size - 1, Cooldown = 5, ShotInterval = 10, SlowestMove = 12, FastestMove = 6,
        AlienRowCount = 4;
    private const int FirstWaveRow = 0b0011111100, Everything = (1 << Size) - 1;
    private const int AlienField = 6, BulletField = AlienField + Size, EnemyBulletField = BulletField + Size;

    /// <summary>Creates a game.</summary>
    public AlienRows()
        : base(EnemyBulletField + Size)
    {
    }

    /// <inheritdoc/>
    public override string Name => "alien-rows";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } =
    [
        "cannon", "alien", "alien-left", "alien-right", "bullet", "enemy-bullet",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<GridAction> Actions { get; } =
    [
        GridAction.None, GridAction.Left, GridAction.Right, GridAction.Fire,
    ];

    private ref int Column => ref State[0];

    private ref int FireTimer => ref State[1];

    /// <summary>Direction in which the aliens move: -1 left, 1 right.</summary>
    private ref int Direction => ref State[2];

    /// <summary>
    /// Maximum steps between moves of the aliens, smaller in each wave. If fewer aliens are left, their number is used.
    /// </summary>
    private ref int Interval => ref State[3];

    private ref int MoveTimer => ref State[4];

    private ref int ShotTimer => ref State[5];

    /// <summary>One number per row; bit i is set if there is an alien in column i.</summary>
    private Span<int> Aliens => State.AsSpan(AlienField, Size);

    private Span<int> Bullets => State.AsSpan(BulletField, Size);

    private Span<int> EnemyBullets => State.AsSpan(EnemyBulletField, Size);

    internal override GridGame New() => new AlienRows();

    internal override void Reset(IDraws draws)
    {
        Array.Clear(State);
        (Column, Direction) = (5, -1);
        Interval = MoveTimer = SlowestMove;
        ShotTimer = ShotInterval;
        Aliens[..AlienRowCount].Fill(FirstWaveRow);
    }

    internal override StepOutcome Step(GridAction action, IDraws draws)
    {
        Play(action);
        Bullets[1..].CopyTo(Bullets);
        Bullets[LastRow] = 0;
        EnemyBullets[..LastRow].CopyTo(EnemyBullets[1..]);
        EnemyBullets[0] = 0;
        bool isOver = IsInCannon(EnemyBullets) || IsInCannon(Aliens);
        int count = CountAliens();
        isOver |= MoveAliens(count);
        Shoot(count);
        int reward = Collide();
        FireTimer -= FireTimer > 0 ? 1 : 0;
        MoveTimer--;
        ShotTimer--;
        if (CountAliens() == 0)
        {
            Interval = Math.Max(FastestMove, Interval - 1);
            Aliens[..AlienRowCount].Fill(FirstWaveRow);
        }

        return new StepOutcome(reward, isOver);
    }

    internal override void Draw(ref CellWriter cells)
    {
        cells.Mark(Cannon, LastRow, Column);
        for (int row = 0; row < Size; row++)
        {
            for (int bits = Aliens[row]; bits != 0; bits &= bits - 1)
            {
                int column = BitOperations.TrailingZeroCount(bits);
                cells.Mark(Alien, row, column);
                cells.Mark(Direction < 0 ? AlienLeft : AlienRight, row, column);
            }

            Draw(ref cells, Bullet, row, Bullets[row]);
            Draw(ref cells, EnemyBullet, row, EnemyBullets[row]);
        }
    }

    private static void Draw(ref CellWriter cells, int channel, int row, int bits)
    {
        for (; bits != 0; bits &= bits - 1)
        {
            cells.Mark(channel, row, BitOperations.TrailingZeroCount(bits));
        }
    }

    private void Play(GridAction action)
    {
        if (action == GridAction.Fire && FireTimer == 0)
        {
            Bullets[LastRow] |= 1 << Column;
            FireTimer = Cooldown;
        }
        else if (action is GridAction.Left or GridAction.Right)
        {
            Column = Math.Clamp(Column + (action == GridAction.Right ? 1 : -1), 0, Size - 1);
        }
    }

    /// <returns>True if the aliens have reached the bottom or the cannon.</returns>
    private bool MoveAliens(int count)
    {
        if (MoveTimer > 0)
        {
            return false;
        }

        MoveTimer = Math.Min(count, Interval);
        int columns = 0;
        foreach (int row in Aliens)
        {
            columns |= row;
        }

        bool isArrived = false;
        if ((columns & (Direction < 0 ? 1 : 1 << (Size - 1))) != 0)
        {
            Direction = -Direction;
            isArrived = Aliens[LastRow] != 0;
            int last = Aliens[LastRow];
            Aliens[..LastRow].CopyTo(Aliens[1..]);
            Aliens[0] = last;
        }
        else
        {
            foreach (ref int row in Aliens)
            {
                row = (Direction < 0 ? row >> 1 : row << 1) & Everything;
            }
        }

        return isArrived || IsInCannon(Aliens);
    }

    private void Shoot(int count)
    {
        if (ShotTimer > 0)
        {
            return;
        }

        ShotTimer = ShotInterval;
        for (int distance = 0; distance < Size && count > 0; distance++)
        {
            if (TryShootFrom(Column - distance) || TryShootFrom(Column + distance))
            {
                return;
            }
        }
    }

    /// <summary>Lets the lowest alien of a column shoot; returns false if the column has no alien.</summary>
    private bool TryShootFrom(int column)
    {
        for (int row = LastRow; row >= 0 && (uint)column < Size; row--)
        {
            if ((Aliens[row] & (1 << column)) != 0)
            {
                EnemyBullets[row] |= 1 << column;
                return true;
            }
        }

        return false;
    }

    private int Collide()
    {
        int hits = 0;
        for (int row = 0; row < Size; row++)
        {
            int hit = Aliens[row] & Bullets[row];
            hits += BitOperations.PopCount((uint)hit);
            Aliens[row] &= ~hit;
            Bullets[row] &= ~hit;
        }

        return hits;
    }

    private bool IsInCannon(Span<int> rows) => (rows[LastRow] & (1 << Column)) != 0;

    private int CountAliens()
    {
        int count = 0;
        foreach (int row in Aliens)
        {
            count += BitOperations.PopCount((uint)row);
        }

        return count;
    }
}
