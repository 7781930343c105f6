using System.Text.Json.Nodes;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Reinforcement.Agents.Defenses;
using Temper.Reinforcement.Environments;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Trains an actor-critic network with PPO on newly collected experience; A2C is the same with one epoch and no
/// clipping.
/// </summary>
public sealed class OnPolicyTrainer : AgentTrainer
{
    private readonly OnPolicyOptions _options;
    private readonly PolicyGradient _loss;
    private readonly Rollout _rollout;
    private readonly ObservationRows _rows;
    private readonly PolicyRunner _runner = new(isBatchInvariant: false);
    private readonly RandomStream _noise, _order, _defense;
    private readonly float[] _outputs, _single, _draws, _last, _seen;
    private readonly int[] _shuffled;
    private readonly StepOutcome[] _outcomes;
    private readonly int _width, _noiseWidth, _actionWidth;
    private PolicyLoss _metrics = new(float.NaN, float.NaN, float.NaN, float.NaN);

    /// <summary>Creates a trainer and resets the environments.</summary>
    /// <param name="create">
    /// Creates an environment; called once for each. The environments are disposed with the trainer.
    /// </param>
    /// <param name="options">Training options.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range, the options contain a defense and the actions are continuous, or observations have no
    /// axis.
    /// </exception>
    /// <exception cref="InvalidDataException">The first observation is not finite.</exception>
    public OnPolicyTrainer(Func<IEnvironment> create, OnPolicyOptions options)
        : base(options, create, spec => spec.Actions.IsDiscrete ? ActionHead.Categorical : ActionHead.Gaussian)
    {
        try
        {
            _options = options;
            EnvironmentSpec spec = Environment.Spec;
            options.ValidateFor(spec);
            (_width, _noiseWidth, _actionWidth) =
                (Head.OutputsFor(spec.Actions), Head.NoiseFor(spec.Actions), Math.Max(1, spec.Actions.Dimensions));
            _rollout = new Rollout(options.Horizon, options.Environments, Environment.ObservationLength, _actionWidth);
            _loss = new PolicyGradient(Head, options, _rollout) { Width = _width };
            _rows = new ObservationRows(_rollout);
            (_outputs, _single) = (new float[options.Environments * _width], new float[_width]);
            _draws = new float[options.Environments * _noiseWidth];
            (_last, _outcomes) = (new float[options.Environments], new StepOutcome[options.Environments]);
            (_seen, _shuffled) = (new float[Environment.Observations.Length], new int[_rollout.Length]);
            (_noise, _order, _defense) = (Stream.Split("actions"), Stream.Split("order"), Stream.Split("defense"));
            Learner = NewLearner(Layout.ActorCritic(spec, Environment.Frames, Head, Stream.Split("weights")), options);
            Environment.Reset();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string Name => _options.Clip is null ? "a2c" : "ppo";

    /// <inheritdoc/>
    public override IReadOnlyList<KeyValuePair<string, double>> Metrics =>
    [
        new("loss/policy", _metrics.Policy), new("loss/value", _metrics.Value), new("entropy", _metrics.Entropy),
        new("divergence", _metrics.Divergence),
    ];

    private protected override Learner Learner { get; set; }

    /// <inheritdoc/>
    public override void Update()
    {
        FinishedEpisodes.Clear();
        for (int step = 0; step < _options.Horizon; step++)
        {
            Act(step);
        }

        _runner.Run(Learner.Network, Seen(Environment.Observations, _seen), _options.Environments, _outputs, _last);
        _rollout.ComputeAdvantages(_last, _options.Gamma, _options.Lambda);
        Learn();
        Steps += _rollout.Length;
        Moments?.Refresh();
    }

    private static Learner NewLearner(Network network, OnPolicyOptions options) => new(network, new LearnerOptions
    {
        Optimizer = options.Optimizer with { LearningRate = options.LearningRate },
        Clipping = new GradientClipping { MaxNorm = options.MaxGradientNorm },
        Seed = options.Seed,
    });

    private void Act(int step)
    {
        int count = _options.Environments;
        Span<float> seen = _rollout.Observations(step), actions = _rollout.Actions(step);
        Moments?.Add(Environment.Observations);
        Seen(Environment.Observations, seen);
        _options.Defense?.Disturb(Defended(
            Learner.Network, _defense.Split("frames").Split((Updates * _options.Horizon) + step)), seen, count);
        _runner.Run(Learner.Network, seen, count, _outputs, _rollout.Values.AsSpan(step * count, count));
        Head.FillNoise(_noise.Split((Updates * _options.Horizon) + step), _draws, 0);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> outputs = _outputs.AsSpan(i * _width, _width);
            Span<float> action = actions.Slice(i * _actionWidth, _actionWidth);
            Head.Sample(outputs, _draws.AsSpan(i * _noiseWidth, _noiseWidth), action);
            _rollout.LogProbabilities[(step * count) + i] = Head.Likelihood(outputs, action).LogProbability;
        }

        Environment.Step(actions, _outcomes);
        FinishedEpisodes.AddRange(Environment.Finished);
        for (int i = 0; i < count; i++)
        {
            int sample = (step * count) + i;
            float after =
                _outcomes[i] is { IsTruncated: true, IsTerminated: false } ? _options.Gamma * ValueAfter(i) : 0;
            _rollout.Rewards[sample] = (_outcomes[i].Reward * _options.RewardScale) + after;
            _rollout.Ends[sample] = _outcomes[i].IsOver;
        }
    }

    private DefendedTraining Defended(Network network, RandomStream random) =>
        new(network, random, Environment.Spec.Minimum, Environment.Spec.Maximum, (float)Steps / _options.Steps);

    /// <summary>Number of updates completed.</summary>
    private long Updates => Steps / _rollout.Length;

    /// <summary>Estimates the return that would have followed an episode truncated in the last step.</summary>
    private float ValueAfter(int slot)
    {
        Span<float> value = stackalloc float[1];
        Span<float> seen = _seen.AsSpan(0, Environment.ObservationLength);
        _runner.Run(Learner.Network, Seen(Environment.FinalObservation(slot), seen), 1, _single, value);
        return value[0];
    }

    /// <summary>Returns observations as the network receives them: normalized if the options say so.</summary>
    private Span<float> Seen(ReadOnlySpan<float> observations, Span<float> seen)
    {
        observations.CopyTo(seen);
        Moments?.Apply(seen);
        return seen;
    }

    private void Learn()
    {
        _metrics = default;
        int size = _rollout.Length / _options.Minibatches, parts = _options.Epochs * _options.Minibatches;
        for (int epoch = 0; epoch < _options.Epochs; epoch++)
        {
            for (int i = 0; i < _shuffled.Length; i++)
            {
                _shuffled[i] = i;
            }

            _order.Split(Updates).Split(epoch).Shuffle(_shuffled.AsSpan());
            for (int part = 0; part < _options.Minibatches; part++)
            {
                // The last minibatch takes the remainder.
                int start = part * size, end = part == _options.Minibatches - 1 ? _shuffled.Length : start + size;
                PolicyLoss loss = Step(_shuffled.AsMemory(start, end - start), (epoch * _options.Minibatches) + part);
                _metrics += new PolicyLoss(
                    loss.Policy / parts, loss.Value / parts, loss.Entropy / parts, loss.Divergence / parts);
            }
        }
    }

    /// <summary>
    /// Performs one gradient step. The gradient of the loss with respect to the outputs is computed in closed form. The
    /// tape differentiates the inner product of the outputs and this gradient, which has the same parameter gradient as
    /// the loss.
    /// </summary>
    private PolicyLoss Step(ReadOnlyMemory<int> samples, int part)
    {
        using var scope = new TensorScope();
        PolicyLoss loss = default;
        Tensor input = Tensor.Allocate(Learner.Network.Inputs[0].BatchShape(samples.Length));
        _rows.CopyTo(input, samples);
        using Gradients gradients = Learner.Gradients((network, pass) =>
        {
            IReadOnlyList<Tensor> outputs = network.Forward([input], pass);
            outputs[0].AsSpan<float>().CopyTo(_loss.Outputs);
            outputs[1].AsSpan<float>().CopyTo(_loss.Values);
            loss = _loss.Compute(samples);
            Tensor sum = (outputs[0] * Rented(_loss.ByOutputs, outputs[0].Shape)).Sum()
                + (outputs[1] * Rented(_loss.ByValues, outputs[1].Shape)).Sum();
            Tensor? penalty = _options.Defense?.Penalty(
                Defended(network, _defense.Split("penalty").Split(Updates).Split(part)), input, outputs[0]);
            return penalty is null ? sum : sum + penalty;
        });
        Learner.Apply(gradients, RateFactor);
        return loss;
    }

    private static Tensor Rented(float[] values, Shape shape)
    {
        Tensor tensor = Tensor.Allocate(shape);
        values.AsSpan(0, shape.Count).CopyTo(tensor.Writable());
        return tensor;
    }
}
