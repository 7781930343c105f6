using System.Globalization;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Tensors;

namespace Temper.Data.Readers;

/// <summary>
/// Reads an archive with <c>x_train</c>, <c>y_train</c>, <c>x_test</c> and <c>y_test</c>, as used by Keras. One of the
/// two sets may be missing, and the labels if they are not needed. <c>x_val</c> is used if <c>x_test</c> is missing.
/// Other arrays are not read.
/// </summary>
internal static class NpzReader
{
    internal static DataSets Read(string path, bool needsLabels = true)
    {
        IReadOnlyList<string> names = NpzFile.Names(path);
        string? test = DataSets.TestNames.FirstOrDefault(part => names.Contains("x_" + part, StringComparer.Ordinal));
        string[] parts = [.. new[]
        {
            "train", test,
        }.Where(part => part is not null && names.Contains("x_" + part, StringComparer.Ordinal)).OfType<string>()];
        if (parts.Length == 0)
        {
            throw new ModelFormatException(
                path, $"npz: the archive contains neither 'x_train' nor 'x_test' (got: {string.Join(", ", names)})");
        }

        string[] wanted = [.. parts.SelectMany(part => (string[])["x_" + part, "y_" + part])];
        IReadOnlyDictionary<string, Tensor> arrays = NpzFile.Load(path, wanted);
        (Tensor X, Tensor? Y, int Classes)[] read =
            [.. parts.Select(part => NpzPart.Read(path, arrays, part, needsLabels))];
        if (read.FirstOrDefault(part =>
            part.X.Shape.Skip(1).SequenceEqual(read[0].X.Shape.Skip(1)) == false) is { X: not null } other)
        {
            throw new ModelFormatException(path, "npz: the sample shapes of the two sets differ (got "
                + $"{read[0].X.Shape} and {other.X.Shape}, expected the same shape after the first axis)");
        }

        // Both sets use the classes of both, because one of them may lack the last classes.
        int classes = read.Max(part => part.Classes);
        string name = Path.GetFileNameWithoutExtension(path);
        Dataset[] sets = [.. read.Select(part => new TensorDataset(name, part.X, part.Y, classes))];
        return new DataSets(Set("train"), Set(test)) { Unused = [.. Unused(names, wanted)] };

        Dataset Set(string? part) => Array.IndexOf(parts, part) is >= 0 and var i ? sets[i] : sets[0].Take(0);
    }

    /// <summary>Arrays of samples that neither set uses.</summary>
    private static IEnumerable<UnusedSamples> Unused(IReadOnlyList<string> names, string[] wanted) => names
        .Where(name => name.StartsWith("x_", StringComparison.OrdinalIgnoreCase)
            && !wanted.Contains(name, StringComparer.Ordinal))
        .Select(name => new UnusedSamples(name, 0, $"the array is not read (only {string.Join(", ", wanted)})"));
}

/// <summary>Samples and labels of one set of an archive.</summary>
internal static class NpzPart
{
    private const int MaxClasses = 1_000_000;

    /// <summary>
    /// Reads samples, labels and the number of classes: of one-hot labels, all columns count, also if no sample has
    /// the last classes.
    /// </summary>
    internal static (Tensor X, Tensor? Y, int Classes) Read(
        string path, IReadOnlyDictionary<string, Tensor> arrays, string part, bool needsLabels)
    {
        Tensor x = arrays["x_" + part];
        if (!arrays.TryGetValue("y_" + part, out Tensor? y) && needsLabels)
        {
            throw new ModelFormatException(path, $"npz: the archive has 'x_{part}' but no 'y_{part}'");
        }

        if (x.Rank < 2)
        {
            throw new ModelFormatException(path, $"npz: x_{part} has a wrong shape (got {x.Shape}, expected [N, ...])");
        }

        Tensor? labels = y is null ? null : Labels(path, part, y, x.Shape);

        // uint8 arrays [N, H, W] are gray pictures without a channel axis; for other types the axes are not known.
        x = x.Rank == 3 && x.DType == DType.UInt8 ? x.Reshape([x.Shape[0], 1, x.Shape[1], x.Shape[2]]) : x;
        int classes = y is not null && IsOneHot(y) ? y.Shape[1]
            : labels is null or { Count: 0 } ? 0
            : (int)labels.AsSpan<long>().ToArray().Max() + 1;
        return (x, labels, classes);
    }

    private static bool IsOneHot(Tensor y) => y.Rank == 2 && y.Shape[1] > 1;

    private static Tensor Labels(string path, string part, Tensor y, Shape x)
    {
        bool isOneHot = IsOneHot(y);
        int count = isOneHot ? y.Shape[0] : y.Count;
        if (count != x[0] || (isOneHot && y.Shape[1] > MaxClasses))
        {
            throw new ModelFormatException(path, $"npz: y_{part} does not match x_{part} (got {y.Shape} and "
                + $"{x}, expected [N] or one-hot [N, classes] of at most {MaxClasses} classes, and [N, ...])");
        }

        double[] values = Values(y);
        return Tensor.From(isOneHot ? OfRows(path, part, values, y.Shape[1]) : OfNumbers(path, part, values), [count]);
    }

    private static double[] Values(Tensor y) => y.DType == DType.Float32
        ? [.. y.AsSpan<float>().ToArray().Select(value => (double)value)]
        : [.. y.To(DType.Int64).AsSpan<long>().ToArray().Select(value => (double)value)];

    private static long[] OfNumbers(string path, string part, double[] values)
    {
        int wrong =
            Array.FindIndex(values, value => value is not (>= 0 and <= MaxClasses) || value != Math.Floor(value));
        return wrong < 0
            ? [.. values.Select(value => (long)value)]
            : throw new ModelFormatException(path, string.Create(
                CultureInfo.InvariantCulture,
                $"npz: y_{part} has a value that is not a class label (got {values[wrong]} at {wrong}, expected "
                + $"integers from 0 to {MaxClasses})"));
    }

    /// <summary>Returns the index of the 1 in each row.</summary>
    private static long[] OfRows(string path, string part, double[] values, int classes)
    {
        long[] labels = new long[values.Length / classes];
        for (int row = 0; row < labels.Length; row++)
        {
            ReadOnlySpan<double> line = values.AsSpan(row * classes, classes);
            labels[row] = line.IndexOf(1);
            if (labels[row] < 0 || line.Count(0) != classes - 1)
            {
                throw new ModelFormatException(path, $"npz: y_{part} is not one-hot (row {row}, expected one 1 and "
                    + "zeros elsewhere); use class labels [N]");
            }
        }

        return labels;
    }
}
