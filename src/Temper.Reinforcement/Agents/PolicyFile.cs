using System.Globalization;
using Temper.Formats;
using Temper.Formats.Models;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Saves and loads agents. Temper's own agents are models with metadata; published agents are read in the layouts of
/// their frameworks.
/// </summary>
public static class PolicyFile
{
    private const string Prefix = "temper.agent.";

    /// <summary>
    /// Saves an agent as a model that every command accepts; the agent's settings are stored in the metadata.
    /// </summary>
    /// <param name="policy">The agent.</param>
    /// <param name="path">Path of a .safetensors file.</param>
    public static void Save(Policy policy, string path) => ModelFile.Save(WithMetadata(policy), path);

    /// <summary>Loads an agent.</summary>
    /// <param name="path">
    /// A model written by <see cref="Save"/>, or a .safetensors file with the tensor names of Stable-Baselines3, of
    /// Flax dense layers, or of the Atari networks with <c>base.main</c>.
    /// </param>
    /// <exception cref="ModelFormatException">The file is damaged, or its layout is unknown.</exception>
    public static Policy Load(string path)
    {
        if (Directory.Exists(path))
        {
            return FromNetwork(ModelFile.Load(path), path);
        }

        SafetensorsFile file = SafetensorsFile.Load(path);
        return ModelFile.HoldsGraph(path)
            ? FromNetwork(ModelFile.Load(path), path)
            : PublishedPolicies.Read(file, path);
    }

    internal static Network WithMetadata(Policy policy)
    {
        var metadata = policy.Network.Metadata.ToDictionary(StringComparer.Ordinal);
        metadata[Prefix + "head"] = policy.Head.Name;
        metadata[Prefix + "source"] = policy.Source;
        Put("environment", policy.Environment);
        Put("sticky", policy.Options.Sticky?.ToString(CultureInfo.InvariantCulture));
        Put("step-limit", policy.Options.StepLimit?.ToString(CultureInfo.InvariantCulture));
        Put("frame-skip", policy.Options.FrameSkip?.ToString(CultureInfo.InvariantCulture));
        Put("actions", policy.Actions is { } actions
            ? string.Join(',', actions.Select(action => action.ToString(CultureInfo.InvariantCulture)))
            : null);
        return policy.Network.WithMetadata(metadata);

        void Put(string key, string? value)
        {
            // The network of a loaded agent still has the settings that it was loaded with.
            if (value is null)
            {
                metadata.Remove(Prefix + key);
            }
            else
            {
                metadata[Prefix + key] = value;
            }
        }
    }

    internal static Policy FromNetwork(Network network, string path)
    {
        string? head = Text("head");
        if (network.Inputs.Count != 1 || head is null)
        {
            throw new ModelFormatException(
                path, "agent: the model is not an agent (its metadata names no head); train one with temper rl "
                    + "train");
        }

        try
        {
            return new Policy
            {
                Network = network,
                Head = ActionHead.All.FirstOrDefault(known => string.Equals(known.Name, head, StringComparison.Ordinal))
                    ?? throw new FormatException($"unknown head '{head}'"),
                Environment = Text("environment"),
                Source = Text("source") ?? "",
                Options = new EnvironmentOptions
                {
                    Sticky = Text("sticky") is { } sticky ? float.Parse(sticky, CultureInfo.InvariantCulture) : null,
                    StepLimit = Text("step-limit") is { } limit ? int.Parse(limit, CultureInfo.InvariantCulture) : null,
                    FrameSkip = Text("frame-skip") is { } skip ? ParseSkip(skip) : null,
                },
                Actions = Text("actions") is { } actions ? ParseActions(actions) : null,
            };
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new ModelFormatException(path, $"agent: its metadata is damaged ({e.Message})", e);
        }

        string? Text(string key) => network.Metadata.GetValueOrDefault(Prefix + key);
    }

    private static int ParseSkip(string text) => int.Parse(text, CultureInfo.InvariantCulture) is >= 1 and var steps
        ? steps
        : throw new FormatException($"frame skip is {text}, expected 1 or more");

    internal static int[] ParseActions(string text) =>
        [.. text.Split(',').Select(action => int.Parse(action, CultureInfo.InvariantCulture))];
}
