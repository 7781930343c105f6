using System.Text.Json.Nodes;
using Temper.Cli.Output;
using Temper.Networks;

namespace Temper.Cli.Predictions;

/// <summary>A class with its probability, 0 to 1.</summary>
internal sealed record PredictedClass(int Index, string Name, float Probability)
{
    internal JsonObject ToJson() => new()
    {
        ["class"] = Name,
        ["index"] = Index,
        ["probability"] = JsonResult.Number(Probability),
    };
}

/// <summary>The most likely classes of a picture.</summary>
/// <param name="File">Path of the picture.</param>
/// <param name="Classes">At least one class; the most likely first, of equally likely ones the first.</param>
internal sealed record Prediction(string File, IReadOnlyList<PredictedClass> Classes)
{
    internal static Prediction Of(
        string file, ReadOnlySpan<float> probabilities, IReadOnlyList<string> names, int count)
    {
        float[] values = probabilities.ToArray();
        return new Prediction(file, [.. Enumerable.Range(0, values.Length).OrderByDescending(i => values[i]).Take(count)
            .Select(i => new PredictedClass(i, names[i], values[i]))]);
    }

    /// <summary>Whether the outputs of a network are probabilities; if not, they are logits.</summary>
    internal static bool AreProbabilities(Network network) =>
        network.Graph.FindNode(network.Outputs[0].Value)?.Operator is Softmax;

    internal JsonObject ToJson()
    {
        JsonObject fields = new() { ["file"] = File };
        foreach ((string name, JsonNode? value) in Classes[0].ToJson())
        {
            fields[name] = value?.DeepClone();
        }

        fields["top"] = new JsonArray([.. Classes.Select(one => (JsonNode)one.ToJson())]);
        return fields;
    }
}
