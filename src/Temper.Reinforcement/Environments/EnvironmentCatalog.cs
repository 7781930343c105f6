using Temper.Reinforcement.Environments.Classic;
using Temper.Reinforcement.Environments.Grids;
using Temper.Reinforcement.Environments.Pixels;

namespace Temper.Reinforcement.Environments;

/// <summary>Creates environments by name.</summary>
public static class EnvironmentCatalog
{
    /// <summary>Prefix of the names of grid games shown as images.</summary>
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

    /// <summary>Names of all environments.</summary>
    public static IReadOnlyList<string> Names { get; } = 
        [.. Others.Select(row => row.Name), .. Games.Select(row => row.Name), .. Games.Select(row => Pixel + row.Name)];

    /// <summary>Names of the grid games.</summary>
    public static IReadOnlyList<string> GameNames { get; } = [.. Games.Select(row => row.Name)];

    /// <summary>Creates an environment.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="options">Options; null: the defaults.</param>
    /// <exception cref="ArgumentException">
    /// The name is unknown, or a frame skip above 1 is given for a grid game.
    /// </exception>
    public static IEnvironment Create(string name, EnvironmentOptions? options = null)
    {
        options ??= new EnvironmentOptions();
        int skip = options.FrameSkip ?? 1;
        ArgumentOutOfRangeException.ThrowIfLessThan(skip, 1, nameof(options));
        if (skip > 1 && RulesOf(name) is not null)
        {
            throw new ArgumentException($"environment: {name} does not support frame skip (got {skip}, "
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
            ?? throw new ArgumentException($"environment: unknown name (got '{name}', expected one of "
                + $"{string.Join(", ", Names)})", nameof(name));
        IEnvironment environment = create();
        environment = options.StepLimit is { } limit ? new LimitedEnvironment(environment, limit) : environment;
        return skip > 1 ? new SkippingEnvironment(environment, skip) : environment;
    }

    /// <summary>Returns the rules of a grid game; null: not a grid game.</summary>
    /// <param name="name">Name of the game.</param>
    public static GridGame? Game(string name) =>
        Games.FirstOrDefault(row => string.Equals(row.Name, name, StringComparison.Ordinal)).Create?.Invoke();

    /// <summary>
    /// Returns the rules of an environment that is a grid game or a grid game shown as images; null: neither.
    /// </summary>
    internal static GridGame? RulesOf(string name) =>
        Game(name.StartsWith(Pixel, StringComparison.Ordinal) ? name[Pixel.Length..] : name);
}
