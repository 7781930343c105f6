using Temper.Cli.CommandLine;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Cli.Models;

/// <summary>The developer's first convolution: its weights in an array, or in a model.</summary>
/// <param name="Weights">Weights <c>[O, C, KH, KW]</c>.</param>
/// <param name="Options">Stride and padding of a model's convolution; null: an array, which has none.</param>
internal sealed record FirstConvolution(Tensor Weights, Conv2dOptions? Options)
{
    /// <summary>Opens the array, or the model.</summary>
    /// <param name="context">Settings, including <see cref="ModelSource.Architecture"/>.</param>
    /// <param name="path">An .npy file, or a file or folder of a model.</param>
    /// <param name="size">Height and width of the pictures, which an ONNX model may leave open; null: unknown.</param>
    internal static FirstConvolution Open(CommandContext context, string path, (int Height, int Width)? size = null)
    {
        bool isModel = ModelSource.IsModel(path);
        if (!isModel || ModelReading.IsOnnx(path))
        {
            context.RefuseUnused(
                isModel ? "an ONNX file, which has a graph" : "weights in an array", [ModelSource.Architecture]);
        }

        if (!isModel)
        {
            return new FirstConvolution(NpyFile.Load(path), Options: null);
        }

        Network network = ModelSource.OpenTrained(
            path, context.Get(ModelSource.Architecture), new OnnxImportOptions { Size = size });
        Node first = AugConvEdit.First(network);
        Tensor weights = network.Parameters[first.Parameters[0]].Value;
        return new FirstConvolution(
            Tensor.From(weights.ToArray<float>(), weights.Shape), ((Conv2d)first.Operator).Options);
    }
}
