using System.Globalization;
using System.IO.Compression;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Evaluation;

namespace Temper.Experiments;

/// <summary>
/// Searches for counterexamples to properties with known verdicts of verifiers. Properties that hold must never be
/// broken; at least 60 % of the violated ones must be broken (goal: 80 %). Disputed verdicts are skipped.
/// </summary>
internal static class PropertyTable
{
    /// <param name="data">Folder that contains vnn-instances and onnx-models.</param>
    /// <param name="cell">Returns a stored cell, or computes it.</param>
    /// <param name="given">
    /// Arguments: <c>benchmark</c> and <c>verdict</c> select instances, <c>count</c> is their maximum number,
    /// <c>budget</c> the number of gradients for each.
    /// </param>
    internal static void Print(string data, Func<string, Func<string>, string> cell, TableArguments given)
    {
        int count = given.Count("count", 138), budget = given.Count("budget", 5000);
        using ZipArchive zip = ZipFile.OpenRead(Path.Combine(data, "vnn-instances", "vnnlib.zip"));
        var found = new Dictionary<(string Benchmark, string Verdict), (int Broken, int All)>();
        string[][] rows =
        [
            .. File.ReadLines(Path.Combine(data, "vnn-instances", "verdicts.csv")).Skip(1)
                .Select(line => line.Split(','))
                .Where(
                    row =>
                        row[3] is "holds" or "violated"
                            && given.Wants("verdict", row[3])
                            && given.Wants("benchmark", row[0])).Take(count),
        ];
        foreach (string[] row in rows)
        {
            (string benchmark, string model, string property, string verdict) = (row[0], row[1], row[2], row[3]);
            string file = Path.Combine(data, "onnx-models", model);
            if (!File.Exists(file))
            {
                continue;
            }

            bool isBroken =
                cell(
                    $"vnn {benchmark} {model} {property} {budget}",
                    () => Search(zip, $"{benchmark}/{property}", file, budget)) is "broken";
            (int broken, int all) = found.GetValueOrDefault((benchmark, verdict));
            found[(benchmark, verdict)] = (broken + (isBroken ? 1 : 0), all + 1);
            if (isBroken && verdict is "holds")
            {
                Console.WriteLine(
                    $"| {benchmark} | {model} | {property} | a counterexample where a verifier proved that there is "
                    + "none |");
            }
        }

        foreach (((string benchmark, string verdict), (int broken, int all)) in found.OrderBy(pair => pair.Key))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {benchmark} | {verdict} | broken {broken} of {all} ({100.0 * broken / all:F0} %) | "
                + $"{(verdict is "holds" ? "target 0" : "target 60 %, goal 80 %")} | {budget} gradients each |"));
        }
    }

    private static string Search(ZipArchive zip, string name, string file, int budget)
    {
        using var reader = new StreamReader(zip.GetEntry(name)!.Open());
        VnnLibProperty property = VnnLibProperty.Parse(reader.ReadToEnd(), name);
        Network network = OnnxFile.Load(file).Network;
        var target = new NetworkTarget(
            network, (property.Low.Min(), Math.Max(property.High.Max(), MathF.BitIncrement(property.Low.Min()))));
        return PropertySearch.Run(target, property, budget, RandomStream.FromSeed(1)).Counterexample is null
            ? "kept"
            : "broken";
    }
}
