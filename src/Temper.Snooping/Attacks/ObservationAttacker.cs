using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;

namespace Temper.Snooping.Attacks;

/// <summary>
/// Perturbs the observations that pass through a channel. It uses gradients of proxies only and never queries the agent
/// or the environment.
/// </summary>
/// <remarks>
/// Not thread-safe. The same observations in the same order give the same perturbations. Each slot is a separate stream
/// with its own stack of frames.
/// </remarks>
public sealed class ObservationAttacker
{
    private readonly ObservationAttack _attack;
    private readonly IReadOnlyList<Proxy> _proxies;
    private readonly StreamInfo _stream;
    private readonly AttackTiming _timing;
    private readonly RandomStream _random;
    private readonly Pass _pass = Pass.Evaluation.BatchInvariant();
    private readonly Dictionary<int, Slot> _slots = [];

    /// <summary>Creates an attacker for the streams of one format.</summary>
    /// <param name="attack">The attack to apply.</param>
    /// <param name="proxies">Networks whose losses are summed; may be empty for noise.</param>
    /// <param name="stream">Format of the streams.</param>
    /// <param name="random">Source of random numbers.</param>
    /// <param name="timing">Which frames are attacked; null: every frame.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range, a required proxy is missing, a proxy was made for another stream format, or an 8-bit
    /// channel cannot represent the stream's values.
    /// </exception>
    public ObservationAttacker(
        ObservationAttack attack, IReadOnlyList<Proxy> proxies, StreamInfo stream, RandomStream random,
        AttackTiming? timing = null)
    {
        attack.Validate();
        (_attack, _proxies, _stream, _random, _timing) =
            (attack, proxies, stream, random, timing ?? AttackTiming.EveryFrame);
        if (attack is GradientSign or GuidedFrame && proxies.Count == 0)
        {
            throw new ArgumentException($"{attack.Name}: needs at least one proxy");
        }

        if (attack is GuidedFrame && (proxies[0].Goal != ProxyGoal.Classes
            || !float.IsFinite(stream.Minimum) || !float.IsFinite(stream.Maximum)))
        {
            throw new ArgumentException($"{attack.Name}: needs a proxy that predicts actions and bounded observations "
                + $"(got {proxies[0].Goal}, {stream.Minimum} to {stream.Maximum})");
        }

        if (proxies.FirstOrDefault(proxy => !proxy.Stream.StackShape.Equals(stream.StackShape)) is { } other)
        {
            throw new ArgumentException($"{attack.Name}: the proxy {other.Task} was made for another stream format "
                + $"(got {other.Stream.StackShape}, expected {stream.StackShape})");
        }

        if (attack.Precision == ChannelPrecision.UInt8 && !(stream is { Minimum: >= 0, Maximum: <= 1 }))
        {
            throw new ArgumentException(
                $"{attack.Name}: precision UInt8 requires observations between 0 and 1 (got {stream.Minimum} to "
                + $"{stream.Maximum}); set Precision to Float32");
        }

        if (_timing.Rule is TimingRule.LowMargin or TimingRule.HighPreference)
        {
            AttackTiming.Require(proxies[0]);
        }
    }

    /// <summary>Number of frames that passed through the channel.</summary>
    public long Frames { get; private set; }

    /// <summary>Number of frames that were attacked.</summary>
    public long Attacked { get; private set; }

    /// <summary>Number of gradient computations; <see cref="GuidedFrame"/> counts one per attacked frame.</summary>
    public long Gradients { get; private set; }

    /// <summary>Perturbs an observation in place.</summary>
    /// <param name="slot">Index of the stream.</param>
    /// <param name="observation">
    /// One frame, or the whole stack, depending on <see cref="ObservationAttack.Mode"/>. Replaced by the observation
    /// that the agent receives.
    /// </param>
    /// <param name="isFirst">True at the first observation of an episode.</param>
    /// <exception cref="ArgumentException">The observation has the wrong length.</exception>
    public void Perturb(int slot, Span<float> observation, bool isFirst)
    {
        int expected = _attack.Mode == StackMode.PerFrame ? _stream.FrameShape.Count : _stream.StackShape.Count;
        if (observation.Length != expected)
        {
            throw new ArgumentException($"{_attack.Name}: the observation has the wrong length (got "
                + $"{observation.Length}, expected {expected})", nameof(observation));
        }

        if (!_slots.TryGetValue(slot, out Slot? state))
        {
            _slots.Add(slot, state = new Slot(_stream.StackShape.Count, _random.Split(slot)));
        }

        Push(state, observation, isFirst);
        Frames++;
        if (_attack.Epsilon > 0 && IsChosen(state))
        {
            Attacked++;
            Change(state, observation.Length);
        }

        Span<float> changed = state.Stack.AsSpan()[^observation.Length..];
        if (_attack.Precision == ChannelPrecision.UInt8)
        {
            Round(changed, observation);
        }

        changed.CopyTo(observation);
        state.Count++;
    }

    private void Push(Slot state, ReadOnlySpan<float> observation, bool isFirst)
    {
        if (_attack.Mode == StackMode.WholeStack)
        {
            observation.CopyTo(state.Stack);
        }
        else
        {
            FrameHistory.Push(state.Stack, observation, isFirst);
        }
    }

    private bool IsChosen(Slot state)
    {
        if (_timing.Rule == TimingRule.Every)
        {
            return true;
        }

        Span<float> draw = stackalloc float[1];
        state.Random.Split("timing").FillUniform(draw, 0, 1, state.Count);
        if (_timing.Rule == TimingRule.Random)
        {
            return _timing.Attacks([], draw[0]);
        }

        using var scope = new TensorScope();
        return _timing.Attacks(_proxies[0].Network.Forward([Batch(state.Stack)], _pass)[0].AsSpan<float>(), draw[0]);
    }

    /// <summary>Perturbs the newest <paramref name="length"/> values of the stack.</summary>
    private void Change(Slot state, int length)
    {
        Span<float> x = state.Stack.AsSpan()[^length..];
        x.CopyTo(state.Clean);
        switch (_attack)
        {
            case GradientSign gradient:
                Climb(gradient, state, length);
                break;
            case GuidedFrame guided:
                Turn(guided, state, x);
                break;
            case UniformNoise:
                Noise(state, x, isSign: false);
                break;
            default:
                Noise(state, x, isSign: true);
                break;
        }
    }

    /// <summary>
    /// Finds the smallest perturbation that changes the first proxy's action; leaves the frame unchanged if none is
    /// found.
    /// </summary>
    private void Turn(GuidedFrame attack, Slot state, Span<float> x)
    {
        using var scope = new TensorScope();
        Network network = _proxies[0].Network;
        network = network.Outputs.Count > 1 ? network.WithOutputs(network.Outputs[0]) : network;
        Tensor clean = Batch(state.Stack);
        long action =
            System.Numerics.Tensors.TensorPrimitives.IndexOfMax(network.Forward([clean], _pass)[0].AsSpan<float>());
        var search =
            new CarliniWagner { Guidance = Guidance.Weighted, Steps = attack.Steps, SearchSteps = attack.SearchSteps };
        AttackResult found = search.Run(
            network, clean, Criterion.Misclassified([action]), state.Random.Split("search").Split(state.Count));
        found.Adversarials.AsSpan<float>()[^x.Length..].CopyTo(x);
        Project(state, x);
        Gradients++;
    }

    private void Climb(GradientSign attack, Slot state, int length)
    {
        Span<float> x = state.Stack.AsSpan()[^length..];
        Tensor[] references = [];
        if (attack.RandomStart)
        {
            references = References(state, attack);
            Noise(state, x, isSign: false);
        }

        Array.Clear(state.Direction);
        for (int step = 0; step < attack.Steps; step++)
        {
            Gradient(attack, state, ref references);

            // g = mu g + grad / |grad|_1;  x = P(x + size * sign(g))
            ReadOnlySpan<float> gradient = state.Gradient.AsSpan()[^length..];
            float sum = System.Numerics.Tensors.TensorPrimitives.SumOfMagnitudes(gradient),
                scale = sum > 0 ? 1 / sum : 0;
            for (int i = 0; i < length; i++)
            {
                state.Direction[i] = (attack.Momentum * state.Direction[i]) + (scale * gradient[i]);
                x[i] += (float)attack.Size * Math.Sign(state.Direction[i]);
            }

            Project(state, x);
        }
    }

    private Tensor[] References(Slot state, GradientSign attack)
    {
        using var scope = new TensorScope();
        Tensor batch = Batch(state.Stack);
        return [.. _proxies.Select(proxy =>
            ProxyLoss.Reference(proxy.Goal, proxy.Network.Forward([batch], _pass)[0], attack.IsTargeted).Detach())];
    }

    /// <summary>
    /// Computes the gradient of the sum of all proxies' losses with respect to the stack. At the first step, the
    /// outputs for the clean stack are stored as the references of the losses.
    /// </summary>
    private void Gradient(GradientSign attack, Slot state, ref Tensor[] references)
    {
        using var tape = new GradientTape();
        Tensor input = tape.Watch(Batch(state.Stack));
        Tensor? loss = null;
        bool isFirst = references.Length == 0;
        var found = new Tensor[_proxies.Count];
        for (int i = 0; i < _proxies.Count; i++)
        {
            Tensor output = _proxies[i].Network.Forward([input], _pass)[0];
            found[i] =
                isFirst ? ProxyLoss.Reference(_proxies[i].Goal, output, attack.IsTargeted).Detach() : references[i];
            Tensor own = ProxyLoss.Of(_proxies[i].Goal, output, found[i], attack);
            loss = loss is null ? own : loss + own;
        }

        references = found;
        tape.Gradient(loss!, input).AsSpan<float>().CopyTo(state.Gradient);
        Gradients++;
    }

    private void Noise(Slot state, Span<float> x, bool isSign)
    {
        Span<float> draws = state.Gradient.AsSpan(0, x.Length);
        state.Random.Split("noise").FillUniform(draws, -1, 1, state.Count * x.Length);
        for (int i = 0; i < x.Length; i++)
        {
            x[i] += (float)_attack.Epsilon * (isSign ? (draws[i] < 0 ? -1 : 1) : draws[i]);
        }

        Project(state, x);
    }

    private void Project(Slot state, Span<float> x)
    {
        float epsilon = (float)_attack.Epsilon;
        for (int i = 0; i < x.Length; i++)
        {
            // A clean value outside the stream's bounds may only stay where it is or move toward the bounds.
            float clean = state.Clean[i], low = Math.Max(clean - epsilon, Math.Min(_stream.Minimum, clean)),
                high = Math.Min(clean + epsilon, Math.Max(_stream.Maximum, clean));
            x[i] = Math.Min(Math.Max(x[i], low), high);
        }
    }

    /// <summary>
    /// Rounds to the levels of the 8-bit channel, at most <c>Levels</c> levels away from the clean value.
    /// </summary>
    private void Round(Span<float> x, ReadOnlySpan<float> clean)
    {
        int room = _attack.Levels;
        for (int i = 0; i < x.Length; i++)
        {
            int unchanged = Level(clean[i]);
            x[i] = Math.Clamp(Level(x[i]), unchanged - room, unchanged + room) / 255f;
        }

        static int Level(float value) => (int)MathF.Round(Math.Clamp(value, 0, 1) * 255);
    }

    private Tensor Batch(float[] stack) => Tensor.From(stack, [1, .. _stream.StackShape.AsSpan()]);

    /// <summary>State of one stream: its stack of frames as the agent sees it, and buffers.</summary>
    private sealed class Slot(int length, RandomStream random)
    {
        internal RandomStream Random => random;

        internal float[] Stack { get; } = new float[length];

        internal float[] Clean { get; } = new float[length];

        internal float[] Gradient { get; } = new float[length];

        internal float[] Direction { get; } = new float[length];

        internal long Count { get; set; }
    }
}
