using System.Globalization;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Experiments;
using Temper.Networks;
using Temper.Training;

// Experiments: accuracy of dense and lean networks, and tables of other parts of the library. Usage:
// accuracy|lean|sweep NETWORK DATA SEEDS [name=value ...], or the name of a table with its arguments; see
// bench/README.md.
if (args is ["attacks", .. var table])
{
    return AttackTables.Run(table);
}

if (args is ["video", .. var clips])
{
    return VideoTables.Run(clips);
}

if (args.Length >= 5 && args[0] is "calibrated")
{
    return CalibratedCurve.Run(args);
}

// Cost of each regularizer relative to a training step: regularizers NETWORK BATCH.
if (args is ["regularizers", var zoo, var samples])
{
    RegularizerCosts.Print(zoo, int.Parse(samples, CultureInfo.InvariantCulture));
    return 0;
}

if (args is ["jpnet" or "dasnet", ..])
{
    return ActivationTable.Run(args);
}

if (args is ["together", .. var together])
{
    return TogetherTable.Run(together);
}

if (args is ["deephoyer", .. var hoyer])
{
    return DeepHoyerTable.Run(hoyer);
}

if (args is ["growth", ..])
{
    return GrowthTable.Run(args[1..]);
}

if (args is ["morph", ..])
{
    return MorphAccuracy.Run(args[1..]);
}

if (args is ["snooping", ..])
{
    return SnoopingExperiment.Run(args[1..]);
}

if (args is ["harden", ..])
{
    return HardeningTable.Run(args[1..]);
}

if (args.Length < 4 || args[0] is not ("accuracy" or "lean" or "sweep"))
{
    Console.Error.WriteLine(
        "usage: dotnet run -c Release --project bench/Temper.Experiments -- accuracy|lean|sweep NETWORK DATA SEEDS "
        + "[dense=N sparse=N tune=N strength=X c=X tunestrength=X batch=N rate=X sparserate=X tunerate=X crop=N "
        + "smoothing=X first=N]; sweep takes lists, c=0.25,0.5");
    Console.Error.WriteLine($"       or: {CalibratedCurve.Usage}");
    return 2;
}

Dictionary<string, string> set =
    args[4..].Select(a => a.Split('=', 2)).ToDictionary(a => a[0], a => a[1], StringComparer.Ordinal);
var recipe = new Recipe
{
    Network = args[1],
    DenseEpochs = (int)Number("dense", args[0] is "accuracy" ? 20 : 0),
    SparseEpochs = (int)Number("sparse", 20),
    TuneEpochs = (int)Number("tune", 10),
    BatchSize = (int)Number("batch", 64),
    Rate = (float)Number("rate", 1e-3),
    SparseRate = (float)Number("sparserate", Number("rate", 1e-3)),
    TuneRate = (float)Numbers("tunerate", "5e-4")[0],
    Strength = (float)Numbers("strength", "3e-5")[0],
    TuneStrength = (float)Number("tunestrength", 0),
    Deviations = (float)Numbers("c", "0.25")[0],
    Crop = (int)Number("crop", 0),
    LabelSmoothing = (float)Number("smoothing", 0),
};
DataSets data = DataSource.Open(args[2]);
int seeds = int.Parse(args[3], CultureInfo.InvariantCulture);
List<double> tests = [], rivals = [];
ulong first = (ulong)Number("first", 1);
for (ulong seed = first; seed < first + (ulong)seeds; seed++)
{
    var experiment = new Experiment(recipe, data, seed);
    switch (args[0])
    {
        case "accuracy": Accuracy(experiment, seed); break;
        case "lean": Lean(experiment, seed); break;
        default: Sweep(experiment); break;
    }
}

if (tests.Count > 0)
{
    string rival = rivals.Count > 0 ? $" | dense {rivals.Average():P3}" : "";
    Console.WriteLine($"| mean | {args[1]}{rival} | test {tests.Average():P3} | lowest {tests.Min():P2} |");
}

return 0;

void Accuracy(Experiment experiment, ulong seed)
{
    TrainingResult dense = experiment.Dense();
    tests.Add(experiment.Test(dense));
    Console.WriteLine(
        $"| dense | {args[1]} | {seed} | validation {Experiment.Validation(dense):P2} | test {tests[^1]:P2} |");
}

void Lean(Experiment experiment, ulong seed)
{
    Network start = experiment.Start();
    TrainingResult rival = experiment.Rival(start);
    TrainingResult lean = experiment.Tune(
        experiment.Sparse(start, recipe.Strength).Last, recipe.Deviations, recipe.TuneRate);
    rivals.Add(experiment.Test(rival));
    tests.Add(experiment.Test(lean));
    Console.WriteLine(
        $"| lean | {args[1]} | {seed} | dense {rivals[^1]:P2} | validation {Experiment.Validation(lean):P2} | test "
        + $"{tests[^1]:P2} | {Left(lean)} |");
}

// Serves to choose recipes, so it uses held-out training samples only.
void Sweep(Experiment experiment)
{
    Network start = experiment.Start();
    Console.WriteLine($"| dense | validation {Experiment.Validation(experiment.Rival(start)):P2} |");
    foreach (double strength in Numbers("strength", "3e-5"))
    {
        TrainingResult sparse = experiment.Sparse(start, (float)strength);
        Console.WriteLine(
            $"| strength {strength:G3} | before pruning | validation {sparse.History[^1].ValidationAccuracy:P2} |");
        foreach (double c in Numbers("c", "0.25"))
        {
            foreach (double rate in Numbers("tunerate", "5e-4"))
            {
                TrainingResult tuned = experiment.Tune(sparse.Last, (float)c, (float)rate);
                Console.WriteLine(
                    $"| strength {strength:G3} | c {c} | rate {rate:G3} | validation "
                    + $"{Experiment.Validation(tuned):P2} | {Left(tuned)} |");
            }
        }
    }
}

double Number(string name, double standard) =>
    set.TryGetValue(name, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : standard;

double[] Numbers(string name, string standard) =>
    [
        .. set.GetValueOrDefault(name, standard).Split(',')
            .Select(text => double.Parse(text, CultureInfo.InvariantCulture)),
    ];

static string Left(TrainingResult run)
{
    SparsityReport report = SparsityReport.Of(run.Network);
    return $"{report.Ratio:F1}x fewer ({string.Join(", ", report.Layers.Select(l => $"{l.Name} {l.Nonzero}"))})";
}
