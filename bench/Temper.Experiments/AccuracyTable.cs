using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Training;

namespace Temper.Experiments;

/// <summary>
/// Accuracy of dense and lean networks over seeds (<c>accuracy</c>, <c>lean</c>), and the choice of a recipe on
/// held-out samples (<c>sweep</c>).
/// </summary>
internal sealed class AccuracyTable(Recipe recipe, TableArguments given)
{
    private const string Usage =
        "usage: accuracy|lean|sweep NETWORK DATA SEEDS [dense=N sparse=N tune=N strength=X c=X tunestrength=X batch=N "
        + "rate=X sparserate=X tunerate=X crop=N smoothing=X first=N]; sweep takes lists, c=0.25,0.5";

    private readonly List<double> _tests = [], _rivals = [];

    internal static int Run(string[] args)
    {
        if (args.Length < 4)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        string mode = args[0];
        var given = new TableArguments(
            mode, args[4..], "dense", "sparse", "tune", "strength", "c", "tunestrength", "batch", "rate", "sparserate",
            "tunerate", "crop", "smoothing", "first");
        Recipe recipe = Read(mode, args[1], given);
        var table = new AccuracyTable(recipe, given);
        ulong first = (ulong)given.Count("first", 1), seeds = (ulong)TableArguments.Whole(mode, "SEEDS", args[3]);
        DataSets data = DataSource.Open(args[2]);
        for (ulong seed = first; seed < first + seeds; seed++)
        {
            var experiment = new Experiment(recipe, data, seed);
            switch (mode)
            {
                case "accuracy": table.Accuracy(experiment, seed); break;
                case "lean": table.Lean(experiment, seed); break;
                default: table.Sweep(experiment); break;
            }
        }

        table.PrintMean();
        return 0;
    }

    private static Recipe Read(string mode, string network, TableArguments given)
    {
        double rate = given.Real("rate", 1e-3);
        return new Recipe
        {
            Network = network,
            DenseEpochs = given.Count("dense", mode is "accuracy" ? 20 : 0),
            SparseEpochs = given.Count("sparse", 20),
            TuneEpochs = given.Count("tune", 10),
            BatchSize = given.Count("batch", 64),
            Rate = (float)rate,
            SparseRate = (float)given.Real("sparserate", rate),
            TuneRate = (float)TuneRates(given)[0],
            Strength = (float)Strengths(given)[0],
            TuneStrength = (float)given.Real("tunestrength", 0),
            Deviations = (float)Deviations(given)[0],
            Crop = given.Count("crop", 0),
            LabelSmoothing = (float)given.Real("smoothing", 0),
        };
    }

    private static double[] Strengths(TableArguments given) => given.Reals("strength", "3e-5");

    private static double[] Deviations(TableArguments given) => given.Reals("c", "0.25");

    private static double[] TuneRates(TableArguments given) => given.Reals("tunerate", "5e-4");

    private void Accuracy(Experiment experiment, ulong seed)
    {
        TrainingResult dense = experiment.Dense();
        _tests.Add(experiment.Test(dense));
        Console.WriteLine(
            $"| dense | {recipe.Network} | {seed} | validation {Experiment.Validation(dense):P2} | test "
            + $"{_tests[^1]:P2} |");
    }

    private void Lean(Experiment experiment, ulong seed)
    {
        Network start = experiment.Start();
        TrainingResult rival = experiment.Rival(start);
        TrainingResult lean = experiment.Tune(
            experiment.Sparse(start, recipe.Strength).Last, recipe.Deviations, recipe.TuneRate);
        _rivals.Add(experiment.Test(rival));
        _tests.Add(experiment.Test(lean));
        Console.WriteLine(
            $"| lean | {recipe.Network} | {seed} | dense {_rivals[^1]:P2} | validation "
            + $"{Experiment.Validation(lean):P2} | test {_tests[^1]:P2} | {Left(lean)} |");
    }

    /// <summary>Tries every combination of the lists on held-out training samples only.</summary>
    private void Sweep(Experiment experiment)
    {
        Network start = experiment.Start();
        Console.WriteLine($"| dense | validation {Experiment.Validation(experiment.Rival(start)):P2} |");
        foreach (double strength in Strengths(given))
        {
            TrainingResult sparse = experiment.Sparse(start, (float)strength);
            Console.WriteLine(
                $"| strength {strength:G3} | before pruning | validation {sparse.History[^1].ValidationAccuracy:P2} |");
            foreach (double c in Deviations(given))
            {
                foreach (double rate in TuneRates(given))
                {
                    TrainingResult tuned = experiment.Tune(sparse.Last, (float)c, (float)rate);
                    Console.WriteLine(
                        $"| strength {strength:G3} | c {c} | rate {rate:G3} | validation "
                        + $"{Experiment.Validation(tuned):P2} | {Left(tuned)} |");
                }
            }
        }
    }

    private void PrintMean()
    {
        if (_tests.Count > 0)
        {
            string rival = _rivals.Count > 0 ? $" | dense {_rivals.Average():P3}" : "";
            Console.WriteLine(
                $"| mean | {recipe.Network}{rival} | test {_tests.Average():P3} | lowest {_tests.Min():P2} |");
        }
    }

    private static string Left(TrainingResult run)
    {
        SparsityReport report = SparsityReport.Of(run.Network);
        return $"{report.Ratio:F1}x fewer ({string.Join(", ", report.Layers.Select(l => $"{l.Name} {l.Nonzero}"))})";
    }
}
