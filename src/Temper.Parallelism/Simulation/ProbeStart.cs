namespace Temper.Parallelism.Simulation;

/// <summary>
/// Synchronizes the ranks that are timed, so that they start a piece together. This implementation is for a single
/// rank.
/// </summary>
internal class ProbeStart
{
    /// <summary>Blocks until all ranks have called it.</summary>
    internal virtual void Wait()
    {
    }

    /// <summary>Returns whether a condition is true on all ranks.</summary>
    internal virtual bool All(bool own) => own;

    /// <summary>Returns the largest time over all ranks.</summary>
    internal virtual double Slowest(double seconds) => seconds;
}
