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
    /// One name per output: the name in the data if there is one, else the name in the network, else the index. Data
    /// whose classes are only numbered have no names.
    /// </summary>
    internal static IReadOnlyList<string> Of(Network network, Dataset data, int count)
    {
        (IReadOnlyList<string> first, IReadOnlyList<string> second) = DataChecks.AreNames(data.ClassNames)
            ? (data.ClassNames, network.ClassNames)
            : (network.ClassNames, data.ClassNames);
        return
        [
            .. Enumerable.Range(0, count).Select(i => i < first.Count ? first[i]
                : i < second.Count ? second[i]
                : i.ToString(CultureInfo.InvariantCulture)),
        ];
    }
}
