using System.Globalization;
using Temper.Randomness;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;

namespace Temper.Snooping.Attacks;

/// <summary>
/// Perturbs the observations that pass through a channel. It uses gradients of proxies only and never queries the agent
/// or the environment.
/// </summary>
/// <remarks>
/// Not thread-safe. The same observations in the same order give the same perturbations. Each slot is a separate stream
/// with its own stack of frames and its own threshold of the timing rule.
/// </remarks>
public sealed class ObservationAttacker
{
    private readonly ObservationAttack _attack;
    private readonly StreamInfo _stream;
    private readonly AttackTiming _timing;
    private readonly RandomStream _random;
    private readonly IReadOnlyList<Proxy> _proxies;
    private readonly FramePerturbation _perturbation;
    private readonly Dictionary<int, AttackedStream> _streams = [];

    /// <summary>Creates an attacker for the streams of one format.</summary>
    /// <param name="attack">The attack to apply.</param>
    /// <param name="proxies">Networks whose losses are summed; may be empty for noise.</param>
    /// <param name="stream">Format of the streams.</param>
    /// <param name="random">Source of random numbers.</param>
    /// <param name="timing">Which frames are attacked; null: every frame.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range, a proxy that the attack or the timing needs is missing, a proxy was made for another
    /// stream format, or an 8-bit channel cannot represent the stream's values.
    /// </exception>
    public ObservationAttacker(
        ObservationAttack attack, IReadOnlyList<Proxy> proxies, StreamInfo stream, RandomStream random,
        AttackTiming? timing = null)
    {
        attack.Validate();
        (_attack, _stream, _random, _timing) = (attack, stream, random, timing ?? AttackTiming.EveryFrame);
        _proxies = [.. proxies];
        RequireProxies(proxies);
        if (attack.Precision == ChannelPrecision.UInt8 && !(stream is { Minimum: >= 0, Maximum: <= 1 }))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"{attack.Name}: precision UInt8 requires observations between 0 and 1 (got {stream.Minimum} to "
                + $"{stream.Maximum}); set Precision to Float32"));
        }

        _perturbation = new FramePerturbation(attack, proxies, stream);
    }

    /// <summary>Number of frames that passed through the channel.</summary>
    public long Frames { get; private set; }

    /// <summary>
    /// Number of frames that the timing chose. The attack was applied to each of them, whether it changed it or not; 0
    /// if epsilon is 0.
    /// </summary>
    public long Chosen { get; private set; }

    /// <summary>
    /// Number of frames that the attack changed: the agent received other values than it would have received without an
    /// attack, that is, the clean values rounded as the channel rounds them. A chosen frame stays unchanged if <see
    /// cref="GuidedFrame"/> finds no perturbation, if the gradient is zero, or if rounding or the bounds of the stream
    /// undo every change.
    /// </summary>
    public long Attacked { get; private set; }

    /// <summary>Number of gradient computations; <see cref="GuidedFrame"/> counts one per chosen frame.</summary>
    public long Gradients => _perturbation.Gradients;

    /// <summary>Perturbs an observation in place.</summary>
    /// <param name="slot">Index of the stream, 0 or more.</param>
    /// <param name="observation">
    /// One frame, or the whole stack, depending on <see cref="ObservationAttack.Mode"/>. Replaced by the observation
    /// that the agent receives.
    /// </param>
    /// <param name="isFirst">True at the first observation of an episode.</param>
    /// <exception cref="ArgumentException">
    /// The slot is negative, or the observation has the wrong length or is not finite.
    /// </exception>
    public void Perturb(int slot, Span<float> observation, bool isFirst)
    {
        Require(slot, observation);
        Change(slot, observation, isFirst, target: null);
    }

    /// <summary>
    /// Perturbs an observation in place so that the proxies predict a given action. Used where something else decides
    /// what the agent shall do, such as a learned adversary.
    /// </summary>
    /// <param name="slot">Index of the stream, 0 or more.</param>
    /// <param name="observation">As in <see cref="Perturb"/>.</param>
    /// <param name="isFirst">True at the first observation of an episode.</param>
    /// <param name="action">Index of the action, an output of every proxy.</param>
    /// <exception cref="ArgumentException">
    /// The attack is not a <see cref="GradientSign"/>, a proxy does not predict actions, the action is out of range, or
    /// the slot or the observation is invalid.
    /// </exception>
    public void PerturbToward(int slot, Span<float> observation, bool isFirst, int action)
    {
        Require(slot, observation);
        RequireTarget(action);
        Change(slot, observation, isFirst, action);
    }

    private void Change(int slot, Span<float> observation, bool isFirst, long? target)
    {
        if (!_streams.TryGetValue(slot, out AttackedStream? state))
        {
            state = new AttackedStream(_stream.StackShape.Count, _random.Split(slot)) { Threshold = _timing.Threshold };
            _streams.Add(slot, state);
        }

        Push(state, observation, isFirst);
        Frames++;
        if (_attack.Epsilon > 0 && IsChosen(state))
        {
            Chosen++;
            _perturbation.Apply(state, observation.Length, target);
        }

        Span<float> changed = state.Stack.AsSpan()[^observation.Length..];
        bool isChanged = _attack.Precision == ChannelPrecision.UInt8
            ? Round(changed, observation)
            : !changed.SequenceEqual(observation);
        Attacked += isChanged ? 1 : 0;
        changed.CopyTo(observation);
        if (isFirst)
        {
            // An agent fills its stack with the first frame that it receives, which is the perturbed one.
            Push(state, observation, isFirst);
        }

        state.Count++;
    }

    /// <summary>Throws if the arguments do not fit, before they change the state of a stream.</summary>
    private void Require(int slot, ReadOnlySpan<float> observation)
    {
        if (slot < 0)
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"{_attack.Name}: the slot is out of range (got {slot}, "
                    + $"expected 0 or more); number the streams from 0"), nameof(slot));
        }

        int expected = _attack.Mode == StackMode.PerFrame ? _stream.FrameShape.Count : _stream.StackShape.Count;
        if (observation.Length != expected)
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"{_attack.Name}: the observation has the wrong length "
                    + $"(got {observation.Length}, expected {expected})"), nameof(observation));
        }

        FiniteValues.Require(_attack.Name, observation);
    }

    /// <summary>Throws if the attack cannot move toward an action.</summary>
    private void RequireTarget(int action)
    {
        if (_attack is not GradientSign || !_proxies.All(proxy => ProxyLoss.ActionsOf(proxy) > 0))
        {
            throw new ArgumentException($"{_attack.Name}: cannot move toward an action (got proxies of "
                + $"{string.Join(", ", _proxies.Select(proxy => proxy.Goal))}); use GradientSign with proxies that "
                + "predict actions");
        }

        int count = _proxies.Min(ProxyLoss.ActionsOf);
        if ((uint)action >= (uint)count)
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture,
                    $"{_attack.Name}: the action is out of range (got {action}, expected 0 to {count - 1})"),
                nameof(action));
        }
    }

    /// <summary>Throws if a proxy is missing or does not fit the attack, the timing or the stream.</summary>
    private void RequireProxies(IReadOnlyList<Proxy> proxies)
    {
        if (_attack is GradientSign or GuidedFrame && proxies.Count == 0)
        {
            throw new ArgumentException($"{_attack.Name}: needs at least one proxy");
        }

        if (_attack is GuidedFrame && (proxies[0].Goal != ProxyGoal.Classes
            || !float.IsFinite(_stream.Minimum) || !float.IsFinite(_stream.Maximum)))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"{_attack.Name}: needs a proxy that predicts actions alone and bounded observations (got "
                + $"{proxies[0].Goal}, {_stream.Minimum} to {_stream.Maximum})"));
        }

        if (proxies.FirstOrDefault(proxy => !proxy.Stream.StackShape.Equals(_stream.StackShape)) is { } other)
        {
            throw new ArgumentException(
                $"{_attack.Name}: the proxy {other.Task} was made for another stream format (got "
                + $"{other.Stream.StackShape}, expected {_stream.StackShape})");
        }

        if (_timing.IsScored)
        {
            AttackTiming.Require(proxies);
        }
    }

    private void Push(AttackedStream state, ReadOnlySpan<float> observation, bool isFirst)
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

    private bool IsChosen(AttackedStream state)
    {
        if (_timing.Rule == TimingRule.Every)
        {
            return true;
        }

        Span<float> draw = stackalloc float[1];
        state.Random.Split("timing").FillUniform(draw, 0, 1, state.Count);
        if (_timing.Rule == TimingRule.Random)
        {
            return draw[0] < _timing.Rate;
        }

        double score = _perturbation.Score(state, _timing.Rule);
        bool isChosen = score < state.Threshold || (score == state.Threshold && draw[0] < _timing.TieShare);
        state.Threshold += _timing.Step * (_timing.Rate - (isChosen ? 1 : 0));
        return isChosen;
    }

    /// <summary>
    /// Rounds to the levels of the 8-bit channel, at most <c>Levels</c> levels away from the clean value. Returns
    /// whether any level differs from that of the clean value.
    /// </summary>
    private bool Round(Span<float> x, ReadOnlySpan<float> clean)
    {
        int room = _attack.Levels;
        bool isChanged = false;
        for (int i = 0; i < x.Length; i++)
        {
            int unchanged = Level(clean[i]), level = Math.Clamp(Level(x[i]), unchanged - room, unchanged + room);
            isChanged |= level != unchanged;
            x[i] = level / 255f;
        }

        return isChanged;

        static int Level(float value) => (int)MathF.Round(Math.Clamp(value, 0, 1) * 255);
    }
}
