using System.Globalization;
using Temper.Data;
using Temper.Experiments;

// Accuracy of dense and lean networks. Usage: accuracy|lean|sweep NETWORK DATA SEEDS [name=value ...]; see bench/README.md.
if (args.Length < 4)
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Temper.Experiments -- accuracy|lean|sweep NETWORK DATA SEEDS [epochs=N sparse=N tune=N strength=X c=X batch=N rate=X tunerate=X]; sweep takes lists, c=0.25,0.5");
    return 2;
}

Dictionary<string, string> set = args[4..].Select(a => a.Split('=', 2)).ToDictionary(a => a[0], a => a[1], StringComparer.Ordinal);
var recipe = new Recipe
{
    Network = args[1],
    DenseEpochs = (int)Number("epochs", 20),
    SparseEpochs = (int)Number("sparse", 20),
    TuneEpochs = (int)Number("tune", 10),
    BatchSize = (int)Number("batch", 64),
    Rate = (float)Number("rate", 1e-3),
    TuneRate = (float)Numbers("tunerate", "5e-4")[0],
    Strength = (float)Numbers("strength", "3e-5")[0],
    Deviations = (float)Numbers("c", "0.25")[0],
};
DataSets data = DataSource.Open(args[2]);
int seeds = int.Parse(args[3], CultureInfo.InvariantCulture);
List<double> tests = [];
for (ulong seed = 1; seed <= (ulong)seeds; seed++)
{
    long start = TimeProvider.System.GetTimestamp();
    if (args[0] is "accuracy")
    {
        var dense = recipe.Dense(data, seed, recipe.DenseEpochs);
        tests.Add(dense.Test);
        Console.WriteLine($"| dense | {args[1]} | {seed} | validation {dense.Validation:P2} | test {dense.Test:P2} | {Seconds(start)} s |");
    }
    else if (args[0] is "sweep")
    {
        Sweep(seed);
    }
    else
    {
        // Dense training of as many epochs is what the lean network is compared with.
        int epochs = recipe.SparseEpochs + recipe.TuneEpochs;
        double dense = set.ContainsKey("nodense") ? double.NaN : recipe.Dense(data, seed, epochs).Test;
        var lean = recipe.Lean(data, seed);
        tests.Add(lean.Test);
        string layers = string.Join(", ", lean.Report.Layers.Select(l => $"{l.Name} {l.Nonzero}"));
        Console.WriteLine(
            $"| lean | {args[1]} | {seed} | dense {epochs} epochs {dense:P2} | validation {lean.Validation:P2} | test {lean.Test:P2} | {lean.Report.Ratio:F1}x fewer ({lean.Report.Nonzero} of {lean.Report.Total}: {layers}) | {Seconds(start)} s |");
    }
}

if (tests.Count > 0)
{
    Console.WriteLine($"| mean | {args[1]} | test {tests.Average():P3} | lowest {tests.Min():P2} |");
}

return 0;

// Choices are made here, on validation samples only.
void Sweep(ulong seed)
{
    if (set.ContainsKey("epochs"))
    {
        Console.WriteLine($"| dense | {recipe.DenseEpochs} epochs | validation {recipe.DenseValidation(data, seed):P2} |");
    }

    foreach (double strength in Numbers("strength", "3e-5"))
    {
        Recipe one = recipe with { Strength = (float)strength };
        var sparse = one.Sparse(data, seed);
        foreach (double c in Numbers("c", "0.25"))
        {
            foreach (double rate in Numbers("tunerate", "5e-4"))
            {
                var tuned = (one with { Deviations = (float)c, TuneRate = (float)rate }).Tune(data, seed, sparse);
                Console.WriteLine($"| strength {strength:G3} | c {c} | rate {rate:G3} | validation {tuned.Validation:P2} | {tuned.Report.Ratio:F1}x fewer |");
            }
        }
    }
}

double Number(string name, double standard) => set.TryGetValue(name, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : standard;

double[] Numbers(string name, string standard) =>
    [.. set.GetValueOrDefault(name, standard).Split(',').Select(text => double.Parse(text, CultureInfo.InvariantCulture))];

static string Seconds(long start) => TimeProvider.System.GetElapsedTime(start).TotalSeconds.ToString("F0", CultureInfo.InvariantCulture);
