using System.Text;
using Temper.Networks;

namespace Temper.Formats.Models;

/// <summary>Writes the README.md of a model folder, which describes the network to people and model hubs.</summary>
internal static class ModelCard
{
    internal static string Of(Network network)
    {
        var text = new StringBuilder("---\nlibrary_name: temper\ntags:\n- temper\n");
        if (network.Metadata.TryGetValue("license", out string? license))
        {
            text.Append("license: ").Append(Quoted(license)).Append('\n');
        }

        text.Append("---\n\n# A Temper network\n\n").Append("```\n").Append(network).Append("```\n");
        if (network.ClassNames.Count > 0)
        {
            text.Append("\nClasses: ").AppendJoin(", ", network.ClassNames).Append(".\n");
        }

        foreach ((string key, string value) in network.Metadata)
        {
            text.Append("\n- ").Append(key).Append(": ").Append(value);
        }

        return text.Append('\n').ToString();
    }

    private static string Quoted(string value) =>
        $"\"{value.Replace("\\", "\\\\").Replace("\"", "\\\"").ReplaceLineEndings(" ")}\"";
}
