using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Inference;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// Folders with a model, its inputs and its expected outputs, each run by <c>temper predict</c>, as a compiled network,
/// and by <c>temper convert</c> followed by predict. Counts how many are right, refused, wrong or crash.
/// </summary>
/// <remarks>A model without expected outputs must be refused, with a message that names the file.</remarks>
internal static class CasesTable
{
    private const int Unexpected = 1;
    private const int Longest = 240;

    private static readonly string[] Kinds = ["onnx", "compile", "convert"];

    private enum Verdict
    {
        Right,
        Refused,
        Wrong,
        Crashed,
    }

    /// <param name="arguments">
    /// Folder that contains the folders of the kinds; optionally prefixes of the names of cases.
    /// </param>
    public static int Run(string[] arguments)
    {
        if (arguments.Length == 0 || !Directory.Exists(arguments[0]))
        {
            Console.WriteLine("usage: cases FOLDER [NAME-PREFIX ...]");
            return 2;
        }

        var counts = new Dictionary<(string Way, Verdict Verdict), int>();
        var table = new TextTable("case", "predict", "compiled", "convert");
        List<string> reasons = [];
        foreach (string folder in Folders(arguments))
        {
            string name = $"{Path.GetFileName(Path.GetDirectoryName(folder))}/{Path.GetFileName(folder)}";
            (string Way, Outcome Outcome)[] ways =
                [("predict", Predict(folder)), ("compiled", Compiled(folder)), ("convert", Converted(folder))];
            table.Row([name, .. ways.Select(way => Text(way.Outcome.Verdict))]);
            foreach ((string way, Outcome outcome) in ways)
            {
                counts[(way, outcome.Verdict)] = counts.GetValueOrDefault((way, outcome.Verdict)) + 1;
            }

            foreach (IGrouping<Verdict, (string Way, Outcome Outcome)> group in
                ways.Where(way => way.Outcome.Verdict != Verdict.Right).GroupBy(way => way.Outcome.Verdict))
            {
                string reason = group.First().Outcome.Reason;
                reasons.Add(
                    $"{Text(group.Key)}: {name} ({string.Join(", ", group.Select(way => way.Way))}): "
                    + $"{reason[..Math.Min(reason.Length, Longest)]}");
            }
        }

        reasons.Order(StringComparer.Ordinal).ToList().ForEach(Console.WriteLine);
        var totals = new TextTable(["way", .. Enum.GetValues<Verdict>().Select(Text)]);
        foreach (string way in counts.Keys.Select(key => key.Way).Distinct(StringComparer.Ordinal))
        {
            totals.Row(
                [way, .. Enum.GetValues<Verdict>().Select(verdict => $"{counts.GetValueOrDefault((way, verdict))}")]);
        }

        return counts.Keys.Any(key => key.Verdict is Verdict.Wrong or Verdict.Crashed) ? 1 : 0;
    }

    private static IEnumerable<string> Folders(string[] arguments) =>
        Kinds.Select(kind => Path.Combine(arguments[0], kind)).Where(Directory.Exists)
        .SelectMany(Directory.GetDirectories).Where(folder => File.Exists(Path.Combine(folder, "model.onnx")))
        .Where(
            folder =>
                arguments.Length == 1
                    || arguments.Skip(1)
                        .Any(start => Path.GetFileName(folder).StartsWith(start, StringComparison.Ordinal)))
        .Order(StringComparer.Ordinal);

    private static Outcome Predict(string folder) => Predict(Path.Combine(folder, "model.onnx"), folder);

    private static Outcome Predict(string model, string folder)
    {
        string results = Directory.CreateTempSubdirectory("temper-cases-").FullName;
        try
        {
            string[] inputs =
            [
                .. Directory.GetFiles(folder, "in_*.npy")
                    .SelectMany(file => (string[])["--input", $"{Path.GetFileNameWithoutExtension(file)[3..]}={file}"]),
            ];
            (int code, string text) = Tool(["predict", model, .. inputs, "--output", results, "--force"]);
            return Judge(
                folder, code, text,
                name =>
                    Path.Combine(results, $"{name}.npy") is var file && File.Exists(file) ? NpyFile.Load(file) : null);
        }
        finally
        {
            Directory.Delete(results, recursive: true);
        }
    }

    private static Outcome Converted(string folder)
    {
        string target = Path.Combine(Directory.CreateTempSubdirectory("temper-cases-").FullName, "model.onnx");
        try
        {
            (int code, string text) = Tool(["convert", Path.Combine(folder, "model.onnx"), target]);
            return code == 0 ? Predict(target, folder) : Judge(folder, code, text, _ => null);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(target)!, recursive: true);
        }
    }

    private static Outcome Compiled(string folder)
    {
        try
        {
            Dictionary<string, Tensor> given = Directory.GetFiles(folder, "in_*.npy").ToDictionary(
                file => Path.GetFileNameWithoutExtension(file)[3..], NpyFile.Load, StringComparer.Ordinal);
            ModelForInputs model = ModelForInputs.Open(Path.Combine(folder, "model.onnx"), architecture: null, given);
            using CompiledNetwork compiled = CompiledNetwork.Compile(
                model.Network, new CompileOptions { TimesKernels = false, BatchSizes = [1] });
            using InferenceSession session = compiled.CreateSession();
            IReadOnlyList<Tensor> results = session.Run([.. model.Inputs.Select(name => given[name])]);
            return Judge(
                folder, code: 0, "",
                name => model.Outputs.ToList().IndexOf(name) is var index and >= 0 ? results[index] : null);
        }
        catch (Exception error)
        {
            (int code, string message) = Failure.Of(error);
            return Judge(folder, code, $"{Path.Combine(folder, "model.onnx")}: {message}", _ => null);
        }
    }

    /// <summary>Runs a command of the tool in this process. Returns its exit code and error output.</summary>
    private static (int Code, string Text) Tool(string[] arguments)
    {
        (TextWriter output, TextWriter errors) = (Console.Out, Console.Error);
        using var text = new StringWriter();
        Console.SetOut(TextWriter.Null);
        Console.SetError(text);
        try
        {
            return (Application.Run(arguments), text.ToString().ReplaceLineEndings(" "));
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(errors);
        }
    }

    private static Outcome Judge(string folder, int code, string text, Func<string, Tensor?> result)
    {
        string[] wanted = Directory.GetFiles(folder, "want_*.npy");
        if (code != 0)
        {
            bool isRight = wanted.Length == 0 && text.Contains("model.onnx", StringComparison.Ordinal);
            return new Outcome(code == Unexpected ? Verdict.Crashed : isRight ? Verdict.Right : Verdict.Refused, text);
        }

        if (wanted.Length == 0)
        {
            return new Outcome(Verdict.Wrong, "should be refused");
        }

        bool isRelative = Path.GetFileName(folder).StartsWith("rel_", StringComparison.Ordinal);
        foreach (string file in wanted)
        {
            string name = Path.GetFileNameWithoutExtension(file)[5..];
            if (result(name) is not { } found)
            {
                return new Outcome(Verdict.Wrong, $"output {name} is missing");
            }

            OnnxComparison compared = OnnxVerification.Compare(
                "", name, found, NpyFile.Load(file),
                isRelative ? new OnnxTolerance(1e-5, 0) : new OnnxTolerance(1e-4, 1e-6));
            if (!compared.Agrees)
            {
                return new Outcome(
                    Verdict.Wrong,
                    $"{name}: off by {compared.LargestAbsolute:G3}, relative {compared.LargestRelative:G3} "
                    + $"{compared.Remark}");
            }
        }

        return new Outcome(Verdict.Right, "");
    }

    private static string Text(Verdict verdict) => verdict.ToString().ToLowerInvariant();

    private sealed record Outcome(Verdict Verdict, string Reason);
}
