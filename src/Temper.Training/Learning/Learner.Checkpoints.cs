using Temper.Formats;
using Temper.Networks;
using Temper.Optimization;
using Temper.Training.Checkpoints;

namespace Temper.Training;

/// <content>Saving and loading.</content>
public sealed partial class Learner
{
    /// <summary>
    /// Saves everything that decides what comes next: graph, weights, masks, optimizer state, averages, counters,
    /// options.
    /// </summary>
    /// <param name="folder">A folder of checkpoints; the one before is removed when the new one is whole.</param>
    /// <param name="identity">
    /// What else decides the bytes of the run, by name: the method's options, what the data were.
    /// </param>
    /// <param name="method">What the method remembers; null: nothing.</param>
    /// <exception cref="IOException">It cannot be written; the checkpoint before is intact.</exception>
    public void Save(string folder, IReadOnlyDictionary<string, string> identity, MethodState? method = null) =>
        Save(folder, identity, method ?? MethodState.Empty, create: null);

    /// <summary>Goes on from the newest checkpoint of a folder; the graph comes from there, edits included.</summary>
    /// <param name="folder">
    /// As given to <see cref="Save(string, IReadOnlyDictionary{string, string}, MethodState?)"/>.
    /// </param>
    /// <param name="options">Those of the run.</param>
    /// <param name="identity">As saved; null: not compared.</param>
    /// <exception cref="FileNotFoundException">The folder has no checkpoint.</exception>
    /// <exception cref="ModelFormatException">
    /// The checkpoint is damaged, or options or identity differ: the error names what does.
    /// </exception>
    public static Learner Load(
        string folder, LearnerOptions options, IReadOnlyDictionary<string, string>? identity = null) =>
        Load(folder, options, identity, out _);

    /// <inheritdoc cref="Load(string, LearnerOptions, IReadOnlyDictionary{string, string}?)"/>
    /// <param name="folder">The folder of checkpoints.</param>
    /// <param name="options">Those of the run.</param>
    /// <param name="identity">As saved; null: not compared.</param>
    /// <param name="method">What the method had saved.</param>
    public static Learner Load(
        string folder, LearnerOptions options, IReadOnlyDictionary<string, string>? identity, out MethodState method)
    {
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
                Path.Combine(newest, CheckpointTensors.ModelFile), 0, $"checkpoint: {e.Message}", e);
        }
    }

    /// <summary>Whether a folder has a checkpoint to go on from.</summary>
    /// <param name="folder">Need not exist.</param>
    public static bool CanLoad(string folder) => Checkpoint.Exists(folder);

    /// <summary>
    /// A learner at the same step with other parameters: those that ranks have put together of their shards.
    /// </summary>
    internal Learner With(Network network, Func<Parameter, (OptimizerState State, float[]? Average)> remembered) =>
        new(network, _options, remembered) { Steps = Steps, GradientCount = GradientCount };

    /// <summary>
    /// Goes on with the network and the memory of another learner at the same step: the whole of which this one was a
    /// shard.
    /// </summary>
    internal void TakeOver(Learner whole) => (_trained, Network) = (whole._trained, whole.Network);

    internal void Save(
        string folder, IReadOnlyDictionary<string, string> identity, MethodState method,
        Func<string, Stream>? create) => Checkpoint.Save(
        folder,
        Steps,
        CheckpointTensors.Of(this, method),
        new CheckpointState
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
        },
        create);
}
