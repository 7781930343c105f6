using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Growth.Blocks;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Growth.Initializers;

/// <summary>
/// Approximate Network Morphism: trains only scale and shift of the last normalization, with Adam, until the training
/// accuracy is back at its old value.
/// </summary>
public sealed record AdamInit : BlockInitializer
{
    /// <summary>Maximum number of epochs.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Accepted difference to the old training accuracy, 0 to 1.</summary>
    public double Tolerance { get; init; } = 0.005;

    /// <inheritdoc/>
    public override string Name => "adam";

    /// <inheritdoc/>
    public override bool NeedsShortcut => true;

    /// <inheritdoc/>
    public override Network Initialize(Network network, GrowthBlock block, InitializerSetting setting)
    {
        HashSet<string> last = [.. (block.LastNorm(network) ?? block.LastLayer(network)).Parameters];
        TrainingOptions options = setting.Training with
        {
            // A seed has 64 bits, the state of the block's stream 128. Both halves are mixed in, so that blocks whose
            // streams differ in one half only are trained with different seeds.
            Seed = setting.Stream.State.Key ^ setting.Stream.State.Stream,
            Epochs = Epochs,
            Optimizer = new Adam { LearningRate = 1e-3f, WeightDecay = 5e-4f },
            Schedule = new ConstantSchedule(),
            Edits = [new StopAtAccuracy(setting.TrainAccuracy - Tolerance)],
            Callbacks = [],
            Average = null,
            CheckpointFolder = null,
        };
        Network tuned = Trainer.Fit(network.WithTrainable(false, parameter =>
            !last.Contains(parameter.Name)), setting.Train, setting.Validation, options).Last;
        HashSet<string> statistics = [.. block.NodesIn(network).SelectMany(node => node.Buffers)];
        return network
            .WithParameters(last.Select(name => network.Parameters[name] with { Value = tuned.Parameters[name].Value }))
            .WithBuffers(tuned.Buffers.Where(entry => statistics.Contains(entry.Key)));
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() =>
        new JsonObject { ["name"] = Name, ["epochs"] = Epochs, ["tolerance"] = Tolerance };

    /// <summary>Ends training when the training accuracy exceeds a threshold.</summary>
    private sealed class StopAtAccuracy(double accuracy) : IEpochEdit
    {
        public string Name => "stop-at-accuracy";

        public bool EndsTraining { get; private set; }

        public void AfterEpoch(Learner learner, EpochResult epoch) => EndsTraining = epoch.TrainAccuracy > accuracy;

        public JsonNode? Save() => null;

        public void Restore(JsonNode? state)
        {
        }

        public JsonNode Fingerprint() => JsonValue.Create(accuracy);
    }
}

/// <summary>
/// An initializer similar to GradMax (arXiv:2201.05125): the branch outputs zero, and of several random draws of the
/// inner layers the one with the largest gradient of the loss with respect to the last normalization is chosen. GradMax
/// computes an optimum instead; the random search also works with normalizations and any operators.
/// </summary>
public sealed record GradMaxInit : BlockInitializer
{
    /// <summary>Number of random draws.</summary>
    public int Draws { get; init; } = 8;

    /// <inheritdoc/>
    public override string Name => "gradmax";

    /// <inheritdoc/>
    public override bool NeedsShortcut => true;

    /// <inheritdoc/>
    public override Network Initialize(Network network, GrowthBlock block, InitializerSetting setting)
    {
        Batch batch = setting.FirstBatch();
        var silent = new ZeroInit();
        Network? best = null;
        double longest = double.NegativeInfinity;
        for (int draw = 0; draw < Draws; draw++)
        {
            Network candidate = silent.Initialize(
                draw == 0 ? network : Redrawn(network, block, setting.Stream.Split(draw)), block, setting);
            double length = GradientLength(candidate, block, batch, setting.Training.Loss);
            (best, longest) = length > longest ? (candidate, length) : (best, longest);
        }

        return best ?? silent.Initialize(network, block, setting);
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => new JsonObject { ["name"] = Name, ["draws"] = Draws };

    private static Network Redrawn(Network network, GrowthBlock block, RandomStream stream)
    {
        HashSet<string> own = [.. block.ParametersIn(network).Select(parameter => parameter.Name)];
        return network.WithParameters(
            network.Initialize(stream).Parameters.Where(parameter => own.Contains(parameter.Name)));
    }

    /// <summary>Returns the squared norm of the loss gradient with respect to the parameters set to zero.</summary>
    private static double GradientLength(Network network, GrowthBlock block, Batch batch, TrainingLoss loss)
    {
        Node last = block.LastWeighted(network);
        Tensor[] sources = [.. last.Parameters.Select(name => network.Parameters[name].Value)];
        using var tape = new GradientTape();
        Array.ForEach(sources, source => tape.Watch(source));
        Tensor value =
            loss.Value(network.Forward(batch.Inputs, Pass.Training(RandomStream.FromSeed(0))), batch.Targets);
        double sum = 0;
        foreach (Tensor source in sources)
        {
            foreach (float derivative in tape.Gradient(value, source).Detach().AsSpan<float>())
            {
                sum += (double)derivative * derivative;
            }
        }

        return sum;
    }
}
