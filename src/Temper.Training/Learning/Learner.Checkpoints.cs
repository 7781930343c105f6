using Temper.Formats;
using Temper.Networks;
using Temper.Optimization;
using Temper.Training.Checkpoints;

namespace Temper.Training;

/// <content>Saving and loading.</content>
public sealed partial class Learner
{
    /// <summary>
    /// Saves the complete training state: graph, weights, masks, optimizer state, averages, counters and options.
    /// </summary>
    /// <param name="folder">
    /// Folder of checkpoints. The previous checkpoint is removed after the new one is complete.
    /// </param>
    /// <param name="identity">
    /// Everything else that determines the exact results of the run, by name: options of the method, properties of the
    /// data.
    /// </param>
    /// <param name="method">State of the method; null: none.</param>
    /// <exception cref="IOException">The checkpoint cannot be written. The previous checkpoint is intact.</exception>
    /// <exception cref="TrainingDivergedException">
    /// A value of the network is not finite. The previous checkpoint is intact.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The learner was disposed; nothing is written.</exception>
    public void Save(string folder, IReadOnlyDictionary<string, string> identity, MethodState? method = null)
    {
        if (Divergence() is { } divergence)
        {
            throw divergence;
        }

        Save(folder, identity, method ?? MethodState.Empty, create: null);
    }

    /// <summary>
    /// Resumes from the newest checkpoint of a folder. The graph is read from the checkpoint, including earlier edits.
    /// </summary>
    /// <param name="folder">
    /// The folder given to <see cref="Save(string, IReadOnlyDictionary{string, string}, MethodState?)"/>.
    /// </param>
    /// <param name="options">The options of the run.</param>
    /// <param name="identity">The identity that was saved; null: not compared.</param>
    /// <exception cref="FileNotFoundException">The folder has no checkpoint.</exception>
    /// <exception cref="ModelFormatException">
    /// The checkpoint is damaged, or options or identity differ; the message names the difference.
    /// </exception>
    public static Learner Load(
        string folder, LearnerOptions options, IReadOnlyDictionary<string, string>? identity = null) =>
        Load(folder, options, identity, out _);

    /// <inheritdoc cref="Load(string, LearnerOptions, IReadOnlyDictionary{string, string}?)"/>
    /// <param name="folder">Folder of checkpoints.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="identity">The identity that was saved; null: not compared.</param>
    /// <param name="method">Receives the state that the method saved.</param>
    public static Learner Load(
        string folder, LearnerOptions options, IReadOnlyDictionary<string, string>? identity, out MethodState method)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (string newest, CheckpointState state) = Checkpoint.OpenNewest(
            folder, (found, path) => found.Require(Fingerprints.Flatten(options.Fingerprint()), identity, path));
        method = CheckpointTensors.ReadMethod(newest, state);
        try
        {
            return new Learner(
                CheckpointTensors.ReadNetwork(newest), options, CheckpointTensors.ReadOptimizer(newest, options, state))
            {
                Steps = state.Steps,
                GradientCount = state.Gradients,
            };
        }
        catch (ArgumentException e)
        {
            throw new ModelFormatException(
                Path.Combine(newest, CheckpointTensors.ModelFile), $"checkpoint: {e.Message}", e);
        }
    }

    /// <summary>Returns whether a folder has a checkpoint to resume from.</summary>
    /// <param name="folder">Folder of checkpoints; need not exist.</param>
    public static bool CanLoad(string folder) => Checkpoint.Exists(folder);

    /// <summary>
    /// Returns a learner at the same step with other parameters: those gathered from the shards of all ranks.
    /// </summary>
    internal Learner With(Network network, Func<Parameter, (OptimizerState State, float[]? Average)> remembered) =>
        new(network, _options, remembered) { Steps = Steps, GradientCount = GradientCount };

    /// <summary>
    /// Continues with the network and state of another learner at the same step, which holds the complete parameters
    /// instead of this learner's shard.
    /// </summary>
    internal void TakeOver(Learner whole) => (_trained, Network) = (whole._trained, whole.Network);

    internal void Save(
        string folder, IReadOnlyDictionary<string, string> identity, MethodState method,
        Func<string, Stream>? create)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(identity);
        var state = new CheckpointState
        {
            Options = Fingerprints.Flatten(_options.Fingerprint()),
            Identity = new SortedDictionary<string, string>(
                identity.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal),
            Files = [],
            OptimizerSteps = new SortedDictionary<string, long>(
                _trained.All.ToDictionary(trained => trained.Parameter.Name, trained =>
                    trained.State.Steps, StringComparer.Ordinal), StringComparer.Ordinal),
            Steps = Steps,
            Gradients = GradientCount,
            Method = method.Json?.DeepClone(),
        };
        Checkpoint.Save(folder, Steps, CheckpointTensors.Of(this, method), state, create);
    }
}
