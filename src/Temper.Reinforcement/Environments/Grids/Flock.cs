namespace Temper.Reinforcement.Environments.Grids;

/// <summary>
/// A list of objects that move along rows, such as fish or bullets, stored in a game's state in order of creation.
/// </summary>
/// <param name="state">The number of objects, then <see cref="Fields"/> numbers per object.</param>
internal readonly ref struct Flock(Span<int> state)
{
    internal const int Fields = 5;
    private readonly Span<int> _state = state;

    internal int Count => _state[0];

    internal ref int Row(int i) => ref _state[1 + (i * Fields)];

    internal ref int Column(int i) => ref _state[2 + (i * Fields)];

    /// <summary>Direction of movement: 1 right, -1 left.</summary>
    internal ref int Direction(int i) => ref _state[3 + (i * Fields)];

    /// <summary>Steps until the object moves.</summary>
    internal ref int Timer(int i) => ref _state[4 + (i * Fields)];

    /// <summary>Steps until the object shoots.</summary>
    internal ref int ShotTimer(int i) => ref _state[5 + (i * Fields)];

    internal static int LengthFor(int capacity) => 1 + (capacity * Fields);

    /// <summary>Adds an object; does nothing if the list is full.</summary>
    internal void Add(int row, int column, int direction, int timer, int shotTimer = 0)
    {
        int i = Count;
        if (LengthFor(i + 1) <= _state.Length)
        {
            _state[0]++;
            (Row(i), Column(i), Direction(i), Timer(i), ShotTimer(i)) = (row, column, direction, timer, shotTimer);
        }
    }

    internal void Remove(int i)
    {
        _state[(1 + ((i + 1) * Fields))..(1 + (Count * Fields))].CopyTo(_state[(1 + (i * Fields))..]);
        _state[0]--;
        _state.Slice(1 + (Count * Fields), Fields).Clear();
    }

    /// <summary>Returns the index of the first object in a cell; -1: none.</summary>
    internal int At(int row, int column)
    {
        for (int i = 0; i < Count; i++)
        {
            if (Row(i) == row && Column(i) == column)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Moves an object by one cell.</summary>
    /// <returns>False if the object has left the grid.</returns>
    internal bool Move(int i) => (uint)(Column(i) += Direction(i)) < GridGame.Size;

    /// <summary>Returns whether an object in a row moves in another direction than the given one.</summary>
    internal bool IsAgainst(int row, int direction)
    {
        for (int i = 0; i < Count; i++)
        {
            if (Row(i) == row && Direction(i) != direction)
            {
                return true;
            }
        }

        return false;
    }

    internal void Draw(ref CellWriter cells, int channel)
    {
        for (int i = 0; i < Count; i++)
        {
            cells.Mark(channel, Row(i), Column(i));
        }
    }

    internal void DrawTrails(ref CellWriter cells, int channel)
    {
        for (int i = 0; i < Count; i++)
        {
            cells.MarkInside(channel, Row(i), Column(i) - Direction(i));
        }
    }
}
