using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>
/// Small models that once gave wrong results, with their expected outputs. A case without expected outputs must be
/// refused.
/// </summary>
public sealed class OutsideCasesTests
{
    private const string Folder = "../cases/onnx";

    private static readonly string[] Kinds =
    [
        "bn", "depth_to_space", "fixed2_mix", "fold_same_twice", "fp16_inner", "groupnorm", "huge_dim", "if_", "isnan", "layernorm", "lpnorm", "mix_", "mod_int", "mul_by_batch_size", "onehot", "resize10",
        "squeeze_all", "transpose_batch", "trilu", "weightnorm",
    ];

    public static TheoryData<string> Names => [.. OutsideData.Cases("onnx").Where(name => name.Length == 0 || Kinds.Any(kind => name.StartsWith(kind, StringComparison.Ordinal)))];

    [OutsideDataTheory(Folder)]
    [MemberData(nameof(Names))]
    public void Case_is_right_or_refused(string name)
    {
        string folder = OutsideData.PathOf($"{Folder}/{name}"), model = Path.Combine(folder, "model.onnx");
        Dictionary<string, Tensor> inputs = Directory.GetFiles(folder, "in_*.npy").ToDictionary(file => Path.GetFileNameWithoutExtension(file)[3..], NpyFile.Load, StringComparer.Ordinal);
        string[] wanted = Directory.GetFiles(folder, "want_*.npy");
        if (wanted.Length == 0)
        {
            Assert.ThrowsAny<Exception>(() => Run(model, inputs));
            return;
        }

        Dictionary<string, Tensor> results = Run(model, inputs);
        Assert.All(wanted, file =>
        {
            OnnxComparison compared = OnnxVerification.Compare(name, file, results[Path.GetFileNameWithoutExtension(file)[5..]], NpyFile.Load(file), new OnnxTolerance(1e-4, 1e-6));
            Assert.True(compared.Agrees, $"{compared}");
        });
    }

    private static Dictionary<string, Tensor> Run(string path, Dictionary<string, Tensor> inputs)
    {
        OnnxImport model = OnnxFile.LoadFor(path, inputs);
        IReadOnlyList<Tensor> results = FixedBatch.Run(model.Network, [.. model.InputNames.Select(name => inputs[name])]);
        return model.OutputNames.Zip(results).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
    }
}
