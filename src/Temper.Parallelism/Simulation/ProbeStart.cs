namespace Temper.Parallelism.Simulation;

/// <summary>Lets all ranks that are timed begin a piece at the same time; this one is alone.</summary>
internal class ProbeStart
{
    /// <summary>Returns when all ranks are here.</summary>
    internal virtual void Wait()
    {
    }

    /// <summary>Whether something holds on all ranks.</summary>
    internal virtual bool All(bool own) => own;

    /// <summary>The largest of the ranks' times.</summary>
    internal virtual double Slowest(double seconds) => seconds;
}
