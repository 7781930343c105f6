using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Formats;
using Temper.Networks;
using Temper.Randomness;
using Temper.Reinforcement.Environments;
using Temper.Reinforcement.Environments.Grids;
using Temper.Reinforcement.Environments.Pixels;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// An agent in training: call <see cref="Update"/> until <see cref="IsComplete"/>. Everything that decides what comes
/// next can be saved.
/// </summary>
/// <remarks>
/// Belongs to one thread. Same seed and options, same bytes, for any number of threads of the kernels, also across
/// saving and loading.
/// </remarks>
public abstract class AgentTrainer : IDisposable
{
    private readonly AgentTrainingOptions _options;

    private protected AgentTrainer(AgentTrainingOptions options, Func<IEnvironment> create, ActionHead head)
    {
        options.Validate();
        (_options, Head) = (options, head);
        Stream = RandomStream.FromSeed(options.Seed);
        Environment = new VectorEnvironment(create, options.Environments, Stream.Split("episodes"));
        if (options.NormalizesObservations && Environment.Spec.ObservationShape.Rank != 1)
        {
            throw new ArgumentException("agent training: only observations of one axis are normalized (got "
                + $"{Environment.Spec.ObservationShape} of {Environment.Spec.Name})");
        }

        Moments = options.NormalizesObservations ? new ObservationMoments(Environment.ObservationLength) : null;
        Layout = options.Network ?? AgentNetwork.For(Environment.Spec);
    }

    /// <summary>Steps so far, in all environments together.</summary>
    public long Steps { get; private protected set; }

    /// <summary>Whether the steps of the options were done.</summary>
    public bool IsComplete => Steps >= _options.Steps;

    /// <summary>Episodes that ended in the last update.</summary>
    public IReadOnlyList<FinishedEpisode> Finished => FinishedEpisodes;

    /// <summary>Numbers about the last update, by name.</summary>
    public abstract IReadOnlyList<KeyValuePair<string, double>> Metrics { get; }

    internal List<FinishedEpisode> FinishedEpisodes { get; } = [];

    internal VectorEnvironment Environment { get; }

    private protected ActionHead Head { get; }

    private protected AgentNetwork Layout { get; }

    private protected RandomStream Stream { get; }

    private protected ObservationMoments? Moments { get; }

    private protected abstract Learner Learner { get; set; }

    /// <summary>Plays some steps and learns from them.</summary>
    public abstract void Update();

    /// <summary>The policy as it is now, as a value.</summary>
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

    /// <summary>The grid game behind an environment, also where it is shown as a picture.</summary>
    private static GridEnvironment? GridOf(IEnvironment environment) =>
        environment as GridEnvironment ?? (environment as PixelGrid)?.Grid;

    /// <summary>Name of the method, lower case.</summary>
    public abstract string Name { get; }

    /// <summary>Saves everything that decides what comes next.</summary>
    /// <param name="folder">A folder of checkpoints; the one before is removed when the new one is whole.</param>
    /// <param name="run">What whoever runs the training wants to remember.</param>
    /// <param name="networks">Networks that go with it: the best so far.</param>
    public void Save(string folder, JsonNode? run = null, IReadOnlyDictionary<string, Network>? networks = null)
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var json = new JsonObject
        {
            ["steps"] = Steps, ["run"] = run?.DeepClone(), ["slots"] = VectorState.Save(Environment, tensors),
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

    /// <summary>Goes on from a checkpoint of the same environment and options.</summary>
    /// <param name="folder">As given to <see cref="Save"/>.</param>
    /// <returns>What whoever runs the training remembered, and the networks that went with it.</returns>
    /// <exception cref="ModelFormatException">It is damaged, or of other options.</exception>
    /// <exception cref="InvalidDataException">The environment does not repeat an episode.</exception>
    public (JsonNode? Run, IReadOnlyDictionary<string, Network> Networks) Resume(string folder)
    {
        Learner loaded = Learner.Load(folder, Learner.Options, Identity(), out MethodState state);
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
                folder, 0, $"checkpoint: the state of the training does not fit ({e.Message})", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives memory back.</summary>
    /// <param name="disposing">Always true.</param>
    protected virtual void Dispose(bool disposing) => Learner.Dispose();

    private protected virtual void SaveMore(JsonObject json, Dictionary<string, Tensor> tensors)
    {
        // Most methods remember nothing else.
    }

    private protected virtual void RestoreMore(JsonObject json, IReadOnlyDictionary<string, Tensor> tensors)
    {
        // Most methods remember nothing else.
    }

    /// <summary>The rate's factor at this point of the training.</summary>
    private protected float RateFactor => _options.IsAnnealed ? Math.Max(0, 1 - ((float)Steps / _options.Steps)) : 1;

    private Dictionary<string, string> Identity() => new(StringComparer.Ordinal)
    {
        ["environment"] = Environment.Spec.Name, ["method"] = Name, ["layout"] = Layout.Describe(),
        ["options"] = _options.Fingerprint().ToJsonString(),
        ["observation"] = Environment.Spec.ObservationShape.ToString(),
    };
}
