using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Compression.Shrinking;
using Temper.Networks;

namespace Temper.Cli.Commands;

/// <summary>Table of the layers of a network whose channels can be removed together.</summary>
internal static class ChannelTable
{
    /// <summary>Maximum number of layers named in a row; <c>--json</c> lists all.</summary>
    private const int Listed = 4;

    /// <summary>Layers whose channels can only be removed together.</summary>
    /// <param name="Layers">Convolutions and linear layers that produce the channels.</param>
    /// <param name="Groups">Number of channels that can be removed independently, each from all of the layers.</param>
    /// <param name="Parameters">Number of parameters removed with one channel.</param>
    private sealed record Coupled(IReadOnlyList<string> Layers, int Groups, long Parameters);

    internal static int Write(CommandContext context, string command, string source, Network network)
    {
        Coupled[] coupled = [.. Find(network)];
        HashSet<string> free = [.. coupled.SelectMany(together => together.Layers)];
        string[] others = [.. network.Nodes.Where(node => NetworkShrinking.WidthOf(node) > 0
            && !free.Contains(node.Name)).Select(node => node.Name)];
        if (context.IsJson)
        {
            JsonResult.Write(command, new JsonObject
            {
                ["source"] = source,
                ["channels"] = new JsonArray([.. coupled.Select(together => (JsonNode)new JsonObject
                {
                    ["layers"] = new JsonArray([.. together.Layers.Select(layer => (JsonNode)layer)]),
                    ["groups"] = together.Groups,
                    ["parameters"] = together.Parameters,
                })]),
                ["fixed"] = new JsonArray([.. others.Select(layer => (JsonNode)layer)]),
            });
            return ExitCode.Success;
        }

        var table = new ResultTable(
            $"{source}: layers that are narrowed together", "#channels", "#parameters of each", "layers");
        foreach (Coupled together in coupled)
        {
            table.Row($"{together.Groups:N0}", $"{together.Parameters:N0}", Shown(together.Layers));
        }

        table.Write(context.Terminal);
        if (others.Length > 0)
        {
            Console.Out.WriteLine("cannot be narrowed, because an output or an operator that mixes channels fixes "
                + $"them: {string.Join(", ", others)}");
        }

        return ExitCode.Success;
    }

    private static string Shown(IReadOnlyList<string> layers) => layers.Count <= Listed
        ? string.Join(", ", layers)
        : $"{string.Join(", ", layers.Take(Listed))} and {layers.Count - Listed} more";

    private static IEnumerable<Coupled> Find(Network network)
    {
        HashSet<string> layers = [.. network.Nodes.Where(node => NetworkShrinking.WidthOf(node) > 0).Select(
            node => node.Name)];
        return network.ChannelGroups()
            .Select(group => (Layers: group.Values.Select(slice =>
                slice.Name).Where(layers.Contains).Distinct(StringComparer.Ordinal).ToArray(), Group: group))
            .Where(entry => entry.Layers.Length > 0)
            .GroupBy(entry => string.Join('\n', entry.Layers), StringComparer.Ordinal)
            .Select(together =>
                new Coupled(together.First().Layers, together.Count(), Parameters(network, together.First().Group)));
    }

    private static long Parameters(Network network, ChannelGroup group) =>
        group.Parameters.Where(slice => network.Parameters.Contains(slice.Name))
        .Sum(slice =>
            (long)network.Parameters[slice.Name].Value.Count / network.Parameters[slice.Name].Value.Shape[slice.Axis]
                * slice.Indices.Count);
}
