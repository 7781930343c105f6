namespace Temper.Reinforcement.Environments.Grids;

/// <content>The objects that move by themselves: enemies, divers and bullets.</content>
public sealed partial class SubHunt
{
    private void Spawn(IDraws draws)
    {
        if (SpawnTimer == 0)
        {
            SpawnTimer = SpawnInterval;
            (int direction, bool isSub, int row) =
                (draws.Next(2) == 0 ? 1 : -1, draws.Next(3) == 0, draws.Next(Floor) + 1);
            if (!Fish.IsAgainst(row, direction) && !Subs.IsAgainst(row, direction))
            {
                (isSub ? Subs : Fish).Add(row, direction > 0 ? 0 : Size - 1, direction, MoveInterval, EnemyShot);
            }
        }

        if (DiverTimer == 0)
        {
            DiverTimer = DiverInterval;
            int direction = draws.Next(2) == 0 ? 1 : -1;
            Divers.Add(draws.Next(Floor) + 1, direction > 0 ? 0 : Size - 1, direction, DiverMove);
        }
    }

    private int MoveBullets()
    {
        int hits = 0;
        for (int i = Bullets.Count - 1; i >= 0; i--)
        {
            if (!Bullets.Move(i))
            {
                Bullets.Remove(i);
            }
            else if (TryHit(Fish, i) || TryHit(Subs, i))
            {
                hits++;
            }
        }

        return hits;
    }

    private bool TryHit(Flock enemies, int bullet)
    {
        int hit = enemies.At(Bullets.Row(bullet), Bullets.Column(bullet));
        if (hit < 0)
        {
            return false;
        }

        enemies.Remove(hit);
        Bullets.Remove(bullet);
        return true;
    }

    private void MoveDivers()
    {
        for (int i = Divers.Count - 1; i >= 0; i--)
        {
            if (TryTakeAboard(i))
            {
                continue;
            }

            if (Divers.Timer(i) > 0)
            {
                Divers.Timer(i)--;
                continue;
            }

            Divers.Timer(i) = DiverMove;
            if (!Divers.Move(i))
            {
                Divers.Remove(i);
            }
            else
            {
                TryTakeAboard(i);
            }
        }
    }

    private bool TryTakeAboard(int diver)
    {
        if (!IsHere(Divers, diver) || Aboard >= MaxDivers)
        {
            return false;
        }

        Divers.Remove(diver);
        Aboard++;
        return true;
    }

    private int MoveEnemies(Flock enemies, bool isArmed)
    {
        int hits = 0;
        for (int i = enemies.Count - 1; i >= 0; i--)
        {
            IsOver |= IsHere(enemies, i) ? 1 : 0;
            if (enemies.Timer(i) > 0)
            {
                enemies.Timer(i)--;
            }
            else
            {
                enemies.Timer(i) = MoveInterval;
                if (!enemies.Move(i))
                {
                    enemies.Remove(i);
                    continue;
                }

                IsOver |= IsHere(enemies, i) ? 1 : 0;
                int bullet = Bullets.At(enemies.Row(i), enemies.Column(i));
                if (bullet >= 0)
                {
                    enemies.Remove(i);
                    Bullets.Remove(bullet);
                    hits++;
                    continue;
                }
            }

            if (isArmed)
            {
                Shoot(enemies, i);
            }
        }

        return hits;
    }

    private void Shoot(Flock subs, int i)
    {
        if (subs.ShotTimer(i) > 0)
        {
            subs.ShotTimer(i)--;
            return;
        }

        subs.ShotTimer(i) = EnemyShot;
        EnemyBullets.Add(subs.Row(i), subs.Column(i), subs.Direction(i), 0);
    }

    private void MoveEnemyBullets()
    {
        for (int i = EnemyBullets.Count - 1; i >= 0; i--)
        {
            IsOver |= IsHere(EnemyBullets, i) ? 1 : 0;
            if (!EnemyBullets.Move(i))
            {
                EnemyBullets.Remove(i);
            }
            else
            {
                IsOver |= IsHere(EnemyBullets, i) ? 1 : 0;
            }
        }
    }

    private bool IsHere(Flock flock, int i) => flock.Row(i) == Row && flock.Column(i) == Column;
}
