using System.Globalization;
using Temper.Data;
using Temper.Networks;

namespace Temper.Cli.Runs;

/// <summary>
/// Class names for the outputs of a classifier, whose number may differ from the number of classes of the data.
/// </summary>
internal static class ClassLabels
{
    /// <summary>
    /// One name per output: the name in the data if there is one, else the name in the network, else the index.
    /// </summary>
    internal static IReadOnlyList<string> Of(Network network, Dataset data, int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => i < data.ClassNames.Count ? data.ClassNames[i]
            : i < network.ClassNames.Count ? network.ClassNames[i]
            : i.ToString(CultureInfo.InvariantCulture)),
    ];
}
