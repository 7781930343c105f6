using Temper.Reinforcement.Environments.Classic;
using Temper.Reinforcement.Environments.Grids;
using Temper.Reinforcement.Environments.Pixels;

namespace Temper.Reinforcement.Environments;

/// <summary>The environments by name.</summary>
public static class EnvironmentCatalog
{
    /// <summary>Stands before the name of a grid game that is seen as a picture.</summary>
    private const string Pixel = "pixel-";

    private static readonly (string Name, Func<GridGame> Create)[] Games =
    [
        ("brick-break", () => new BrickBreak()), ("road-cross", () => new RoadCross()),
        ("treasure-dash", () => new TreasureDash()),
        ("sub-hunt", () => new SubHunt()), ("alien-rows", () => new AlienRows()),
    ];

    private static readonly (string Name, Func<IEnvironment> Create)[] Others =
    [
        ("cartpole", () => new CartPole()), ("acrobot", () => new Acrobot()), ("mountain-car", () => new MountainCar()),
        ("pendulum", () => new Pendulum()),
        ("pixel-pong", () => new PixelPong()),
    ];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = 
        [.. Others.Select(row => row.Name), .. Games.Select(row => row.Name), .. Games.Select(row => Pixel + row.Name)];

    /// <summary>Names of the grid games.</summary>
    public static IReadOnlyList<string> GameNames { get; } = [.. Games.Select(row => row.Name)];

    /// <summary>Makes an environment.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="options">What is special; null: nothing.</param>
    /// <exception cref="ArgumentException">There is none of that name, or a grid game is to skip frames.</exception>
    public static IEnvironment Create(string name, EnvironmentOptions? options = null)
    {
        options ??= new EnvironmentOptions();
        int skip = options.FrameSkip ?? 1;
        ArgumentOutOfRangeException.ThrowIfLessThan(skip, 1, nameof(options));
        if (skip > 1 && RulesOf(name) is not null)
        {
            throw new ArgumentException($"environment: {name} takes an action each step (got a frame skip of {skip}, "
                + "expected 1)", nameof(options));
        }

        if (Game(name) is { } game)
        {
            return new GridEnvironment(game, options);
        }

        if (name.StartsWith(Pixel, StringComparison.Ordinal) && Game(name[Pixel.Length..]) is { } pictured)
        {
            return new PixelGrid(new GridEnvironment(pictured, options));
        }

        Func<IEnvironment> create =
            Others.FirstOrDefault(row => string.Equals(row.Name, name, StringComparison.Ordinal)).Create
            ?? throw new ArgumentException($"environment: there is none called '{name}' (expected one of "
                + $"{string.Join(", ", Names)})", nameof(name));
        IEnvironment environment = create();
        environment = options.StepLimit is { } limit ? new LimitedEnvironment(environment, limit) : environment;
        return skip > 1 ? new SkippingEnvironment(environment, skip) : environment;
    }

    /// <summary>The rules of a grid game; null where the name is none.</summary>
    /// <param name="name">The name.</param>
    public static GridGame? Game(string name) =>
        Games.FirstOrDefault(row => string.Equals(row.Name, name, StringComparison.Ordinal)).Create?.Invoke();

    /// <summary>
    /// The rules of an environment that is a grid game, also where it is seen as a picture; null where it is none.
    /// </summary>
    internal static GridGame? RulesOf(string name) =>
        Game(name.StartsWith(Pixel, StringComparison.Ordinal) ? name[Pixel.Length..] : name);

    /// <summary>An environment with another time limit.</summary>
    private sealed class LimitedEnvironment(IEnvironment inner, int limit) : IEnvironment
    {
        public EnvironmentSpec Spec { get; } = inner.Spec with { StepLimit = limit };

        public long Carried
        {
            get => inner.Carried;
            set => inner.Carried = value;
        }

        public void Reset(ulong seed, Span<float> observation) => inner.Reset(seed, observation);

        public StepOutcome Step(AgentAction action, Span<float> observation) => inner.Step(action, observation);
    }
}
