namespace Temper.Inference.Timing;

/// <summary>One library doing the work that is compared.</summary>
/// <param name="Name">Column of the table.</param>
/// <param name="Work">Does the work once.</param>
internal sealed record Contender(string Name, Action Work)
{
    /// <summary>
    /// For a library in another process, which times itself: works for some seconds and gives the seconds of each
    /// sample.
    /// </summary>
    internal Func<double, IReadOnlyList<double>>? Turn { get; init; }
}
