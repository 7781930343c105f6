namespace Temper.Reinforcement.Environments;

/// <summary>
/// Creates environments with a caller's factory and disposes them. Code that calls a factory owns what it returns.
/// </summary>
internal static class OwnedEnvironments
{
    /// <summary>Creates environments. If one cannot be created, those created before it are disposed.</summary>
    /// <param name="create">Creates an environment.</param>
    /// <param name="count">Number of environments.</param>
    internal static IReadOnlyList<IEnvironment> Create(Func<IEnvironment> create, int count)
    {
        var environments = new List<IEnvironment>(count);
        try
        {
            while (environments.Count < count)
            {
                environments.Add(create());
            }

            return environments;
        }
        catch
        {
            Dispose(environments);
            throw;
        }
    }

    /// <summary>Disposes the environments that can be disposed.</summary>
    internal static void Dispose(IEnumerable<IEnvironment> environments)
    {
        foreach (IEnvironment environment in environments)
        {
            (environment as IDisposable)?.Dispose();
        }
    }
}
