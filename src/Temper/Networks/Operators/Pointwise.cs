using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Elementwise functions without attributes; the names are those of ONNX.</summary>
public enum PointwiseFunction
{
    /// <summary>Absolute value; also for integers.</summary>
    Abs,

    /// <summary>Rounds up to an integer; the gradient is zero.</summary>
    Ceil,

    /// <summary>Error function.</summary>
    Erf,

    /// <summary>e to the power of x.</summary>
    Exp,

    /// <summary>Rounds down to an integer; the gradient is zero.</summary>
    Floor,

    /// <summary><c>x max(0, min(1, x / 6 + 1/2))</c>.</summary>
    HardSwish,

    /// <summary>Natural logarithm.</summary>
    Log,

    /// <summary><c>x tanh(softplus(x))</c>.</summary>
    Mish,

    /// <summary>Negation, <c>-x</c>; also for integers.</summary>
    Neg,

    /// <summary>Logical negation of Boolean values.</summary>
    Not,

    /// <summary><c>1 / x</c>.</summary>
    Reciprocal,

    /// <summary>Rounds to the nearest integer, and halfway cases to the even one; the gradient is zero.</summary>
    Round,

    /// <summary>Sign: -1, 0 or 1; also for integers. The gradient is zero.</summary>
    Sign,

    /// <summary><c>x / (1 + |x|)</c>.</summary>
    Softsign,

    /// <summary>Square root.</summary>
    Sqrt,

    /// <summary><c>x sigmoid(x)</c>, also called SiLU.</summary>
    Swish,
}

/// <summary>An elementwise function without attributes.</summary>
/// <param name="Function">The function to apply.</param>
public sealed record Pointwise(PointwiseFunction Function) : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => Function.ToString();

    /// <inheritdoc/>
    public override bool IsDifferentiable => Function is not PointwiseFunction.Not;

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) => Function switch
    {
        PointwiseFunction.Not => OperatorTypes.One(inputs, node, DType.Bool),
        PointwiseFunction.Abs or PointwiseFunction.Neg or PointwiseFunction.Sign =>
            OperatorTypes.One(inputs, node, OperatorTypes.Numbers),
        _ => base.InferDType(inputs, node),
    };

    internal override Tensor Forward(in NodeContext context)
    {
        Tensor x = context.X;
        return Function switch
        {
            PointwiseFunction.Abs => x.Abs(),
            PointwiseFunction.Ceil => x.Ceiling(),
            PointwiseFunction.Erf => x.Erf(),
            PointwiseFunction.Exp => x.Exp(),
            PointwiseFunction.Floor => x.Floor(),
            PointwiseFunction.HardSwish => x * x.Affine(1f / 6, 0.5f).Clamp(0, 1),
            PointwiseFunction.Log => x.Log(),
            PointwiseFunction.Mish => new UnaryOperation<MishFunction>(x).Apply(),
            PointwiseFunction.Neg => x.Negate(),
            PointwiseFunction.Not => x.Not(),
            PointwiseFunction.Reciprocal => x.Reciprocal(),
            PointwiseFunction.Round => x.Round(),
            PointwiseFunction.Sign => x.Sign(),
            PointwiseFunction.Softsign => new UnaryOperation<SoftsignFunction>(x).Apply(),
            PointwiseFunction.Sqrt => x.Sqrt(),
            _ => x * x.Sigmoid(),
        };
    }
}
