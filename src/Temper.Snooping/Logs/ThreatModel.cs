namespace Temper.Snooping.Logs;

/// <summary>
/// Which signals between agent and environment an eavesdropper reads (arXiv:1905.11832; the split into four is the
/// natural reading of its abstract). The end of an episode is visible in all four, since a reset shows in the
/// observations.
/// </summary>
public enum ThreatModel
{
    /// <summary>Observations alone.</summary>
    S,

    /// <summary>Observations and rewards.</summary>
    SR,

    /// <summary>Observations and actions.</summary>
    SA,

    /// <summary>Observations, rewards and actions.</summary>
    SRA,
}

/// <summary>What threat models are called and what they read.</summary>
public static class ThreatModels
{
    /// <summary>The model of a name, in any case.</summary>
    /// <param name="name">s, sr, sa or sra.</param>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static ThreatModel Parse(string name) =>
        Enum.GetValues<ThreatModel>()
            .Where(model => string.Equals($"{model}", name, StringComparison.OrdinalIgnoreCase))
            .Select(model => (ThreatModel?)model)
            .FirstOrDefault()
        ?? throw new ArgumentException(
            $"threat model: there is none called '{name}' (expected s, sr, sa or sra)", nameof(name));

    /// <summary>Whether rewards are read.</summary>
    /// <param name="model">The model.</param>
    public static bool HasRewards(this ThreatModel model) => model is ThreatModel.SR or ThreatModel.SRA;

    /// <summary>Whether actions are read.</summary>
    /// <param name="model">The model.</param>
    public static bool HasActions(this ThreatModel model) => model is ThreatModel.SA or ThreatModel.SRA;

    /// <summary>The signals in words.</summary>
    /// <param name="model">The model.</param>
    public static string Describe(this ThreatModel model) => model switch
    {
        ThreatModel.S => "observations",
        ThreatModel.SR => "observations and rewards",
        ThreatModel.SA => "observations and actions",
        _ => "observations, rewards and actions",
    };
}
