using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Formats;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Reinforcement.Environments;
using Temper.Reinforcement.Environments.Grids;
using Temper.Reinforcement.Environments.Pixels;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Base class of agent trainers. Call <see cref="Update"/> until <see cref="IsComplete"/> is true. The complete
/// training state can be saved and restored.
/// </summary>
/// <remarks>
/// Not thread-safe. The same seed and options give bit-identical results for any number of kernel threads, also after
/// saving and resuming.
/// </remarks>
public abstract class AgentTrainer : IDisposable
{
    private readonly AgentTrainingOptions _options;

    /// <summary>Creates the environments. A derived class that throws in its constructor disposes them.</summary>
    private protected AgentTrainer(
        AgentTrainingOptions options, Func<IEnvironment> create, Func<EnvironmentSpec, ActionHead> head)
    {
        options.Validate();
        _options = options;
        Stream = RandomStream.FromSeed(options.Seed);
        Environment = new VectorEnvironment(create, options.Environments, Stream.Split("episodes"));
        Head = head(Environment.Spec);
        Moments = options.NormalizesObservations ? new ObservationMoments(Environment.ObservationLength) : null;
        Layout = options.Network ?? AgentNetwork.For(Environment.Spec);
    }

    /// <summary>Environment steps so far, summed over all environments.</summary>
    public long Steps { get; private protected set; }

    /// <summary>True when the number of steps in the options is reached.</summary>
    public bool IsComplete => Steps >= _options.Steps;

    /// <summary>Episodes that ended during the last update.</summary>
    public IReadOnlyList<FinishedEpisode> Finished => FinishedEpisodes;

    /// <summary>
    /// Metrics of the last update, by name; NaN: unknown, as before the first update and after a resume.
    /// </summary>
    public abstract IReadOnlyList<KeyValuePair<string, double>> Metrics { get; }

    /// <summary>Environment steps of the whole training, from the options.</summary>
    internal long TotalSteps => _options.Steps;

    internal List<FinishedEpisode> FinishedEpisodes { get; } = [];

    internal VectorEnvironment Environment { get; }

    private protected ActionHead Head { get; }

    private protected AgentNetwork Layout { get; }

    private protected RandomStream Stream { get; }

    private protected ObservationMoments? Moments { get; }

    private protected abstract Learner Learner { get; set; }

    /// <summary>Collects experience and trains on it.</summary>
    /// <exception cref="InvalidDataException">A reward or an observation is not finite.</exception>
    public abstract void Update();

    /// <summary>Returns the current policy; later updates do not change it.</summary>
    public Policy Snapshot()
    {
        Network network = Learner.Snapshot();
        EnvironmentOptions settings = new()
        {
            StepLimit = Environment.Spec.StepLimit,
            FrameSkip = Environment.Spec.FrameSkip > 1 ? Environment.Spec.FrameSkip : null,
        };
        IReadOnlyList<int>? actions = null;
        if (GridOf(Environment.Slots[0].Environment) is { } grid)
        {
            (settings, actions) =
                (settings with { Sticky = grid.Sticky }, [.. grid.Actions.Select(action => (int)action)]);
        }

        return new Policy
        {
            Network = Moments?.Prepend(network) ?? network, Head = Head, Environment = Environment.Spec.Name,
            Options = settings, Actions = actions,
            Source = $"temper, {Name}, seed {_options.Seed.ToString(CultureInfo.InvariantCulture)}, "
                + $"{Steps.ToString(CultureInfo.InvariantCulture)} steps",
        };
    }

    /// <summary>Returns the underlying grid game, also if it is shown as an image; null: not a grid game.</summary>
    private static GridEnvironment? GridOf(IEnvironment environment) =>
        environment as GridEnvironment ?? (environment as PixelGrid)?.Grid;

    /// <summary>Name of the method, in lower case.</summary>
    public abstract string Name { get; }

    /// <summary>Saves the complete training state.</summary>
    /// <param name="folder">
    /// Checkpoint folder. The previous checkpoint is deleted after the new one is completely written.
    /// </param>
    /// <param name="run">Additional state of the caller, returned by <see cref="Resume"/>.</param>
    /// <param name="networks">Additional networks to store, such as the best so far.</param>
    public void Save(string folder, JsonNode? run = null, IReadOnlyDictionary<string, Network>? networks = null)
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var json = new JsonObject
        {
            ["steps"] = Steps, ["run"] = run?.DeepClone(), ["settings"] = Settings(),
            ["slots"] = VectorState.Save(Environment, tensors),
        };
        if (Moments is not null)
        {
            json["moments"] = new JsonArray([.. Moments.State.Select(value => (JsonNode)value)]);
        }

        SaveMore(json, tensors);
        Learner.Save(folder, Identity(), new MethodState
        {
            Json = json, Tensors = tensors,
            Networks = networks ?? new Dictionary<string, Network>(StringComparer.Ordinal),
        });
    }

    /// <summary>Resumes from a checkpoint of the same environment and options.</summary>
    /// <param name="folder">The checkpoint folder.</param>
    /// <returns>The additional state and networks passed to <see cref="Save"/>.</returns>
    /// <exception cref="ModelFormatException">
    /// The checkpoint is damaged, has other options, or its environment had other settings.
    /// </exception>
    /// <exception cref="InvalidDataException">The environment is not deterministic.</exception>
    public (JsonNode? Run, IReadOnlyDictionary<string, Network> Networks) Resume(string folder)
    {
        Learner loaded = Learner.Load(folder, Learner.Options, Identity(), out MethodState state);
        RequireSettings((state.Json as JsonObject)?["settings"], folder);
        try
        {
            JsonObject json = state.Json!.AsObject();
            Steps = json["steps"]!.GetValue<long>();
            VectorState.Restore(Environment, json["slots"]!.AsArray(), state.Tensors);
            if (Moments is not null)
            {
                Moments.State = [.. json["moments"]!.AsArray().Select(value => value!.GetValue<double>())];
            }

            RestoreMore(json, state.Tensors);
            Learner.Dispose();
            Learner = loaded;
            return (json["run"], state.Networks);
        }
        catch (Exception e) when (e is NullReferenceException
            or InvalidOperationException or FormatException or KeyNotFoundException or ArgumentException)
        {
            throw new ModelFormatException(
                folder, $"checkpoint: the saved state of the training is not valid ({e.Message})", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the trainer's memory and disposes its environments.</summary>
    /// <param name="disposing">Always true.</param>
    protected virtual void Dispose(bool disposing)
    {
        // A constructor that fails disposes the trainer before it has a learner.
        Learner?.Dispose();
        Environment.Dispose();
    }

    private protected virtual void SaveMore(JsonObject json, Dictionary<string, Tensor> tensors)
    {
        // Most methods have no additional state.
    }

    private protected virtual void RestoreMore(JsonObject json, IReadOnlyDictionary<string, Tensor> tensors)
    {
        // Most methods have no additional state.
    }

    /// <summary>Factor on the learning rate at the current step.</summary>
    private protected float RateFactor => _options.IsAnnealed ? Math.Max(0, 1 - ((float)Steps / _options.Steps)) : 1;

    private Dictionary<string, string> Identity() => new(StringComparer.Ordinal)
    {
        ["environment"] = Environment.Spec.Name, ["method"] = Name, ["layout"] = Layout.Describe(),
        ["options"] = _options.Fingerprint().ToJsonString(),
        ["observation"] = Environment.Spec.ObservationShape.ToString(),
    };

    /// <summary>Returns the environment's settings, by name. A resumed training needs the same ones.</summary>
    private JsonObject Settings()
    {
        EnvironmentSpec spec = Environment.Spec;
        GridEnvironment? grid = GridOf(Environment.Slots[0].Environment);
        return new JsonObject
        {
            ["step limit"] = spec.StepLimit, ["frame skip"] = spec.FrameSkip, ["frames"] = spec.Frames,
            ["sticky"] = grid?.Sticky ?? 0,
            ["actions"] = grid is not null ? string.Join(',', grid.Actions.Select(GridEnvironment.NameOf))
                : spec.Actions.IsDiscrete ? spec.Actions.Count.ToString(CultureInfo.InvariantCulture)
                : string.Create(CultureInfo.InvariantCulture, $"{spec.Actions.Dimensions} numbers from "
                    + $"{spec.Actions.Low} to {spec.Actions.High}"),
        };
    }

    /// <summary>Throws unless the environment has the settings that were saved.</summary>
    private void RequireSettings(JsonNode? saved, string folder)
    {
        if (saved is null)
        {
            throw new ModelFormatException(
                folder, "checkpoint: written by an older version, without the settings of the environment; restart "
                    + "the training");
        }

        IReadOnlyList<string> differences =
            Fingerprints.Differences(Fingerprints.Flatten(Settings()), Fingerprints.Flatten(saved));
        if (differences.Count > 0)
        {
            throw new ModelFormatException(
                folder, $"checkpoint: {Environment.Spec.Name} has other settings than when the training started: "
                    + $"{string.Join("; ", differences)}; resume with the original ones");
        }
    }
}
