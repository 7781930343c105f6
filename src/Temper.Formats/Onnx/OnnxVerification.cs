using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Tolerance of a comparison: <c>|got - expected| ≤ Absolute + Relative |expected|</c>.
/// </summary>
/// <param name="Relative">Relative tolerance; the default 1e-3 is that of ONNX's own test suite.</param>
/// <param name="Absolute">Absolute tolerance; the default 1e-7 is that of ONNX's own test suite.</param>
public sealed record OnnxTolerance(double Relative = 1e-3, double Absolute = 1e-7);

/// <summary>Comparison of one output with its expected value, for one data set.</summary>
/// <param name="DataSet">Name of the folder of the data set.</param>
/// <param name="Output">Name of the output in the model.</param>
/// <param name="LargestAbsolute">Largest absolute difference; infinite if shape or dtype differ, only one is NaN, or
/// there is no expected value.</param>
/// <param name="LargestRelative">
/// Largest relative difference, over elements whose expected value is not zero.
/// </param>
/// <param name="Agrees">Whether all elements are within the tolerance.</param>
/// <param name="Remark">
/// The shapes and dtypes if they differ, or the file of the expected value if it is missing; else empty.
/// </param>
public sealed record OnnxComparison(
    string DataSet, string Output, double LargestAbsolute, double LargestRelative, bool Agrees, string Remark);

/// <summary>
/// Runs a model on test data in ONNX's layout: folders <c>test_data_set_N</c> with <c>input_N.pb</c> and
/// <c>output_N.pb</c>.
/// </summary>
public static class OnnxVerification
{
    private const string SetPrefix = "test_data_set_";

    /// <summary>Compares each output with its expected value, for each data set.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="folder">A folder that contains data sets, or one data set.</param>
    /// <param name="tolerance">The tolerance.</param>
    /// <exception cref="ModelFormatException">The model or the data are damaged or not supported.</exception>
    /// <exception cref="FileNotFoundException">
    /// The folder contains no data set, or an input or the first output is missing.
    /// </exception>
    public static IReadOnlyList<OnnxComparison> Run(string model, string folder, OnnxTolerance tolerance)
    {
        string[] sets = Directory.Exists(folder)
            ? [.. Directory.EnumerateDirectories(folder, $"{SetPrefix}*").Order(StringComparer.Ordinal)]
            : [];
        sets = sets.Length == 0 && File.Exists(Path.Combine(folder, "output_0.pb")) ? [folder] : sets;
        return sets.Length > 0
            ? [.. sets.SelectMany(set => RunSet(model, set, tolerance))]
            : throw new FileNotFoundException(
                $"verify: no test data (looked in '{folder}' for folders {SetPrefix}0, {SetPrefix}1, ...)", folder);
    }

    private static IEnumerable<OnnxComparison> RunSet(string path, string set, OnnxTolerance tolerance)
    {
        // A set without any expected value compares nothing, which must not look like agreement.
        if (!File.Exists(Place(set, "output", 0)))
        {
            throw new FileNotFoundException($"verify: no expected output in '{set}' (looked for output_0.pb)", set);
        }

        IReadOnlyList<string> names = OnnxFile.InputNames(path);
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        for (int i = 0; i < names.Count && File.Exists(Place(set, "input", i)); i++)
        {
            values[names[i]] = OnnxFile.LoadTensor(Place(set, "input", i)).Value;
        }

        OnnxImport model = OnnxFile.Load(path, new OnnxImportOptions { Values = values, FreesBatch = false });
        IReadOnlyList<Tensor> results = model.Network.Forward(
            [.. model.InputNames.Select(name => values.TryGetValue(name, out Tensor? value)
                ? value
                : throw new FileNotFoundException($"verify: no value for input '{name}' in '{set}'"))],
            Pass.Evaluation);
        for (int i = 0; i < results.Count; i++)
        {
            (string name, string file) = (Path.GetFileName(set), Place(set, "output", i));
            yield return File.Exists(file)
                ? Compare(name, model.OutputNames[i], results[i], OnnxFile.LoadTensor(file).Value, tolerance)
                : new OnnxComparison(
                    name, model.OutputNames[i], double.PositiveInfinity, double.PositiveInfinity, Agrees: false,
                    $"no expected value, {Path.GetFileName(file)} is missing");
        }
    }

    private static string Place(string set, string what, int number) => Path.Combine(set, $"{what}_{number}.pb");

    internal static OnnxComparison Compare(
        string set, string output, Tensor got, Tensor expected, OnnxTolerance tolerance)
    {
        if (!got.Shape.Equals(expected.Shape) || got.DType != expected.DType)
        {
            return new OnnxComparison(
                set, output, double.PositiveInfinity, double.PositiveInfinity, Agrees: false,
                $"got {got.DType} {got.Shape}, expected {expected.DType} {expected.Shape}");
        }

        (double absolute, double relative, bool agrees) = (0, 0, true);
        double[] a = Numbers(got), b = Numbers(expected);
        for (int i = 0; i < a.Length; i++)
        {
            bool isSame = a[i] == b[i] || (double.IsNaN(a[i]) && double.IsNaN(b[i]));
            double difference = isSame ? 0
                : double.IsFinite(a[i]) && double.IsFinite(b[i]) ? Math.Abs(a[i] - b[i])
                : double.PositiveInfinity;
            absolute = Math.Max(absolute, difference);
            relative = Math.Max(relative, b[i] == 0 || isSame ? 0 : difference / Math.Abs(b[i]));
            agrees &= isSame || difference <= tolerance.Absolute + (tolerance.Relative * Math.Abs(b[i]));
        }

        return new OnnxComparison(set, output, absolute, relative, agrees, "");
    }

    private static double[] Numbers(Tensor tensor) => tensor.DType switch
    {
        DType.Float32 => Array.ConvertAll(tensor.ToArray<float>(), v => (double)v),
        DType.Int64 => Array.ConvertAll(tensor.ToArray<long>(), v => (double)v),
        DType.Int32 => Array.ConvertAll(tensor.ToArray<int>(), v => (double)v),
        DType.UInt8 => Array.ConvertAll(tensor.ToArray<byte>(), v => (double)v),
        _ => Array.ConvertAll(tensor.ToArray<bool>(), v => v ? 1.0 : 0.0),
    };
}
