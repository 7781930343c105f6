using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>The update rule of an optimizer.</summary>
internal unsafe interface IStepRule
{
    /// <summary>
    /// Computes the update direction; the weights are decreased by it times the learning rate. Also updates the state
    /// at <paramref name="i"/>.
    /// </summary>
    T Change<T>(T gradient, in StepState state, int i)
        where T : unmanaged, ILanes<T>;
}

/// <summary>State arrays of a step; each rule defines their contents.</summary>
internal readonly unsafe struct StepState(float* a, float* b, float* c)
{
    internal readonly float* A = a;
    internal readonly float* B = b;
    internal readonly float* C = c;
}

/// <summary>SGD without momentum: the update is the gradient.</summary>
internal readonly struct SgdRule : IStepRule
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Change<T>(T gradient, in StepState state, int i)
        where T : unmanaged, ILanes<T> => gradient;
}

/// <summary>
/// SGD with momentum: v = momentum v + (1 - dampening) g; the update is v, or g + momentum v (Nesterov).
/// </summary>
/// <param name="momentum">Decay factor of the velocity v.</param>
/// <param name="take">1 - dampening; 1 in the first step.</param>
/// <param name="nesterov">Whether to use Nesterov momentum.</param>
internal readonly unsafe struct MomentumRule(float momentum, float take, bool nesterov) : IStepRule
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Change<T>(T gradient, in StepState state, int i)
        where T : unmanaged, ILanes<T>
    {
        T v = T.MultiplyAdd(T.Create(momentum), T.Load(state.A + i), T.Create(take) * gradient);
        v.Store(state.A + i);
        return nesterov ? T.MultiplyAdd(T.Create(momentum), v, gradient) : v;
    }
}

/// <summary>
/// Adam (Kingma, Ba, arXiv:1412.6980, algorithm 1): m and s are moving averages of g and g², with bias correction.
/// </summary>
/// <param name="beta1">Decay of m.</param>
/// <param name="beta2">Decay of s.</param>
/// <param name="epsilon">Added to the square root.</param>
/// <param name="correction1">1 / (1 - beta1^t)</param>
/// <param name="correction2">1 / sqrt(1 - beta2^t)</param>
internal readonly unsafe struct AdamRule(float beta1, float beta2, float epsilon, float correction1, float correction2)
    : IStepRule
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Change<T>(T gradient, in StepState state, int i)
        where T : unmanaged, ILanes<T>
    {
        T m = T.MultiplyAdd(T.Create(beta1), T.Load(state.A + i), T.Create(1 - beta1) * gradient);
        T s = T.MultiplyAdd(T.Create(beta2), T.Load(state.B + i), T.Create(1 - beta2) * gradient * gradient);
        m.Store(state.A + i);
        s.Store(state.B + i);
        return T.Create(correction1) * m / T.MultiplyAdd(T.Sqrt(s), T.Create(correction2), T.Create(epsilon));
    }
}

/// <summary>
/// Adadelta (Zeiler, arXiv:1212.5701): the update is sqrt(d + eps) / sqrt(s + eps) g, where s and d are moving averages
/// of g² and of the squared update.
/// </summary>
internal readonly unsafe struct AdadeltaRule(float rho, float epsilon) : IStepRule
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Change<T>(T gradient, in StepState state, int i)
        where T : unmanaged, ILanes<T>
    {
        T s = T.MultiplyAdd(T.Create(rho), T.Load(state.A + i), T.Create(1 - rho) * gradient * gradient);
        T d = T.Load(state.B + i);
        T change = T.Sqrt(d + T.Create(epsilon)) / T.Sqrt(s + T.Create(epsilon)) * gradient;
        s.Store(state.A + i);
        T.MultiplyAdd(T.Create(rho), d, T.Create(1 - rho) * change * change).Store(state.B + i);
        return change;
    }
}

/// <summary>
/// RMSprop (Hinton's lecture 6e): the update is g / (sqrt(s) + eps), where s is the moving average of g². If centered,
/// the squared moving average of g is subtracted from s. With momentum, the update goes through a velocity.
/// </summary>
internal readonly unsafe struct RmsPropRule(float alpha, float epsilon, float momentum, bool centered) : IStepRule
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Change<T>(T gradient, in StepState state, int i)
        where T : unmanaged, ILanes<T>
    {
        T s = T.MultiplyAdd(T.Create(alpha), T.Load(state.A + i), T.Create(1 - alpha) * gradient * gradient);
        s.Store(state.A + i);
        if (centered)
        {
            T mean = T.MultiplyAdd(T.Create(alpha), T.Load(state.B + i), T.Create(1 - alpha) * gradient);
            mean.Store(state.B + i);
            s = T.Max(s - (mean * mean), T.Zero);   // rounding may take it below zero
        }

        T change = gradient / (T.Sqrt(s) + T.Create(epsilon));
        if (momentum != 0)
        {
            change = T.MultiplyAdd(T.Create(momentum), T.Load(state.C + i), change);
            change.Store(state.C + i);
        }

        return change;
    }
}

/// <summary>
/// The part of a step that all rules share: gradient scaling, weight decay, the update, and the mask.
/// </summary>
internal readonly unsafe struct StepBody<TRule>(TRule rule) : ILaneBody
    where TRule : unmanaged, IStepRule
{
    internal float* Value { get; init; }

    internal float* Gradient { get; init; }

    internal float* Mask { get; init; }

    internal float* A { get; init; }

    internal float* B { get; init; }

    internal float* C { get; init; }

    internal float Rate { get; init; }

    internal float Scale { get; init; }

    internal float Decay { get; init; }

    internal float Shrink { get; init; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Invoke<T>(int i)
        where T : unmanaged, ILanes<T>
    {
        T w = T.Load(Value + i);
        T g = T.MultiplyAdd(T.Create(Decay), w, T.Create(Scale) * T.Load(Gradient + i));
        T change = rule.Change(g, new StepState(A, B, C), i);
        w = T.MultiplyAdd(T.Create(-Rate), change, T.Create(Shrink) * w);
        if (Mask != null)
        {
            // A masked weight stays zero whatever its gradient, including NaN.
            w = T.Select(T.AreEqual(T.Load(Mask + i), T.Zero), T.Zero, w);
        }

        w.Store(Value + i);
    }
}
