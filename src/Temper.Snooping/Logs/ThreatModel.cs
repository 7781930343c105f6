namespace Temper.Snooping.Logs;

/// <summary>
/// The signals between agent and environment that an eavesdropper can read (arXiv:1905.11832; the four variants follow
/// from its abstract). All four include the episode boundaries, because a reset is visible in the observations.
/// </summary>
public enum ThreatModel
{
    /// <summary>Observations only.</summary>
    S,

    /// <summary>Observations and rewards.</summary>
    SR,

    /// <summary>Observations and actions.</summary>
    SA,

    /// <summary>Observations, rewards and actions.</summary>
    SRA,
}

/// <summary>Names and signals of threat models.</summary>
public static class ThreatModels
{
    /// <summary>Returns the threat model with a given name, ignoring case.</summary>
    /// <param name="name">s, sr, sa or sra.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static ThreatModel Parse(string name) =>
        Enum.GetValues<ThreatModel>()
            .Where(model => string.Equals($"{model}", name, StringComparison.OrdinalIgnoreCase))
            .Select(model => (ThreatModel?)model)
            .FirstOrDefault()
        ?? throw new ArgumentException(
            $"threat model: unknown name (got '{name}', expected s, sr, sa or sra)", nameof(name));

    /// <summary>Returns whether the model includes rewards.</summary>
    /// <param name="model">The threat model.</param>
    public static bool HasRewards(this ThreatModel model) => model is ThreatModel.SR or ThreatModel.SRA;

    /// <summary>Returns whether the model includes actions.</summary>
    /// <param name="model">The threat model.</param>
    public static bool HasActions(this ThreatModel model) => model is ThreatModel.SA or ThreatModel.SRA;

    /// <summary>Returns the names of the included signals as text.</summary>
    /// <param name="model">The threat model.</param>
    public static string Describe(this ThreatModel model) => model switch
    {
        ThreatModel.S => "observations",
        ThreatModel.SR => "observations and rewards",
        ThreatModel.SA => "observations and actions",
        _ => "observations, rewards and actions",
    };
}
