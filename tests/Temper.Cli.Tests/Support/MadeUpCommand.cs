using Temper.Cli.CommandLine;

namespace Temper.Cli.Tests.Support;

/// <summary>
/// A command with a setting of each of the newer kinds. It has the name of a real command because configuration files
/// accept only those.
/// </summary>
internal sealed class MadeUpCommand() : ToolCommand("train", "Does nothing")
{
    internal static readonly Setting<TimeSpan?> MaxTime = Setting.OptionalDuration("max-time", "How long");

    internal static readonly Setting<double[]> Epsilons = Setting.Numbers("epsilons", "How far", [0.1, 0.2], minimum: 0);

    internal static readonly Setting<IReadOnlyList<string>> Freeze = Setting.List("freeze", "What stays");

    internal static readonly Setting<IReadOnlyList<string>> Methods = Setting.Names("methods", "By what means");

    internal override IReadOnlyList<Setting> Settings => [MaxTime, Epsilons, Freeze, Methods];

    internal override int Run(CommandContext context) => ExitCode.Success;
}
