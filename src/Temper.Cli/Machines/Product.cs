using System.Reflection;

namespace Temper.Cli;

/// <summary>Information about this tool.</summary>
internal static class Product
{
    /// <summary>Version and, if known, commit, such as <c>0.1.0+1a2b3c</c>.</summary>
    internal static string Version { get; } =
        typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? "unknown";
}
