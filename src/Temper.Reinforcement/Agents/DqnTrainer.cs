using System.Numerics.Tensors;
using System.Text.Json.Nodes;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Reinforcement.Environments;
using Tensor = Temper.Tensors.Tensor;
using TensorScope = Temper.Tensors.TensorScope;
using Temper.Training;

namespace Temper.Reinforcement.Agents;

/// <summary>Trains action values (DQN) on experience from a replay buffer.</summary>
public sealed class DqnTrainer : AgentTrainer
{
    private readonly DqnOptions _options;
    private readonly ReplayBuffer _replay;
    private readonly StepQueue[] _queues;
    private readonly PolicyRunner _runner = new(isBatchInvariant: false);
    private readonly RandomStream _noise, _picks;
    private readonly float[] _before, _outputs, _actions, _draws, _rows, _values, _target;
    private readonly StepOutcome[] _outcomes;
    private readonly int[] _samples;
    private readonly int _count, _length;
    private Network _targetNetwork;
    private double _loss = double.NaN;

    /// <summary>Creates a trainer and resets the environments.</summary>
    /// <param name="create">
    /// Creates an environment; its actions must be discrete. The environments are disposed with the trainer.
    /// </param>
    /// <param name="options">Training options.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range, the environment's actions are continuous, its observations have no axis, or the
    /// options normalize observations.
    /// </exception>
    /// <exception cref="InvalidDataException">The first observation is not finite.</exception>
    public DqnTrainer(Func<IEnvironment> create, DqnOptions options)
        : base(options, create, _ => ActionHead.Values)
    {
        try
        {
            EnvironmentSpec spec = Environment.Spec;
            options.ValidateFor(spec);
            (_options, _count, _length) = (options, spec.Actions.Count, Environment.ObservationLength);
            _replay = new ReplayBuffer(options.ReplayCapacity, _length, spec);
            _queues = [.. Enumerable.Range(0, options.Environments).Select(
                _ => new StepQueue(options.NSteps, _length, options.Gamma))];
            (_before, _outputs) = (new float[options.Environments * _length], new float[options.Environments * _count]);
            (_actions, _draws) = (new float[options.Environments], new float[2 * options.Environments]);
            (_outcomes, _samples) = (new StepOutcome[options.Environments], new int[options.Batch]);
            _rows = new float[options.Batch * _length];
            (_values, _target) = (new float[options.Batch * _count], new float[options.Batch * _count]);
            (_noise, _picks) = (Stream.Split("actions"), Stream.Split("replay"));
            Learner = NewLearner(Layout.ActionValues(spec, Environment.Frames, Stream.Split("weights")), options);
            _targetNetwork = Learner.Snapshot();
            Environment.Reset();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string Name => "dqn";

    /// <inheritdoc/>
    public override IReadOnlyList<KeyValuePair<string, double>> Metrics =>
        [new("loss/value", _loss), new("epsilon", Epsilon)];

    private protected override Learner Learner { get; set; }

    private float Epsilon => _options.InitialEpsilon
        + ((_options.FinalEpsilon - _options.InitialEpsilon) * Math.Min(1f, (float)Steps / _options.EpsilonSteps));

    /// <inheritdoc/>
    /// <remarks>Performs one step of all environments, then the gradient steps that are due.</remarks>
    public override void Update()
    {
        FinishedEpisodes.Clear();
        Act();
        long before = Steps;
        Steps += _options.Environments;
        long due = Steps < _options.LearningStarts
            ? 0
            : (Steps / _options.TrainEvery) - (Math.Max(before, _options.LearningStarts - 1) / _options.TrainEvery);
        for (int i = 0; i < due && _replay.Count >= _options.Batch; i++)
        {
            Learn();
        }
    }

    private protected override void SaveMore(JsonObject json, Dictionary<string, Tensor> tensors)
    {
        _replay.Save(tensors);
        json["queues"] = new JsonArray([.. _queues.Select(queue => (JsonNode)queue.Count)]);
        float[] state = [.. _queues.SelectMany(queue => queue.State)];
        tensors["queues"] = Tensor.From(state, [state.Length]);
        foreach (Parameter parameter in _targetNetwork.Parameters)
        {
            tensors[$"target.{parameter.Name}"] = parameter.Value;
        }
    }

    private protected override void RestoreMore(JsonObject json, IReadOnlyDictionary<string, Tensor> tensors)
    {
        _replay.Restore(tensors);
        ReadOnlySpan<float> state = tensors["queues"].AsSpan<float>();
        for (int i = 0; i < _queues.Length; i++)
        {
            int length = json["queues"]![i]!.GetValue<int>() * (_length + 2);
            _queues[i].Restore(state[..length]);
            state = state[length..];
        }

        _targetNetwork = _targetNetwork.WithParameters(_targetNetwork.Parameters.Select(
            parameter => parameter with { Value = tensors[$"target.{parameter.Name}"] }));
    }

    private static Learner NewLearner(Network network, DqnOptions options) => new(network, new LearnerOptions
    {
        Optimizer = new Adam { LearningRate = options.LearningRate, Epsilon = 1e-5f },
        Clipping = new GradientClipping { MaxNorm = options.MaxGradientNorm },
        Seed = options.Seed,
    });

    private void Act()
    {
        Environment.Observations.CopyTo(_before);
        _runner.Run(Learner.Network, _before, _options.Environments, _outputs);
        _noise.Split(Steps).Fill(_draws.AsSpan());
        for (int i = 0; i < _options.Environments; i++)
        {
            Head.Greedy(_outputs.AsSpan(i * _count, _count), _actions.AsSpan(i, 1));
            if (_draws[2 * i] < Epsilon)
            {
                _actions[i] = Math.Min(_count - 1, (int)(_draws[(2 * i) + 1] * _count));
            }
        }

        Environment.Step(_actions, _outcomes);
        FinishedEpisodes.AddRange(Environment.Finished);
        for (int i = 0; i < _options.Environments; i++)
        {
            StepOutcome outcome = _outcomes[i];
            ReadOnlySpan<float> last =
                outcome.IsOver ? Environment.FinalObservation(i) : Environment.Observations.Slice(i * _length, _length);
            _queues[i].Add(
                _before.AsSpan(i * _length, _length), _actions[i], outcome.Reward * _options.RewardScale,
                outcome.IsTerminated, outcome.IsOver, last, _replay);
        }
    }

    /// <summary>
    /// Performs one gradient step toward <c>y = r + discount Q'(o', argmax Q(o', .))</c>, with Q' the target network,
    /// under the Huber loss. Only the output of the action taken gets a gradient: the error clipped to [-1, 1]
    /// (arXiv:1509.06461, eq. 4).
    /// </summary>
    private void Learn()
    {
        int batch = _options.Batch;
        _picks.Split(Learner.Steps).Cursor().Fill(_samples, _replay.Count);
        for (int i = 0; i < batch; i++)
        {
            _replay.ReadLast(_samples[i], _rows.AsSpan(i * _length, _length));
        }

        _runner.Run(_targetNetwork, _rows, batch, _target);
        _runner.Run(_options.IsDouble ? Learner.Network : _targetNetwork, _rows, batch, _values);
        using var scope = new TensorScope();
        Tensor input = Tensor.Allocate(Learner.Network.Inputs[0].BatchShape(batch));
        for (int i = 0; i < batch; i++)
        {
            _replay.ReadFirst(_samples[i], input.Writable().Slice(i * _length, _length));
        }

        using Gradients gradients = Learner.Gradients((network, pass) =>
        {
            Tensor outputs = network.Forward(input, pass), gradient = Tensor.Allocate(outputs.Shape);
            _loss = HuberGradient(outputs.AsSpan<float>(), gradient.Writable());
            return (outputs * gradient).Sum();
        });
        Learner.Apply(gradients, RateFactor);
        if (Learner.Steps % _options.TargetEvery == 0)
        {
            _targetNetwork = Learner.Snapshot();
        }
    }

    private double HuberGradient(ReadOnlySpan<float> outputs, Span<float> gradient)
    {
        gradient.Clear();
        double loss = 0;
        for (int i = 0; i < _samples.Length; i++)
        {
            int best = TensorPrimitives.IndexOfMax(_values.AsSpan(i * _count, _count)),
                offset = (i * _count) + (int)_replay.Actions[_samples[i]];
            float error = outputs[offset]
                - (_replay.Rewards[_samples[i]] + (_replay.Discounts[_samples[i]] * _target[(i * _count) + best]));
            gradient[offset] = Math.Clamp(error, -1, 1) / _samples.Length;
            loss += (Math.Abs(error) <= 1 ? 0.5 * error * error : Math.Abs(error) - 0.5) / _samples.Length;
        }

        return loss;
    }
}
