using System.Globalization;
using Temper.Formats;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Snooping.Logs;
using Temper.Tensors;

namespace Temper.Snooping.Proxies;

/// <summary>A network whose gradients an attacker uses in the place of the agent's.</summary>
public sealed record Proxy
{
    private const string Prefix = "temper.proxy.";

    /// <summary>Takes a stack of frames, <c>[N, ...]</c>; the first output is read.</summary>
    public required Network Network { get; init; }

    /// <summary>What it was trained for.</summary>
    public required string Task { get; init; }

    /// <summary>What its output means.</summary>
    public required ProxyGoal Goal { get; init; }

    /// <summary>The stream that it was made for.</summary>
    public required StreamInfo Stream { get; init; }

    /// <summary>
    /// What the eavesdropper read; null: the network did not come from eavesdropping (an agent's own, another agent's).
    /// </summary>
    public ThreatModel? Threat { get; init; }

    /// <summary>Steps that it was trained on.</summary>
    public int Steps { get; init; }

    /// <summary>What <see cref="Fidelity"/> measures.</summary>
    public string FidelityName { get; init; } = "";

    /// <summary>How well it does its task on episodes that were held out; NaN: not known.</summary>
    public double Fidelity { get; init; } = double.NaN;

    /// <summary>Saves it as one model file that every command takes.</summary>
    /// <param name="path">A .safetensors file or a folder.</param>
    public void Save(string path)
    {
        var metadata = Network.Metadata.ToDictionary(StringComparer.Ordinal);
        metadata[Prefix + "task"] = Task;
        metadata[Prefix + "goal"] = $"{Goal}";
        metadata[Prefix + "threat"] = $"{Threat}";
        metadata[Prefix + "steps"] = Text(Steps);
        metadata[Prefix + "frame"] = string.Join(',', Stream.FrameShape);
        metadata[Prefix + "frames"] = Text(Stream.Frames);
        metadata[Prefix + "bounds"] = $"{Text(Stream.Minimum)},{Text(Stream.Maximum)}";
        metadata[Prefix + "actions"] = Text(Stream.Actions);
        metadata[Prefix + "source"] = Stream.Source;
        metadata[Prefix + "fidelity"] = $"{FidelityName}={Text(Fidelity)}";
        ModelFile.Save(Network.WithMetadata(metadata), path);
    }

    /// <summary>Loads a proxy.</summary>
    /// <param name="path">What <see cref="Save"/> wrote.</param>
    /// <exception cref="ModelFormatException">It is damaged, or no proxy.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static Proxy Load(string path)
    {
        Network network = ModelFile.Load(path);
        try
        {
            string[] bounds = Get("bounds").Split(','), fidelity = Get("fidelity").Split('=');
            var stream = new StreamInfo(
                Shape.Create([.. Get("frame").Split(',').Select(axis =>
                    int.Parse(axis, CultureInfo.InvariantCulture))]), Number("frames"),
                float.Parse(bounds[0], CultureInfo.InvariantCulture),
                float.Parse(bounds[1], CultureInfo.InvariantCulture), Number("actions"), Get("source"));
            return network.Inputs is [{ } input] && input.SampleShape.Equals(stream.StackShape)
                ? new Proxy
                {
                    Network = network, Task = Get("task"), Goal = Enum.Parse<ProxyGoal>(Get("goal")), Stream = stream,
                    Threat = ThreatModels.Parse(Get("threat")),
                    Steps = Number("steps"), FidelityName = fidelity[0],
                    Fidelity = double.Parse(fidelity[1], CultureInfo.InvariantCulture),
                }
                : throw new FormatException("the network does not take the stream's stack of frames");
        }
        catch (Exception e) when (e is FormatException
            or ArgumentException or IndexOutOfRangeException or OverflowException or KeyNotFoundException)
        {
            throw new ModelFormatException(path, 0, $"proxy: no proxy, or its metadata are damaged ({e.Message}); make "
                + "one with temper rl snoop", e);
        }

        string Get(string key) => network.Metadata.TryGetValue(Prefix + key, out string? value)
            ? value
            : throw new KeyNotFoundException($"there is no '{Prefix}{key}'");

        int Number(string key) => int.Parse(Get(key), CultureInfo.InvariantCulture);
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
