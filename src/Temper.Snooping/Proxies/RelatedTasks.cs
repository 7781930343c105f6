namespace Temper.Snooping.Proxies;

/// <summary>The available tasks.</summary>
public static class RelatedTasks
{
    /// <summary>All tasks, with default options.</summary>
    public static IReadOnlyList<RelatedTask> All { get; } =
        [
            new ActionImitator(), new ValueAssessor(), new FuturePredictor(), new RewardPredictor(),
            new LatentImitator(), new SeveralHeads(), new OfflineQ(),
        ];

    /// <summary>Returns the task with a given name.</summary>
    /// <param name="name">Name of the task, such as action-imitator.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static RelatedTask Find(string name) =>
        All.FirstOrDefault(task => string.Equals(task.Name, name, StringComparison.Ordinal))
        ?? throw new ArgumentException($"proxy: unknown name (got '{name}', expected one of "
            + $"{string.Join(", ", All.Select(task => task.Name))})", nameof(name));
}
