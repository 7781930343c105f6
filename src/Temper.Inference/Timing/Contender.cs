namespace Temper.Inference.Timing;

/// <summary>A library that takes part in a timing comparison.</summary>
/// <param name="Name">Column of the table.</param>
/// <param name="Work">Does the work once.</param>
internal sealed record Contender(string Name, Action Work)
{
    /// <summary>
    /// For a library in another process that times itself: works for the given number of seconds and returns the
    /// seconds of each sample.
    /// </summary>
    internal Func<double, IReadOnlyList<double>>? Turn { get; init; }
}
