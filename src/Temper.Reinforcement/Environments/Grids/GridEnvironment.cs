namespace Temper.Reinforcement.Environments.Grids;

/// <summary>
/// Runs a grid game as an environment with sticky actions. Observations are <c>[C, 10, 10]</c> of zeros and ones.
/// </summary>
public sealed class GridEnvironment : IEnvironment
{
    private readonly GridGame _game;
    private readonly GridAction[] _actions;
    private readonly float _sticky;
    private readonly EnvironmentRandom _draws = new(), _stickyDraws = new();
    private readonly ushort[] _cells;
    private GridAction _last = GridAction.None;

    /// <summary>Creates an environment.</summary>
    /// <param name="game">Rules of the game.</param>
    /// <param name="options">Sticky-action probability, available actions and time limit.</param>
    public GridEnvironment(GridGame game, EnvironmentOptions options)
    {
        _game = game;
        _actions = options.HasAllActions ? Enum.GetValues<GridAction>() : [.. game.Actions];
        _sticky = options.Sticky ?? EnvironmentOptions.DefaultSticky;
        _cells = new ushort[game.Channels.Count * GridGame.Cells];
        Spec = new EnvironmentSpec
        {
            Name = game.Name, ObservationShape = [game.Channels.Count, GridGame.Size, GridGame.Size], Minimum = 0,
            Maximum = 1,
            Actions = ActionSpace.Discrete(_actions.Length, [.. _actions.Select(NameOf)]),
            StepLimit = options.StepLimit ?? EnvironmentOptions.DefaultGridLimit,
        };
    }

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; }

    /// <summary>Rules of the game.</summary>
    public GridGame Game => _game;

    /// <summary>Meaning of each action index.</summary>
    public IReadOnlyList<GridAction> Actions => _actions;

    /// <summary>Probability that the previous action is repeated instead of the agent's action, 0 to 1.</summary>
    public float Sticky => _sticky;

    /// <summary>The last executed action. It is kept across resets, as in MinAtar.</summary>
    public long Carried
    {
        get => (long)_last;
        set => _last = (GridAction)value;
    }

    /// <inheritdoc/>
    public void Reset(ulong seed, Span<float> observation)
    {
        _draws.Reset(seed);
        _stickyDraws.Reset(~seed);
        _game.Reset(_draws);
        Show(observation);
    }

    /// <inheritdoc/>
    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        if (_sticky == 0 || _stickyDraws.NextSingle() >= _sticky)
        {
            _last = _actions[action.Index];
        }

        StepOutcome outcome = _game.Step(_last, _draws);
        Show(observation);
        return outcome;
    }

    /// <summary>
    /// Writes the indices of the cells that are 1, as channel x 100 + row x 10 + column; a sparse first layer can read
    /// them.
    /// </summary>
    /// <param name="cells">Receives the indices, at least 100 per channel; an index may occur twice.</param>
    /// <returns>The number of indices.</returns>
    internal int ActiveCells(Span<ushort> cells)
    {
        var writer = new CellWriter(cells);
        _game.Draw(ref writer);
        return writer.Count;
    }

    internal static string NameOf(GridAction action) => action switch
    {
        GridAction.None => "none", GridAction.Left => "left", GridAction.Up => "up", GridAction.Right => "right",
        GridAction.Down => "down", _ => "fire",
    };

    private void Show(Span<float> observation)
    {
        if (observation.IsEmpty)
        {
            return;
        }

        observation.Clear();
        int count = ActiveCells(_cells);
        foreach (ushort cell in _cells.AsSpan(0, count))
        {
            observation[cell] = 1;
        }
    }
}
