namespace Temper.Snooping.Proxies;

/// <summary>The tasks by name.</summary>
public static class RelatedTasks
{
    /// <summary>All of them with default options.</summary>
    public static IReadOnlyList<RelatedTask> All { get; } =
        [
            new ActionImitator(), new ValueAssessor(), new FuturePredictor(), new RewardPredictor(),
            new LatentImitator(), new SeveralHeads(), new OfflineQ(),
        ];

    /// <summary>The task of a name.</summary>
    /// <param name="name">Such as action-imitator.</param>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static RelatedTask Find(string name) =>
        All.FirstOrDefault(task => string.Equals(task.Name, name, StringComparison.Ordinal))
        ?? throw new ArgumentException($"proxy: there is none called '{name}' (expected one of "
            + $"{string.Join(", ", All.Select(task => task.Name))})", nameof(name));
}
