using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Snooping.Attacks;

/// <summary>Computes the perturbation of a frame, from the gradients of the proxies.</summary>
internal sealed class FramePerturbation(ObservationAttack attack, IReadOnlyList<Proxy> proxies, StreamInfo stream)
{
    private readonly Pass _pass = Pass.Evaluation.BatchInvariant();
    private readonly GradientSign? _toward = attack is GradientSign sign ? sign with { IsTargeted = true } : null;

    /// <summary>Number of gradient computations; <see cref="GuidedFrame"/> counts one per frame.</summary>
    internal long Gradients { get; private set; }

    /// <summary>Perturbs the newest <paramref name="length"/> values of the stack.</summary>
    /// <param name="state">The stream.</param>
    /// <param name="length">Number of values, one frame or the whole stack.</param>
    /// <param name="target">Action that the proxies are to predict; null: the attack's own goal.</param>
    internal void Apply(AttackedStream state, int length, long? target = null)
    {
        Span<float> x = state.Stack.AsSpan()[^length..];
        x.CopyTo(state.Clean);
        switch (attack)
        {
            case GradientSign when target is { } action:
                Climb(_toward!, state, length, [.. proxies.Select(_ => Tensor.From([action], [1]))]);
                break;
            case GradientSign gradient:
                Climb(gradient, state, length, []);
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
    /// Finds the smallest perturbation of <paramref name="x"/>, the newest values of the stack, that changes the first
    /// proxy's action; leaves them unchanged if none is found.
    /// </summary>
    private void Turn(GuidedFrame guided, AttackedStream state, Span<float> x)
    {
        using var scope = new TensorScope();
        Network network = proxies[0].Network;
        network = network.Outputs.Count > 1 ? network.WithOutputs(network.Outputs[0]) : network;
        long action = TensorPrimitives.IndexOfMax(network.Forward([Batch(state.Stack)], _pass)[0].AsSpan<float>());
        AttackTarget target = new NetworkTarget(network);
        if (x.Length < state.Stack.Length)
        {
            target = new NewestFrameTarget(target, state.Stack[..^x.Length], stream.FrameShape);
        }

        var search =
            new CarliniWagner { Guidance = Guidance.Weighted, Steps = guided.Steps, SearchSteps = guided.SearchSteps };
        AttackResult found = search.Run(
            target, Tensor.From(x, [1, .. target.SampleShape.AsSpan()]), Criterion.Misclassified([action]),
            state.Random.Split("search").Split(state.Count));
        found.Adversarials.AsSpan<float>().CopyTo(x);
        Project(state, x);
        Gradients++;
    }

    /// <param name="sign">The attack.</param>
    /// <param name="state">The stream.</param>
    /// <param name="length">Number of values to perturb.</param>
    /// <param name="references">
    /// Reference of each proxy's loss; empty: they are computed from the clean stack.
    /// </param>
    private void Climb(GradientSign sign, AttackedStream state, int length, Tensor[] references)
    {
        Span<float> x = state.Stack.AsSpan()[^length..];
        if (sign.RandomStart)
        {
            references = references.Length > 0 ? references : References(state, sign);
            Noise(state, x, isSign: false);
        }

        Array.Clear(state.Direction);
        for (int step = 0; step < sign.Steps; step++)
        {
            Gradient(sign, state, ref references);

            // g = mu g + grad / |grad|_1;  x = P(x + size * sign(g))
            ReadOnlySpan<float> gradient = state.Gradient.AsSpan()[^length..];
            float sum = TensorPrimitives.SumOfMagnitudes(gradient), scale = sum > 0 ? 1 / sum : 0;
            for (int i = 0; i < length; i++)
            {
                state.Direction[i] = (sign.Momentum * state.Direction[i]) + (scale * gradient[i]);
                x[i] += (float)sign.Size * Math.Sign(state.Direction[i]);
            }

            Project(state, x);
        }
    }

    private Tensor[] References(AttackedStream state, GradientSign sign)
    {
        using var scope = new TensorScope();
        Tensor batch = Batch(state.Stack);
        return [.. proxies.Select(proxy =>
            ProxyLoss.Reference(proxy.Goal, proxy.Network.Forward([batch], _pass)[0], sign.IsTargeted).Detach())];
    }

    /// <summary>
    /// Computes the gradient of the sum of all proxies' losses with respect to the stack. At the first step, the
    /// outputs for the clean stack are stored as the references of the losses.
    /// </summary>
    private void Gradient(GradientSign sign, AttackedStream state, ref Tensor[] references)
    {
        using var tape = new GradientTape();
        Tensor input = tape.Watch(Batch(state.Stack));
        Tensor? loss = null;
        bool isFirst = references.Length == 0;
        var found = new Tensor[proxies.Count];
        for (int i = 0; i < proxies.Count; i++)
        {
            Tensor output = proxies[i].Network.Forward([input], _pass)[0];
            found[i] = isFirst ? ProxyLoss.Reference(proxies[i].Goal, output, sign.IsTargeted).Detach() : references[i];
            Tensor own = ProxyLoss.Of(proxies[i].Goal, output, found[i], sign);
            loss = loss is null ? own : loss + own;
        }

        references = found;
        tape.Gradient(loss!, input).AsSpan<float>().CopyTo(state.Gradient);
        Gradients++;
    }

    private void Noise(AttackedStream state, Span<float> x, bool isSign)
    {
        Span<float> draws = state.Gradient.AsSpan(0, x.Length);
        state.Random.Split("noise").FillUniform(draws, -1, 1, state.Count * x.Length);
        for (int i = 0; i < x.Length; i++)
        {
            x[i] += (float)attack.Epsilon * (isSign ? (draws[i] < 0 ? -1 : 1) : draws[i]);
        }

        Project(state, x);
    }

    private void Project(AttackedStream state, Span<float> x)
    {
        float epsilon = (float)attack.Epsilon;
        for (int i = 0; i < x.Length; i++)
        {
            // A clean value outside the stream's bounds may only stay where it is or move toward the bounds.
            float clean = state.Clean[i], low = Math.Max(clean - epsilon, Math.Min(stream.Minimum, clean)),
                high = Math.Min(clean + epsilon, Math.Max(stream.Maximum, clean));
            x[i] = Math.Min(Math.Max(x[i], low), high);
        }
    }

    /// <summary>Returns the score of a timing rule for the stack, from the first proxy's output.</summary>
    internal double Score(AttackedStream state, TimingRule rule)
    {
        using var scope = new TensorScope();
        return AttackTiming.Score(rule, proxies[0].Network.Forward([Batch(state.Stack)], _pass)[0].AsSpan<float>());
    }

    private Tensor Batch(float[] stack) => Tensor.From(stack, [1, .. stream.StackShape.AsSpan()]);
}
