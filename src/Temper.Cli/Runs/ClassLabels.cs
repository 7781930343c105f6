using System.Globalization;
using Temper.Data;
using Temper.Networks;

namespace Temper.Cli.Runs;

/// <summary>One name for each output of a classifier, of which data may have fewer classes, or more.</summary>
internal static class ClassLabels
{
    /// <summary>Names of the data, then those of the network, then numbers.</summary>
    internal static IReadOnlyList<string> Of(Network network, Dataset data, int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => i < data.ClassNames.Count ? data.ClassNames[i]
            : i < network.ClassNames.Count ? network.ClassNames[i]
            : i.ToString(CultureInfo.InvariantCulture)),
    ];
}
