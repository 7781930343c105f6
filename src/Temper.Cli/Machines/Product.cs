using System.Reflection;

namespace Temper.Cli;

/// <summary>What this tool is.</summary>
internal static class Product
{
    /// <summary>Version and, where it is known, commit: <c>0.1.0+1a2b3c</c>.</summary>
    internal static string Version { get; } =
        typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? "unknown";
}
